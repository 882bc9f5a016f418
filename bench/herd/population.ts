/** Fills a store as if every bot had joined before an outage, through the store itself. */
import { mkdirSync } from 'node:fs'
import { openAuthorities } from '../../src/auth/authorities.ts'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import type { Change } from '../../src/auth/storage.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { sha256 } from '../../src/base/bytes.ts'
import { DAY, HOUR, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { drawKey } from '../../src/identity/identity.ts'
import type { X509Signer } from '../../src/x509/authority.ts'
import { issueClientCertificate } from '../../src/x509/issue.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { botName, roleName, roleText } from '../scale/fleet.ts'
import type { Member } from './orders.ts'

/** The changes of so many bots are one act. */
const GROUP = 250

export interface HerdSize {
  readonly bots: number
  /** Of each output certificate's life, when the hub starts. */
  readonly leftMs: number
  /** From where the bots connect; they take turns. */
  readonly addresses: number
}

export async function populate(directory: string, size: HerdSize): Promise<readonly Member[]> {
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
    const now = systemClock.now()
    const role = {
      ...{ name: roleName(0), description: '', document: roleText(0, 1) },
      ...{ revision: 1, createdAt: now, updatedAt: now },
    }
    await store.commit({ changes: [{ kind: 'insert-role', role }], events: [] })
    const members: Member[] = []
    while (members.length < size.bots) {
      const changes: Change[] = []
      for (let i = 0; i < GROUP && members.length < size.bots; i++) {
        const number = members.length
        const { changes: own, member } = joinedBot(number, size, store.clusterId, tls)
        changes.push(...own)
        members.push(member)
      }
      await store.commit({ changes, events: [] })
    }
    return members
  } finally {
    await store.close()
  }
}

/** Of the loopback network, all of which is this machine's. */
function addressOf(number: number, addresses: number): string {
  const host = (number % addresses) + 2
  return `127.1.${host >> 8}.${host & 255}`
}

function joinedBot(
  number: number,
  { leftMs, addresses }: HerdSize,
  clusterId: string,
  tls: X509Signer,
): { readonly changes: readonly Change[]; readonly member: Member } {
  const now = systemClock.now()
  const bot = botName(number)
  const id = systemRandom.uuid()
  const serial = BigInt(number + 1)
  const privateKey = drawKey()
  const spki = spkiOfPrivateKey(privateKey)
  const address = addressOf(number, addresses)
  const { pem } = issueClientCertificate(
    {
      ...{ spki, serial: systemRandom.bytes(16) },
      validity: { notBeforeMs: now - HOUR, notAfterMs: now + DAY },
      identity: { kind: 'bot', clusterId, name: bot, instanceId: id, generation: 1n },
    },
    tls,
  )
  const changes: readonly Change[] = [
    {
      kind: 'insert-bot',
      bot: {
        ...{ name: bot, roles: [roleName(0)], identityTtlMs: DAY },
        ...{ revision: 1, createdAt: now, createdBy: 'local' },
      },
    },
    {
      kind: 'insert-instance',
      instance: {
        ...{ id, bot, generation: 1n, previousKeyFingerprint: undefined },
        keyFingerprint: sha256(spki),
        sshKeyFingerprint: systemRandom.bytes(32),
        ...{ joinedAt: now, lastSeenAt: now, certificateSerial: serial },
        ...{ certificateExpiresAt: now + leftMs, identityExpiresAt: now + DAY },
        ...{ renewsAt: now + leftMs / 3, overdueAt: now + leftMs / 2 },
        ...{ clientVersion: '0.0.0', clientHost: bot, address },
      },
    },
    {
      kind: 'insert-certificate',
      certificate: { serial, bot, instanceId: id, expiresAt: now + leftMs },
    },
  ]
  return {
    changes,
    member: {
      certificate: pem,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      address,
    },
  }
}
