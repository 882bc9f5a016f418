import { defineVerb } from '../../verb.ts'
import { identityStartParameters } from './parameters.ts'

export const identityStart = defineVerb({
  name: 'start',
  summary: 'join once, then keep certificates fresh',
  description:
    'Joins with a one-time token, writes an SSH key and certificate to the destination, and renews them until it is stopped. Started again it goes on where it was, and needs no token. With --one-shot it joins, writes the files and exits, for short-lived CI jobs. SIGHUP reads the settings again and renews, SIGUSR1 renews.',
  parameters: identityStartParameters,
  configurable: true,
  longRunning: true,
  examples: [
    {
      command:
        'mezd identity start --auth-server=mezite.example.com:3025 --join-token=TOKEN --destination=/var/lib/mezite/identity/certs --renewal-interval=30m',
      does: 'keep certificates fresh',
    },
    {
      command:
        'mezd identity start --auth-server=mezite.example.com:3025 --join-token-file=token --destination=/tmp/mezite-certs --one-shot',
      does: 'bootstrap once and exit',
    },
  ],
  seeAlso: ['mezd identity status', 'mezd identity config check', 'mezctl bots add', 'msh ssh'],
  async run(values, invocation, { readAgain }) {
    const { startDaemon, startOneShot } = await import('./run-identity.ts')
    if (values.oneShot) await startOneShot(values, invocation)
    else await startDaemon(values, invocation, readAgain)
  },
})
