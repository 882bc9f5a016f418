import { testPage } from './run-page.ts'

testPage({ page: 'concepts.md', machines: ['web-server-01', 'control'], nodes: ['web-server-01'] })
