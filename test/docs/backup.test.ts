import { testPage } from './run-page.ts'

testPage({ page: 'backup.md', machines: ['control'], nodes: [] })
