/** What the hub tells a bot's daemon, read strictly. */
import type {
  IssuedIdentity as IssuedMessage,
  ReachableNode as NodeMessage,
  WatchIdentityResponse,
} from '../gen/mezite/v1/identity_pb.js'
import {
  bytes,
  generation,
  missing,
  readTrust,
  readWishes,
  text,
  time,
  uuid,
} from './answer-fields.ts'
import type { IssuedIdentity, ReachableNode, Surroundings } from './identity-hub.ts'

/** @throws HubError `bad-answer` */
export function readIssuedIdentity(message: IssuedMessage | undefined): IssuedIdentity {
  if (!message) throw missing('identity')
  const { hubTime, suggestedRenewal } = message
  return {
    bot: text('bot', message.bot),
    instanceId: uuid('instance_id', message.instanceId),
    generation: generation(message.generation),
    identityCertificate: bytes('identity_certificate', message.identityCertificate),
    sshCertificate: bytes('ssh_certificate', message.sshCertificate),
    ...readTrust(message.trust),
    nodes: message.nodes.map(readNode),
    suggestedRenewalAt: suggestedRenewal && time('suggested_renewal', suggestedRenewal),
    hubTime: time('hub_time', hubTime),
  }
}

/** @throws HubError `bad-answer` */
export function readSurroundings(message: WatchIdentityResponse): Surroundings {
  const { trust, nodes } = message
  return { trust: readTrust(trust), nodes: nodes.map(readNode), ...readWishes(message) }
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
