/** Fills a store as if every bot and every node had joined, through the store itself. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { openAuthorities } from '../../src/auth/authorities.ts'
import { NODE_LIFE } from '../../src/auth/lives.ts'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import type { Change, Store } from '../../src/auth/storage.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { sha256 } from '../../src/base/bytes.ts'
import { DAY, HOUR, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { X509Signer } from '../../src/x509/authority.ts'
import { issueClientCertificate } from '../../src/x509/issue.ts'
import {
  botName,
  botRoles,
  type FleetSize,
  labelsOf,
  nodeName,
  roleName,
  roleText,
} from './fleet.ts'
import type { Agent } from './orders.ts'

/** The changes of so many entities are one act. */
const GROUP = 250

export async function populate(directory: string, size: FleetSize): Promise<readonly Agent[]> {
  mkdirSync(directory, { mode: 0o700 })
  const store = await openSqliteStore({
    ...{ directory, clock: systemClock, random: systemRandom },
    ...{ pid: process.pid, uid: process.getuid?.() ?? 0 },
  })
  try {
    const { tls } = await openAuthorities({
      ...{ store, clock: systemClock, random: systemRandom },
      ...{ sealer: createKeySealer(undefined, systemRandom), sshKeyType: 'ssh-ed25519' },
    })
    await commitAll(store, size.roles, (number) => [roleChange(number, size.wideRoles)])
    const roles = botRoles(size)
    await commitAll(store, size.bots, (number) => botChanges(number, roles[number] ?? []))
    const agents: Agent[] = []
    await commitAll(store, size.agents, (number) => {
      const { change, agent } = joinedNode(number, size.labelSets, store.clusterId, tls)
      agents.push(agent)
      return [change]
    })
    return agents
  } finally {
    await store.close()
  }
}

async function commitAll(
  store: Store,
  count: number,
  changesOf: (number: number) => readonly Change[],
): Promise<void> {
  for (let done = 0; done < count; done += GROUP) {
    const numbers = Array.from({ length: Math.min(GROUP, count - done) }, (_, i) => done + i)
    await store.commit({ changes: numbers.flatMap(changesOf), events: [] })
  }
}

function roleChange(number: number, wideRoles: number): Change {
  const now = systemClock.now()
  return {
    kind: 'insert-role',
    role: {
      ...{ name: roleName(number), description: '', document: roleText(number, wideRoles) },
      ...{ revision: 1, createdAt: now, updatedAt: now },
    },
  }
}

function botChanges(number: number, roles: readonly string[]): readonly Change[] {
  const now = systemClock.now()
  const bot = botName(number)
  const id = systemRandom.uuid()
  const serial = BigInt(number + 1)
  return [
    {
      kind: 'insert-bot',
      bot: {
        ...{ name: bot, roles, identityTtlMs: DAY },
        ...{ revision: 1, createdAt: now, createdBy: 'local' },
      },
    },
    {
      kind: 'insert-instance',
      instance: {
        ...{ id, bot, generation: 1n, previousKeyFingerprint: undefined },
        keyFingerprint: systemRandom.bytes(32),
        sshKeyFingerprint: systemRandom.bytes(32),
        ...{ joinedAt: now, lastSeenAt: now, certificateSerial: serial },
        ...{ certificateExpiresAt: now + HOUR, identityExpiresAt: now + DAY },
        ...{ renewsAt: now + HOUR / 3, overdueAt: now + HOUR / 2 },
        ...{ clientVersion: '0.0.0', clientHost: bot, address: '192.0.2.7' },
      },
    },
    {
      kind: 'insert-certificate',
      certificate: { serial, bot, instanceId: id, expiresAt: now + HOUR },
    },
  ]
}

function joinedNode(
  number: number,
  labelSets: number,
  clusterId: string,
  tls: X509Signer,
): { readonly change: Change; readonly agent: Agent } {
  const now = systemClock.now()
  const name = nodeName(number)
  const instanceId = systemRandom.uuid()
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const identityExpiresAt = now + NODE_LIFE
  const certificate = issueClientCertificate(
    {
      ...{ spki, serial: systemRandom.bytes(16) },
      validity: { notBeforeMs: now - HOUR, notAfterMs: identityExpiresAt },
      identity: { kind: 'node', clusterId, name, instanceId, generation: 1n },
    },
    tls,
  )
  return {
    change: {
      kind: 'insert-node',
      node: {
        ...{ name, labels: labelsOf(number, labelSets), labelsPinned: false },
        ...{ hosts: [`${name}.example`], port: 22, instanceId, generation: 1n },
        ...{ keyFingerprint: sha256(spki), previousKeyFingerprint: undefined },
        ...{ sshKeyFingerprint: systemRandom.bytes(32), revision: 1 },
        ...{ joinedAt: now, lastSeenAt: now, identityExpiresAt },
        ...{
          hostCertificateSerial: BigInt(number + 1),
          hostCertificateExpiresAt: identityExpiresAt,
        },
        ...{ clientVersion: '0.0.0', sshdVersion: 'OpenSSH_9.2p1', address: '192.0.2.8' },
      },
    },
    agent: {
      certificate: certificate.pem,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  }
}
