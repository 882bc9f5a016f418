import type { Node } from '../../../gen/mezite/v1/node_pb.js'
import type { Listing } from '../listing.ts'
import { lockJson } from '../lock-view.ts'
import { readmissionJson } from '../readmission-view.ts'
import { timeText } from '../wire-values.ts'

type Labels = Readonly<Record<string, string>>

export function nodeJson(node: Node) {
  return {
    name: node.name,
    labels: sorted(node.labels),
    hosts: node.hosts,
    port: node.port,
    state: node.state,
    joined_at: timeText(node.joinedAt),
    last_seen: timeText(node.lastSeen),
    client_version: node.clientVersion,
    sshd_version: node.sshdVersion,
    address: node.address,
    instance_id: node.instanceId,
    generation: Number(node.generation),
    host_certificate_expires_at: timeText(node.hostCertificateExpiresAt),
    identity_expires_at: timeText(node.identityExpiresAt),
    locks: node.locks.map(lockJson),
    readmission: node.readmission ? readmissionJson(node.readmission) : null,
  }
}

export const nodeListing: Listing<Node> = {
  columns: [
    { header: 'NAME', cell: (node) => node.name },
    { header: 'LABELS', cell: (node) => labelsText(node.labels) },
    { header: 'STATE', cell: nodeStateText },
    { header: 'LAST SEEN', cell: (node) => timeText(node.lastSeen) ?? 'never' },
    { header: 'VERSION', cell: (node) => node.clientVersion },
    { header: 'SSHD', cell: (node) => node.sshdVersion },
  ],
  toJson: nodeJson,
  empty: 'No nodes. Make a machine one with a token from: mezctl tokens create --roles=node',
}

/** `online`, `offline (locked)` */
export function nodeStateText({ state, locks }: Node): string {
  return locks.length > 0 ? `${state} (locked)` : state
}

/** As the flag takes them: `env=staging,tier=web`. */
export function labelsText(labels: Labels): string {
  return Object.entries(sorted(labels))
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

function sorted(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
