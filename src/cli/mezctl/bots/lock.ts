import { optional, withDefault } from '../../../base/parameter.ts'
import { duration, text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockJson } from '../lock-view.ts'
import { timeText, toSeconds } from '../wire-values.ts'
import { nameParameter } from './parameters.ts'

export const botsLock = defineVerb({
  name: 'lock',
  summary: 'lock a bot out at once',
  description:
    'Locks a bot: none of its instances can log in, join or renew until it is unlocked or the lock expires, and its sessions end. For a machine that may be compromised; mezctl locks add locks more than bots.',
  parameters: {
    ...nameParameter,
    message: withDefault(text('TEXT'), () => '', { help: 'why, for those who look later' }),
    ttl: optional(duration, { help: 'how long', defaultText: 'until it is unlocked' }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    {
      command: 'mezctl bots lock github-deploy --message="key seen in a log" --ttl=2h',
      does: 'for two hours',
    },
  ],
  seeAlso: ['mezctl bots unlock', 'mezctl locks add', 'mezctl locks ls'],
  async run(values, invocation) {
    const { name, message, ttl, format } = values
    const { lock } = await withHub(values, invocation, (hub, options) =>
      hub.bots.lockBot(
        { name, message, ...(ttl !== undefined && { ttl: toSeconds(ttl) }) },
        options,
      ),
    )
    const expires = timeText(lock?.expiresAt)
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ lock: lock ? lockJson(lock) : null })
        : `Bot locked: ${printable(name)} (${expires ? `until ${expires}` : 'until it is unlocked'})\n`,
    )
  },
})
