import { optional, type Values, withDefault } from '../../../base/parameter.ts'
import { duration, text } from '../../../base/value-kind.ts'
import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockJson, targetText } from '../lock-view.ts'
import { timeText, toSeconds } from '../wire-values.ts'

const TARGET = 'What to lock, one of:'

const targetParameters = {
  bot: optional(text('NAME'), { help: 'a bot, with all its instances', group: TARGET }),
  instance: optional(text('UUID'), { help: 'one instance of a bot', group: TARGET }),
  node: optional(text('NAME'), { help: 'a node: nobody enters it', group: TARGET }),
  role: optional(text('NAME'), { help: 'a role: what it allows is void', group: TARGET }),
  login: optional(text('LOGIN'), { help: 'a login, on every node', group: TARGET }),
}

export const locksAdd = defineVerb({
  name: 'add',
  summary: 'lock a bot, an instance, a node, a role or a login',
  description:
    'Locks at once: within a second every node refuses the logins that the lock is about, within two the sessions that are open have ended, and a locked bot or instance neither joins nor renews. It holds until it is removed or expires.',
  parameters: {
    ...targetParameters,
    message: withDefault(text('TEXT'), () => '', { help: 'why, for those who look later' }),
    ttl: optional(duration, { help: 'how long', defaultText: 'until it is removed' }),
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    {
      command: 'mezctl locks add --bot=github-deploy --message="key seen in a log" --ttl=2h',
      does: 'keep a bot out for two hours',
    },
    {
      command: 'mezctl locks add --node=web-server-01 --message=maintenance',
      does: 'let nobody enter a node',
    },
    { command: 'mezctl locks add --login=root', does: 'close an account everywhere' },
  ],
  seeAlso: ['mezctl locks ls', 'mezctl locks rm', 'mezctl sessions ls'],
  async run(values, invocation) {
    const { message, ttl, format } = values
    const target = targetOf(values)
    const { lock } = await withHub(values, invocation, (hub, options) =>
      hub.locks.createLock(
        { target, message, ...(ttl !== undefined && { ttl: toSeconds(ttl) }) },
        options,
      ),
    )
    if (!lock) throw new Error('the hub sent no lock')
    const until = timeText(lock.expiresAt)
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ lock: lockJson(lock) })
        : printableLines([
            `Locked: ${targetText(lock)} (${until ? `until ${until}` : 'until it is unlocked'})`,
            `Unlock with: mezctl locks rm ${lock.id}`,
          ]),
    )
  },
})

/** @throws CliError `usage` unless there is exactly one */
function targetOf(values: Values<typeof targetParameters>) {
  const { bot, instance, node, role, login } = values
  const given = [
    ...(bot === undefined ? [] : [{ case: 'bot', value: bot } as const]),
    ...(instance === undefined ? [] : [{ case: 'instanceId', value: instance } as const]),
    ...(node === undefined ? [] : [{ case: 'node', value: node } as const]),
    ...(role === undefined ? [] : [{ case: 'role', value: role } as const]),
    ...(login === undefined ? [] : [{ case: 'login', value: login } as const]),
  ]
  const [target] = given
  if (target !== undefined && given.length === 1) return target
  const problem = target === undefined ? 'there is nothing to lock' : 'a lock has one target only'
  throw new CliError('usage', problem, {
    hint: 'give one of --bot, --instance, --node, --role and --login',
  })
}

function printableLines(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('')
}
