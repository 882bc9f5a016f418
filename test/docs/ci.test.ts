import { testPage } from './run-page.ts'
import { runWorkflow } from './workflow.ts'

testPage({
  page: 'ci.md',
  machines: ['web-server-01', 'runner'],
  nodes: ['web-server-01'],
  async onFile({ machine, path, content }, world, samples) {
    if (!path.startsWith('.github/')) return
    // As the page has it: the secret holds the token that was printed first.
    const token = samples.get('tok-bot-a1b2c3d4e5f6') ?? ''
    await runWorkflow(content, world.machine(machine), { MEZITE_BOT_TOKEN: token })
  },
})
