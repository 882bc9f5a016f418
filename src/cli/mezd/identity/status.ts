import { formatTime } from '../../../base/clock.ts'
import { systemFileSystem } from '../../../base/file-system.ts'
import { optional } from '../../../base/parameter.ts'
import { directory } from '../../../base/value-kind.ts'
import type { HookState } from '../../../identity/hook-state.ts'
import type { IdentityStatus } from '../../../identity/status.ts'
import { becomeOwnerOf } from '../../as-owner.ts'
import { EXIT } from '../../exit-codes.ts'
import { ExitStatus } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { formatDetails } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { destinationParameter } from './destination-parameter.ts'

export const identityStatus = defineVerb({
  name: 'status',
  summary: 'show what is published, and whether it is kept fresh',
  description:
    'Shows the certificate in a destination, the identity behind it and the daemon that renews it. Exits with 7 when something is wrong: an expired certificate, a daemon that stopped, renewals that fail.',
  parameters: {
    destination: destinationParameter,
    stateDir: optional(directory, {
      help: 'directory of the renewable credential',
      env: 'MEZITE_STATE_DIR',
      defaultText: '.state in the destination',
    }),
    ...formatParameter,
  },
  examples: [
    {
      command: 'mezd identity status --destination=/var/lib/mezite/identity/certs',
      does: 'is it fresh?',
    },
  ],
  seeAlso: ['mezd identity start', 'msh ls'],
  async run({ destination, stateDir, format }, { clock, stdout, uid }) {
    await becomeOwnerOf(destination, uid)
    if (stateDir !== undefined) await becomeOwnerOf(stateDir, process.geteuid?.() ?? uid)
    const { readStatus } = await import('../../../identity/status.ts')
    const status = await readStatus(
      { fs: systemFileSystem, clock },
      { destination, stateDirectory: stateDir },
    )
    stdout.write(format === 'json' ? formatJson(statusJson(status)) : statusText(status))
    if (status.problems.length > 0) throw new ExitStatus(EXIT.localState)
  },
})

function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : formatTime(milliseconds)
}

function statusJson(status: IdentityStatus) {
  const { certificate, hook } = status
  return {
    destination: status.destination,
    state_directory: status.stateDirectory,
    bot: status.bot,
    instance_id: status.instanceId,
    generation: status.generation,
    hub: status.hub,
    certificate: certificate && {
      serial: certificate.serial,
      key_id: certificate.keyId,
      principals: certificate.principals,
      valid_after: time(certificate.validAfter),
      valid_before: time(certificate.validBefore),
    },
    identity_expires_at: time(status.identityEndsAt),
    next_renewal_at: time(status.nextRenewalAt),
    held_by: status.heldBy,
    ready: status.ready,
    hook: hook && {
      serial: String(hook.serial),
      ran_at: time(hook.at),
      failures: hook.failures,
      failure: hook.failure ?? null,
    },
    healthy: status.problems.length === 0,
    problems: status.problems,
  }
}

function statusText(status: IdentityStatus): string {
  const { certificate, hook } = status
  const details = formatDetails(
    [
      ['Bot', status.bot],
      ['Instance', status.instanceId],
      ['Generation', status.generation],
      ['Hub', status.hub],
      ['Principals', certificate?.principals.join(', ')],
      ['Certificate', certificate && `valid until ${time(certificate.validBefore)}`],
      ['Serial', certificate?.serial],
      ['Identity', status.identityEndsAt && `renewable until ${time(status.identityEndsAt)}`],
      ['Next renewal', time(status.nextRenewalAt)],
      ['Last command', hook && lastCommand(hook)],
      ['Kept fresh by', status.heldBy ?? 'nobody'],
      ['Destination', status.destination],
    ].map(([label, value]) => [String(label), value === undefined ? undefined : String(value)]),
  )
  const problems = status.problems.map(({ message }) => `problem: ${message}\n`).join('')
  return details + problems
}

function lastCommand({ at, failure, failures }: HookState): string {
  const when = time(at)
  return failure === undefined ? `succeeded at ${when}` : `failed at ${when}, try ${failures}`
}
