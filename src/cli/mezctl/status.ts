import type { AuditState, Authority, GetStatusResponse } from '../../gen/mezite/v1/admin_pb.js'
import { formatJson, formatParameter } from '../output-format.ts'
import { type Column, formatDetails, formatTable, hasStyles } from '../table.ts'
import { defineVerb } from '../verb.ts'
import { authorityJson } from './ca/view.ts'
import { hubParameters, withHub } from './connection.ts'
import { counted, timeText } from './wire-values.ts'

export const status = defineVerb({
  name: 'status',
  summary: 'show the hub at a glance',
  description:
    'Shows whether the hub answers, its version and address, what it holds, its CAs with their fingerprints, and who it takes you for.',
  parameters: { ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl status', does: "on the hub's machine" },
    { command: 'mezctl status --identity-file alice.mezite', does: 'from elsewhere' },
  ],
  seeAlso: ['mezctl ca export', 'mezctl audit ls'],
  async run(values, invocation) {
    const answer = await withHub(values, invocation, (hub, options) =>
      hub.status.getStatus({}, options),
    )
    const { stdout, env } = invocation
    const bold = hasStyles(stdout, env)
    stdout.write(
      values.format === 'json' ? formatJson(statusJson(answer)) : statusText(answer, bold),
    )
  },
})

function statusJson(answer: GetStatusResponse) {
  return {
    version: answer.version,
    cluster_id: answer.clusterId,
    address: answer.publicAddress,
    store: answer.store,
    started_at: timeText(answer.startedAt),
    hub_time: timeText(answer.hubTime),
    bots: Number(answer.bots),
    instances: Number(answer.instances),
    nodes: Number(answer.nodes),
    nodes_online: Number(answer.nodesOnline),
    sessions: Number(answer.sessions),
    roles: Number(answer.roles),
    locks: Number(answer.locks),
    audit_events: Number(answer.auditEvents),
    audit: auditJson(answer.audit),
    caller: answer.caller,
    authorities: answer.authorities.map(authorityJson),
  }
}

function auditJson(audit: AuditState | undefined) {
  return {
    signed_through: Number(audit?.signedThrough ?? 0),
    signed_at: timeText(audit?.signedAt),
    damage: audit?.damage || null,
    sink: audit?.sink || null,
    sink_problem: audit?.sinkProblem || null,
    sink_behind: Number(audit?.sinkBehind ?? 0),
  }
}

function auditText({ auditEvents, audit }: GetStatusResponse): string {
  if (audit?.damage) return `${auditEvents}; damaged: ${audit.damage}`
  const signedAt = timeText(audit?.signedAt)
  return signedAt === null
    ? String(auditEvents)
    : `${auditEvents}, signed up to ${audit?.signedThrough} at ${signedAt}`
}

function sinkText(audit: AuditState | undefined): string {
  if (!audit?.sink) return ''
  const { sink, sinkProblem, sinkBehind } = audit
  return sinkProblem ? `${sink}, ${counted(sinkBehind, 'event')} behind: ${sinkProblem}` : sink
}

const CA_COLUMNS: readonly Column<Authority>[] = [
  { header: 'CA', cell: ({ type }) => type },
  { header: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
  { header: 'CREATED', cell: ({ createdAt }) => timeText(createdAt) ?? '' },
]

function statusText(answer: GetStatusResponse, bold: boolean): string {
  const details = formatDetails([
    ['Hub', answer.publicAddress],
    ['Version', answer.version],
    ['Cluster', answer.clusterId],
    ['Store', answer.store],
    ['Started', timeText(answer.startedAt) ?? ''],
    ['Time', timeText(answer.hubTime) ?? ''],
    ['Bots', `${answer.bots} with ${answer.instances} instances`],
    ['Nodes', `${answer.nodes}, ${answer.nodesOnline} of them online`],
    ['Sessions', String(answer.sessions)],
    ['Roles', String(answer.roles)],
    ['Locks', String(answer.locks)],
    ['Audit events', auditText(answer)],
    ['Audit sink', sinkText(answer.audit)],
    ['You are', answer.caller],
  ])
  return `${details}\n${formatTable(CA_COLUMNS, answer.authorities, { bold })}`
}
