/** The hub's answer, read strictly: what a daemon goes on with is whole, or isn't there. */
import type {
  IssuedIdentity as IssuedMessage,
  ReachableNode as NodeMessage,
} from '../gen/mezite/v1/identity_pb.js'
import { fromTimestamp } from '../rpc/times.ts'
import { HubError, type IssuedIdentity, type ReachableNode } from './identity-hub.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @throws HubError `bad-answer` */
export function readIssuedIdentity(message: IssuedMessage | undefined): IssuedIdentity {
  if (!message) throw missing('identity')
  const { trust, hubTime, suggestedRenewal } = message
  if (!trust) throw missing('trust')
  return {
    bot: text('bot', message.bot),
    instanceId: uuid('instance_id', message.instanceId),
    generation: generation(message.generation),
    identityCertificate: bytes('identity_certificate', message.identityCertificate),
    sshCertificate: bytes('ssh_certificate', message.sshCertificate),
    clusterId: uuid('cluster_id', trust.clusterId),
    tlsCas: keys('tls_ca', trust.tlsCa),
    userCas: keys('user_ca', trust.userCa),
    hostCas: keys('host_ca', trust.hostCa),
    nodes: message.nodes.map(readNode),
    suggestedRenewalAt: suggestedRenewal && time('suggested_renewal', suggestedRenewal),
    hubTime: time('hub_time', hubTime),
  }
}

function readNode({ name, host, port, logins }: NodeMessage): ReachableNode {
  if (port < 1 || port > 65_535) throw missing('node.port')
  return {
    name: text('node.name', name),
    host: text('node.host', host),
    port,
    logins: logins.map((login) => text('node.logins', login)),
  }
}

function text(field: string, value: string): string {
  if (value === '') throw missing(field)
  return value
}

function uuid(field: string, value: string): string {
  if (!UUID.test(value)) throw missing(field)
  return value
}

function generation(value: bigint): bigint {
  if (value < 1n) throw missing('generation')
  return value
}

function bytes(field: string, value: Uint8Array): Buffer {
  if (value.length === 0) throw missing(field)
  return Buffer.from(value)
}

function keys(field: string, values: readonly Uint8Array[]): readonly Buffer[] {
  if (values.length === 0) throw missing(field)
  return values.map((value) => bytes(field, value))
}

function time(field: string, value: IssuedMessage['hubTime']): number {
  const ms = value && fromTimestamp(value)
  if (ms === undefined) throw missing(field)
  return ms
}

function missing(field: string): HubError {
  return new HubError('bad-answer', `the hub's answer has no usable ${field}`, {
    hint: 'are hub and client of versions that go together?',
  })
}
