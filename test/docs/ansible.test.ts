import { requirePrograms } from '../e2e/harness/requirements.ts'
import { testPage } from './run-page.ts'

requirePrograms('ansible', 'ansible-playbook')

const SERVERS = ['web-server-01', 'web-server-02', 'db-server-01']

testPage({ page: 'ansible.md', machines: [...SERVERS, 'control'], nodes: SERVERS })
