import { testPage } from './run-page.ts'

testPage({ page: 'audit.md', machines: [], nodes: [] })
