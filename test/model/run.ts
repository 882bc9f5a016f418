/** `npm run model`: the scopes, for bots and nodes each, explored and counted. See docs/decisions/0014. */
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/base/clock.ts'
import { formatCounterexample } from './explore.ts'
import { ModelHub } from './hub.ts'
import { exploreScope, SCOPES } from './scopes.ts'

const USAGE = `Usage: npm run model -- [options]

Explores joins and renewals: whatever can happen within a scope happens, in every order. Prints what was
explored, and the shortest way to anything that must not be.

  --depth N     N more of everything that may go wrong, and N more renewals (default 0; from 1 on it takes
                minutes and gigabytes for a scope: choose some with --scope)
  --scope TEXT  the scopes whose names have this in them
  --kind KIND   bot or node alone

Scopes:
${SCOPES.map(({ name }) => `  ${name}`).join('\n')}
`

const { values } = parseArgs({
  options: {
    depth: { type: 'string', default: '0' },
    scope: { type: 'string', default: '' },
    kind: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function run(): Promise<boolean> {
  const scopes = SCOPES.filter(({ name }) => name.includes(values.scope))
  const kinds = (['bot', 'node'] as const).filter((kind) => kind === (values.kind ?? kind))
  if (scopes.length === 0 || kinds.length === 0 || !/^\d+$/.test(values.depth)) {
    process.stderr.write(USAGE)
    return false
  }
  let holds = true
  for (const kind of kinds) {
    await using hub = await ModelHub.open(kind)
    for (const scope of scopes) {
      const start = systemClock.monotonic()
      const found = await exploreScope(scope, hub, {}, Number(values.depth))
      const { states, steps, depth, counterexample } = found
      const seconds = ((systemClock.monotonic() - start) / 1000).toFixed(1)
      const counts = `${states} states, ${steps} steps, ${depth} deep, ${seconds} s`
      process.stdout.write(`${kind}: ${scope.name}: ${counts}\n`)
      if (counterexample === undefined) continue
      holds = false
      process.stdout.write(`${formatCounterexample(counterexample)}\n`)
    }
    process.stdout.write(`${kind}: ${hub.acts} different acts of the hub\n`)
  }
  return holds
}

if (values.help) process.stdout.write(USAGE)
else process.exitCode = (await run()) ? 0 : 1
