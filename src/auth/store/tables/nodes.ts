import type { NodeRecord } from '../../records.ts'
import type { NodeReader } from '../../storage.ts'
import { CHANGED, conflict, exists, missing, nodeSubject } from '../conditions.ts'
import { type Row, storedUnsigned } from '../row.ts'
import { expect, type Reading, type Step, write } from '../sql.ts'
import { countOf } from './counts.ts'

export function createNodeReader(database: Reading): NodeReader {
  return {
    async get(name) {
      const row = await database.get('SELECT * FROM nodes WHERE name = :name', { name })
      return row && toNode(row)
    },
    async list({ after = '', limit }) {
      return (
        await database.all('SELECT * FROM nodes WHERE name > :after ORDER BY name LIMIT :limit', {
          after,
          limit,
        })
      ).map(toNode)
    },
    count: () => countOf(database, 'nodes'),
  }
}

export function toNode(row: Row): NodeRecord {
  return {
    name: row.text('name'),
    labels: row.textsByName('labels'),
    labelsPinned: row.integer('labels_pinned') !== 0,
    hosts: row.texts('hosts'),
    port: row.integer('port'),
    instanceId: row.text('instance_id'),
    generation: row.unsigned('generation'),
    keyFingerprint: row.bytes('key_fingerprint'),
    previousKeyFingerprint: row.has('previous_key_fingerprint')
      ? row.bytes('previous_key_fingerprint')
      : undefined,
    sshKeyFingerprint: row.bytes('ssh_key_fingerprint'),
    revision: row.integer('revision'),
    joinedAt: row.integer('joined_at'),
    lastSeenAt: row.integer('last_seen_at'),
    identityExpiresAt: row.integer('identity_expires_at'),
    hostCertificateSerial: row.unsigned('host_certificate_serial'),
    hostCertificateExpiresAt: row.integer('host_certificate_expires_at'),
    clientVersion: row.text('client_version'),
    sshdVersion: row.text('sshd_version'),
    address: row.text('address'),
  }
}

function toParameters(node: NodeRecord) {
  return {
    name: node.name,
    labels: JSON.stringify(node.labels),
    labels_pinned: node.labelsPinned ? 1 : 0,
    hosts: JSON.stringify(node.hosts),
    port: node.port,
    instance_id: node.instanceId,
    generation: storedUnsigned(node.generation),
    key_fingerprint: node.keyFingerprint,
    previous_key_fingerprint: node.previousKeyFingerprint ?? null,
    ssh_key_fingerprint: node.sshKeyFingerprint,
    revision: node.revision,
    joined_at: node.joinedAt,
    last_seen_at: node.lastSeenAt,
    identity_expires_at: node.identityExpiresAt,
    host_certificate_serial: storedUnsigned(node.hostCertificateSerial),
    host_certificate_expires_at: node.hostCertificateExpiresAt,
    client_version: node.clientVersion,
    sshd_version: node.sshdVersion,
    address: node.address,
  }
}

export function insertNode(node: NodeRecord): readonly Step[] {
  return [
    write(
      `INSERT INTO nodes (name, labels, labels_pinned, hosts, port, instance_id, generation,
                          key_fingerprint, previous_key_fingerprint, ssh_key_fingerprint, revision,
                          joined_at, last_seen_at, identity_expires_at, host_certificate_serial,
                          host_certificate_expires_at, client_version, sshd_version, address)
       VALUES (:name, :labels, :labels_pinned, :hosts, :port, :instance_id, :generation,
               :key_fingerprint, :previous_key_fingerprint, :ssh_key_fingerprint, :revision,
               :joined_at, :last_seen_at, :identity_expires_at, :host_certificate_serial,
               :host_certificate_expires_at, :client_version, :sshd_version, :address)
       ON CONFLICT DO NOTHING`,
      toParameters(node),
      () => exists(nodeSubject(node.name)),
    ),
  ]
}

export function replaceNode(node: NodeRecord): readonly Step[] {
  return [
    expectNode(node.name),
    write(
      `UPDATE nodes
       SET labels = :labels, labels_pinned = :labels_pinned, hosts = :hosts, port = :port,
           instance_id = :instance_id, generation = :generation,
           key_fingerprint = :key_fingerprint,
           previous_key_fingerprint = :previous_key_fingerprint,
           ssh_key_fingerprint = :ssh_key_fingerprint, revision = :revision,
           joined_at = :joined_at, last_seen_at = :last_seen_at,
           identity_expires_at = :identity_expires_at,
           host_certificate_serial = :host_certificate_serial,
           host_certificate_expires_at = :host_certificate_expires_at,
           client_version = :client_version, sshd_version = :sshd_version, address = :address
       WHERE name = :name AND revision = :expected_revision`,
      { ...toParameters(node), expected_revision: node.revision - 1 },
      () => conflict(nodeSubject(node.name), CHANGED),
    ),
  ]
}

/** Its sessions and locks go with it: see the schema's foreign keys. */
export function deleteNode(name: string): readonly Step[] {
  return [write('DELETE FROM nodes WHERE name = :name', { name }, () => missing(nodeSubject(name)))]
}

/** A node that has joined anew is another instance. */
export function expectNodeInstance(name: string, instanceId: string): Step {
  return expect(
    'SELECT 1 FROM nodes WHERE name = :name AND instance_id = :instance_id',
    { name, instance_id: instanceId },
    () => missing(`instance ${instanceId} of ${nodeSubject(name)}`),
  )
}

export function expectNode(name: string): Step {
  return expect('SELECT 1 FROM nodes WHERE name = :name', { name }, () =>
    missing(nodeSubject(name)),
  )
}
