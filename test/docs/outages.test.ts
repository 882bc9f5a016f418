import { testPage } from './run-page.ts'

testPage({ page: 'outages.md', machines: ['control'], nodes: [] })
