import { defineVerb } from '../verb.ts'
import { hubStartParameters } from './parameters.ts'

export const hubStart = defineVerb({
  name: 'start',
  summary: 'run the hub',
  description:
    'Runs the auth service until it is stopped. The first start makes the data directory, the embedded store in it and the three CAs. mezctl on this machine works at once, through a unix socket in the data directory. SIGTERM lets calls under way end first, SIGHUP reads the settings again.',
  parameters: hubStartParameters,
  configurable: true,
  longRunning: true,
  examples: [
    { command: 'mezhub start', does: 'run with the embedded store' },
    {
      command: 'mezhub start --store=postgres://mezite@db.example.com/mezite',
      does: 'keep everything in PostgreSQL, for one hub of several',
    },
    {
      command:
        'mezhub start --data-dir=/srv/mezite --public-addr=mezite.example.com:3025 --ca-key-passphrase-file=/etc/mezite/passphrase',
      does: 'run with sealed CA keys, and tell bots where it is',
    },
  ],
  seeAlso: ['mezhub config check', 'mezctl status', 'mezctl bots add'],
  async run(values, invocation, { readAgain }) {
    const { runHub } = await import('./run-hub.ts')
    await runHub(values, invocation, readAgain)
  },
})
