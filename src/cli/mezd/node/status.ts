import { formatTime } from '../../../base/clock.ts'
import { systemFileSystem } from '../../../base/file-system.ts'
import type { NodeStatus } from '../../../node/status.ts'
import { EXIT } from '../../exit-codes.ts'
import { ExitStatus } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { formatDetails } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { nodeDirectories, nodeStateParameters } from './parameters.ts'

export const nodeStatus = defineVerb({
  name: 'status',
  summary: 'show whether this node is kept up to date',
  description:
    'Shows the node, its certificates, whether its agent runs and is in touch with the hub, the logins that somebody may enter as, and what has yet to be reported. Exits with 7 when something is wrong: an agent that stopped, a hub out of reach, a certificate that expired.',
  parameters: { ...nodeStateParameters, ...formatParameter },
  examples: [{ command: 'mezd node status', does: 'is it up to date?' }],
  seeAlso: ['mezd node start', 'mezctl nodes show', 'mezctl sessions ls'],
  async run(values, { clock, stdout }) {
    const { readNodeStatus } = await import('../../../node/status.ts')
    const status = await readNodeStatus({ fs: systemFileSystem, clock }, nodeDirectories(values))
    stdout.write(values.format === 'json' ? formatJson(statusJson(status)) : statusText(status))
    if (status.problems.length > 0) throw new ExitStatus(EXIT.localState)
  },
})

function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : formatTime(milliseconds)
}

function statusJson(status: NodeStatus) {
  const { connection } = status
  return {
    state_directory: status.stateDirectory,
    node: status.name ?? null,
    instance_id: status.instanceId ?? null,
    generation: status.generation ?? null,
    hub: status.hub ?? null,
    connection: connection?.state ?? null,
    connection_since: time(connection?.since) ?? null,
    identity_expires_at: time(status.identityEndsAt) ?? null,
    host_certificate_expires_at: time(status.hostCertificateEndsAt) ?? null,
    host_certificate_principals: status.hostCertificatePrincipals,
    next_renewal_at: time(status.nextRenewalAt) ?? null,
    applied_in_ms: status.appliedInMs ?? null,
    logins: status.logins,
    sessions: status.sessions,
    unreported_events: status.unreportedEvents,
    held_by: status.heldBy ?? null,
    healthy: status.problems.length === 0,
    problems: status.problems,
  }
}

function statusText(status: NodeStatus): string {
  const { connection, hostCertificateEndsAt, identityEndsAt } = status
  const isJoined = status.name !== undefined
  const details = formatDetails(
    [
      ['Node', status.name],
      ['Instance', status.instanceId],
      ['Generation', status.generation],
      ['Hub', status.hub],
      ['In touch', connection && CONNECTION[connection.state](time(connection.since) ?? '')],
      ['Host certificate', hostCertificateEndsAt && `until ${time(hostCertificateEndsAt)}`],
      ['Known as', status.hostCertificatePrincipals.join(', ')],
      ['Identity', identityEndsAt && `renewable until ${time(identityEndsAt)}`],
      ['Next renewal', time(status.nextRenewalAt)],
      ['Logins', isJoined ? status.logins.join(', ') || 'none' : undefined],
      ['Sessions', isJoined ? String(status.sessions) : undefined],
      ['Not yet reported', status.unreportedEvents > 0 ? `${status.unreportedEvents}` : undefined],
      ['Kept by', status.heldBy ?? 'nobody'],
      ['State', status.stateDirectory],
    ].map(([label, value]) => [String(label), value === undefined ? undefined : String(value)]),
  )
  const problems = status.problems.map(({ message }) => `problem: ${printable(message)}\n`).join('')
  return details + problems
}

const CONNECTION = {
  fresh: (since: string) => `since ${since}`,
  stale: (since: string) => `no, since ${since}`,
} as const
