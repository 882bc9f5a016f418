import { defineVerb } from '../../verb.ts'
import { nodeStartParameters } from './parameters.ts'

export const nodeStart = defineVerb({
  name: 'start',
  summary: 'join once, then keep sshd as the roles have it',
  description:
    "Joins with a token, adds a drop-in to sshd's configuration, and keeps the files that it names up to date until it is stopped: logins that were granted go on while it is away. Started again it goes on where it was, and needs no token. Existing host keys, accounts, keys and settings stay untouched. Runs as root. SIGHUP reads the settings again and renews, SIGUSR1 renews.",
  parameters: nodeStartParameters,
  configurable: true,
  longRunning: true,
  examples: [
    {
      command:
        'mezd node start --auth-server=mezite.example.com:3025 --join-token=TOKEN --labels=env=staging,tier=web',
      does: 'make this machine a node',
    },
    {
      command: 'mezd node start --config /etc/mezite/node.yaml --join-token-file=token --strict',
      does: 'the same from a file, closing by itself when the hub is out of reach',
    },
  ],
  seeAlso: ['mezd node status', 'mezd node leave', 'mezctl tokens create', 'mezctl nodes show'],
  async run(values, invocation, { readAgain }) {
    const { startNode } = await import('./run-node.ts')
    await startNode(values, invocation, readAgain)
  },
})
