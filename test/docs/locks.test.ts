import { testPage } from './run-page.ts'

const SERVERS = ['web-server-01', 'web-server-02']

testPage({ page: 'locks.md', machines: [...SERVERS, 'control'], nodes: SERVERS })
