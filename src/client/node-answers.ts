/** What the hub tells a node's agent, read strictly. */
import type { Lock } from '../gen/mezite/v1/admin_pb.js'
import type {
  LoginGrant as GrantMessage,
  GrantGroup as GroupMessage,
  IssuedNode as IssuedMessage,
  WatchNodeResponse,
} from '../gen/mezite/v1/node_pb.js'
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
import type { GrantGroup, IssuedNode, LoginGrant, NodeLock, NodeUpdate } from './node-hub.ts'

/** @throws HubError `bad-answer` */
export function readIssuedNode(message: IssuedMessage | undefined): IssuedNode {
  if (!message) throw missing('node')
  return {
    name: text('name', message.name),
    instanceId: uuid('instance_id', message.instanceId),
    generation: generation(message.generation),
    identityCertificate: bytes('identity_certificate', message.identityCertificate),
    hostCertificate: bytes('host_certificate', message.hostCertificate),
    trust: readTrust(message.trust),
    hubTime: time('hub_time', message.hubTime),
  }
}

/** @throws HubError `bad-answer` */
export function readNodeUpdate(message: WatchNodeResponse): NodeUpdate {
  const { full, hasLocks, trust } = message
  // Whoever forgets what he knew needs all of it anew.
  if (full && !(hasLocks && trust)) throw missing('full update')
  return {
    full,
    groups: message.groups.map(readGroup),
    removedGroups: message.removedGroups,
    memberships: message.memberships.map(({ group, added, removed }) => ({
      group: text('membership.group', group),
      added,
      removed,
    })),
    revoked: message.revoked,
    forgotten: message.forgotten,
    locks: hasLocks ? message.locks.flatMap(readLock) : undefined,
    endSessions: message.endSessions,
    trust: trust && readTrust(trust),
    wishes: trust && readWishes(message),
  }
}

function readGroup({ id, grants, principals }: GroupMessage): GrantGroup {
  return { id: text('group.id', id), grants: grants.map(readGrant), principals }
}

function readGrant(grant: GrantMessage): LoginGrant {
  const { login, portForwarding, fileCopy, pty, sourceCidrs, forceCommand } = grant
  return {
    login: text('grant.login', login),
    portForwarding,
    fileCopy,
    pty,
    sourceCidrs,
    forceCommand: forceCommand === '' ? undefined : forceCommand,
  }
}

/** A lock on something of which this version knows nothing is the hub's to enforce. */
function readLock({ target }: Lock): readonly NodeLock[] {
  switch (target.case) {
    case 'bot':
      return [{ kind: 'bot', bot: text('lock.bot', target.value) }]
    case 'instance':
      return [{ kind: 'instance', instanceId: uuid('lock.instance', target.value.id) }]
    case 'node':
      return [{ kind: 'node', node: text('lock.node', target.value) }]
    case 'role':
      return [{ kind: 'role', role: text('lock.role', target.value) }]
    case 'login':
      return [{ kind: 'login', login: text('lock.login', target.value) }]
    case undefined:
      return []
  }
}
