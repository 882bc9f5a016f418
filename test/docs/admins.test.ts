import { testPage } from './run-page.ts'

testPage({ page: 'admins.md', machines: [], nodes: [] })
