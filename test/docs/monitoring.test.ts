import { testPage } from './run-page.ts'

testPage({
  page: 'monitoring.md',
  machines: ['web-server-01', 'web-server-02', 'db-server-01', 'monitor'],
  nodes: ['web-server-01', 'web-server-02', 'db-server-01'],
})
