import { SECOND } from '../../../base/clock.ts'
import { type Values, withDefault } from '../../../base/parameter.ts'
import { boolean, duration, integer } from '../../../base/value-kind.ts'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { formatParameter } from '../../output-format.ts'
import { hasStyles } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { type HubValues, hubParameters, withHub } from '../connection.ts'

const parameters = {
  interval: withDefault(duration, '2s', { help: 'how often to look; at least 1s' }),
  limit: withDefault(integer(1, 200), '50', { help: 'rows of each list' }),
  once: withDefault(boolean, 'false', { help: 'look once, print it and end' }),
}

type TopValues = Values<typeof parameters> & HubValues

const SHORTEST = SECOND

export const top = defineVerb({
  name: 'top',
  summary: 'watch renewals, failures, sessions and locks live',
  description:
    'Shows on the whole terminal what goes on, every two seconds: who is late to renew and who is next, what was refused, who is in, what is locked, and how much happened in the last minute. q quits, tab and the arrows choose a list and scroll in it. It goes on over a restart of the hub. In a script, --once prints it once, and --format json a JSON document on a line for each look. A look costs the hub seven small calls, however many bots it has.',
  parameters: { ...parameters, ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl top', does: 'watch' },
    { command: 'mezctl top --once', does: 'one look, for a pipe or a report' },
    {
      command: `mezctl top --once --format json | jq .last_minute.refused`,
      does: 'how much was refused in the last minute',
    },
  ],
  seeAlso: ['mezctl certs ls', 'mezctl status', 'mezctl audit ls'],
  async run(values, invocation) {
    if (values.interval < SHORTEST) {
      throw new CliError('usage', 'an --interval below 1s asks too much of the hub', {
        hint: 'give 1s or more',
      })
    }
    if (values.once) await once(values, invocation)
    else if (values.format === 'json') await stream(values, invocation)
    else await show(values, invocation)
  },
})

async function once(
  values: TopValues & { readonly format: 'text' | 'json' },
  invocation: Invocation,
): Promise<void> {
  const { takeSnapshot } = await import('./snapshot.ts')
  const { activityOf, look, NOTHING_SEEN } = await import('./activity.ts')
  const { formatOnce, timeOf } = await import('./frame.ts')
  const snapshot = await withHub(values, invocation, (hub, options) =>
    takeSnapshot(hub, values.limit, options),
  )
  const seen = look(NOTHING_SEEN, snapshot.events, timeOf(snapshot))
  const contents = { snapshot, activity: activityOf(seen) }
  if (values.format === 'text') {
    invocation.stdout.write(formatOnce(contents))
  } else {
    const { topJson } = await import('./json.ts')
    invocation.stdout.write(`${JSON.stringify(topJson(contents))}\n`)
  }
}

async function stream(values: TopValues, invocation: Invocation): Promise<void> {
  const { watch } = await import('./watch.ts')
  const { topJson } = await import('./json.ts')
  const { stdout, stderr, signal } = invocation
  await watch(
    {
      ...values,
      signal,
      onContents(contents) {
        if (contents.problem !== undefined) stderr.write(`${contents.problem}\n`)
        else stdout.write(`${JSON.stringify(topJson(contents))}\n`)
      },
      isOver: () => stdout.isClosed,
    },
    invocation,
  )
}

async function show(values: TopValues, invocation: Invocation): Promise<void> {
  const { stdout, stdin, env, signal } = invocation
  if (!stdout.isTerminal || stdin.isTTY !== true || env['TERM'] === 'dumb') {
    throw new CliError('usage', 'this is no terminal that can be drawn on', {
      hint: 'look once with --once, or take a line for each look with --format json',
    })
  }
  const { showLive } = await import('./live.ts')
  await showLive({ ...values, styles: hasStyles(stdout, env), signal }, invocation)
}
