import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockJson } from '../lock-view.ts'
import { counted } from '../wire-values.ts'
import { nameParameter } from './parameters.ts'

export const botsUnlock = defineVerb({
  name: 'unlock',
  summary: 'remove the locks on a bot and its instances',
  description:
    'Removes every lock on a bot and on its instances. An instance that the hub locked because its credential was used twice should be understood first: see the audit log.',
  parameters: { ...nameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl bots unlock github-deploy', does: 'let it in again' }],
  seeAlso: ['mezctl bots lock', 'mezctl locks ls', 'mezctl audit ls --outcome refused'],
  async run(values, invocation) {
    const { name, format } = values
    const { removed } = await withHub(values, invocation, (hub, options) =>
      hub.bots.unlockBot({ name }, options),
    )
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ removed: removed.map(lockJson) })
        : `Bot unlocked: ${printable(name)} (${counted(removed.length, 'lock')} removed)\n`,
    )
  },
})
