import { requirePrograms } from '../e2e/harness/requirements.ts'
import { testPage } from './run-page.ts'

requirePrograms('promtool', 'curl')
testPage({ page: 'metrics.md', machines: [], nodes: [] })
