import { testPage } from './run-page.ts'

testPage({ page: 'start.md', machines: ['web-server-01', 'control'], nodes: [] })
