import { testPage } from './run-page.ts'

testPage({
  page: 'nodes.md',
  machines: ['web-server-01', 'db-server-01', 'old-server', 'control'],
  nodes: [],
})
