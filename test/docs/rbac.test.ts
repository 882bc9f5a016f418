import { testPage } from './run-page.ts'

const SERVERS = ['web-server-01', 'web-server-02', 'db-server-01']

testPage({ page: 'rbac.md', machines: SERVERS, nodes: SERVERS })
