import { formatTime } from '../../../base/clock.ts'
import { optional, type Values } from '../../../base/parameter.ts'
import { file, fileOrStandard } from '../../../base/value-kind.ts'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { formatDetails } from '../../table.ts'
import { readTextFile } from '../../text-file.ts'
import { defineVerb } from '../../verb.ts'
import { type HubValues, hubParameters } from '../connection.ts'
import { counted } from '../wire-values.ts'

const parameters = {
  file: optional(fileOrStandard, {
    help: 'what mezctl audit export or the sink of the hub has written, - for standard input',
    defaultText: "the hub's own log",
  }),
  publicKey: optional(file, {
    help: 'the key that must have signed it, as mezctl audit key prints it; a file needs it',
  }),
  checkpoint: optional(fileOrStandard, {
    help: 'a checkpoint that was kept elsewhere: the log must contain what it says',
  }),
}

export type VerifyValues = Values<typeof parameters> & HubValues

/** What has passed. Times in milliseconds. */
export interface Passed {
  readonly begins: string
  readonly first: number
  readonly last: number
  readonly events: number
  readonly checkpoints: number
  readonly signedThrough: number
  readonly signedAt: number | undefined
}

export const auditVerify = defineVerb({
  name: 'verify',
  summary: 'prove that the audit log is as the hub wrote it',
  description:
    'Follows the chain of hashes from the first event to the last and checks every signature of the hub, in an exported file or in the hub itself. It finds any event that was altered, removed, put in or moved, names the first one, and ends with exit code 8. Whoever could write to the store and cuts off its end leaves a log that passes: against that, compare with a checkpoint that was kept elsewhere.',
  parameters: { ...parameters, ...formatParameter, ...hubParameters },
  positional: ['file'],
  examples: [
    { command: 'mezctl audit verify', does: "the hub's own log" },
    {
      command: 'mezctl audit verify audit.jsonl --public-key mezite-audit.pub',
      does: 'an export, on any machine',
    },
    {
      command: 'mezctl audit verify --checkpoint checkpoint.txt --public-key mezite-audit.pub',
      does: 'trust nothing that the hub says of itself',
    },
  ],
  seeAlso: ['mezctl audit export', 'mezctl audit key', 'mezctl audit checkpoint'],
  async run(values, invocation) {
    const passed = await verify(values, invocation)
    const { format } = values
    invocation.stdout.write(format === 'json' ? formatJson(passedJson(passed)) : textOf(passed))
  },
})

async function verify(values: VerifyValues, invocation: Invocation): Promise<Passed> {
  const held =
    values.checkpoint === undefined ? undefined : await readTextFile(values.checkpoint, invocation)
  if (values.file === undefined) {
    const { verifyHub } = await import('./verify-hub.ts')
    return verifyHub(values, held, invocation)
  }
  if (values.publicKey === undefined) {
    throw new CliError('usage', 'a file is verified with the public key of its hub', {
      hint: 'mezctl audit key prints it: mezctl audit verify FILE --public-key KEYFILE',
    })
  }
  const { verifyFile } = await import('./verify-file.ts')
  return verifyFile(values.file, values.publicKey, held, invocation)
}

const BEGINNINGS: Readonly<Record<string, string>> = {
  'at-first-event': 'with the first event',
  'at-anchor': 'where the hub has pruned it',
  within: 'within the log, after event',
}

function textOf(passed: Passed): string {
  const { begins, first, last, events, signedThrough, signedAt } = passed
  const unsigned = last - Math.max(signedThrough, first - 1)
  const details = formatDetails([
    ['Events', events === 0 ? '0' : `${events}, ${first} to ${last}`],
    ['Begins', `${BEGINNINGS[begins] ?? begins}${begins === 'within' ? ` ${first - 1}` : ''}`],
    [
      'Signed',
      signedAt === undefined ? 'nothing' : `up to ${signedThrough}, at ${formatTime(signedAt)}`,
    ],
    ...(unsigned > 0 ? [['Not signed yet', counted(unsigned, 'event')] as const] : []),
  ])
  return `The audit log is as the hub wrote it.\n\n${details}`
}

function passedJson({ signedThrough, signedAt, ...passed }: Passed) {
  return {
    valid: true,
    ...passed,
    signed_through: signedThrough,
    signed_at: signedAt === undefined ? null : formatTime(signedAt),
  }
}
