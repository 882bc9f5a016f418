import { testPage } from './run-page.ts'

testPage({ page: 'ca.md', machines: [], nodes: [] })
