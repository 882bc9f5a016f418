import { testPage } from './run-page.ts'

testPage({ page: 'services.md', machines: ['monitor'], nodes: [] })
