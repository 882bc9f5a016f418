import { requirePrograms } from '../e2e/harness/requirements.ts'
import { testPage } from './run-page.ts'

requirePrograms('curl')
testPage({ page: 'limits.md', machines: [], nodes: [] })
