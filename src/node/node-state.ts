/**
 * The secret part of a node's state directory (0700, files 0600):
 *
 * - `node.json`: the newest generation that the hub is known to have issued
 * - `pending-join.json`, `pending-renewal.json`: keys that the hub may have certified already
 * - `lock`, `lock-holder`: the hold, and who has it
 * - `events/`, `sessions/`: what has yet to be told, and who is in
 * - `progress.json`: what the agent last did, for `mezd node status`
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { formatAddress, parseAddress } from '../base/address.ts'
import { formatTime } from '../base/clock.ts'
import { type FileSystem, removeDurably, writeFileDurably } from '../base/file-system.ts'
import type { NodeTrust } from '../client/node-hub.ts'
import { IdentityError, onFiles } from '../identity/errors.ts'
import type { Attempt, ExchangeState, JoinAttempt, RenewalAttempt } from '../identity/exchange.ts'
import { encodeVersioned, parseTokenId } from '../identity/identity-file.ts'
import { asText, type JsonFields, parseCount, parseTime } from '../identity/json-fields.ts'
import { readStateFile } from '../identity/state.ts'
import { encodeCertificateLine, parseCertificateLine } from '../ssh/certificate.ts'
import { encodePublicKeyLine, parsePublicKey, parsePublicKeyLine } from '../ssh/public-key.ts'
import { encodeCertificatePem, parseCertificatePem } from '../x509/pem.ts'
import { NodeError } from './errors.ts'
import { contradiction, type NodeIdentity, type NodeKeys } from './node-identity.ts'

export type PendingNodeJoin = JoinAttempt & NodeKeys
export type PendingNodeRenewal = RenewalAttempt & NodeKeys
export type PendingNode = Attempt & NodeKeys

const PRIVATE = { mode: 0o600 }

/** Every writing is on the disk when it resolves. All throw IdentityError, or NodeError `state-corrupt`. */
export class NodeState implements ExchangeState<NodeKeys, NodeIdentity> {
  readonly #fs: FileSystem
  readonly path: string

  /** @param path a directory that is safe already */
  constructor(fs: FileSystem, path: string) {
    this.#fs = fs
    this.path = path
  }

  readIdentity(): Promise<NodeIdentity | undefined> {
    return this.#read('node.json', parseIdentity)
  }

  writeIdentity(identity: NodeIdentity): Promise<void> {
    return this.#write('node.json', encodeIdentity(identity))
  }

  readPendingJoin(): Promise<PendingNodeJoin | undefined> {
    return this.#read('pending-join.json', (fields) => {
      const tokenId = fields.text('tokenId', parseTokenId)
      return { purpose: 'join', tokenId, ...readKeys(fields) }
    })
  }

  readPendingRenewal(): Promise<PendingNodeRenewal | undefined> {
    return this.#read('pending-renewal.json', (fields) => {
      const instanceId = fields.text('instanceId', String)
      const generation = fields.text('generation', parseCount)
      return { purpose: 'renewal', instanceId, generation, ...readKeys(fields) }
    })
  }

  writePending(pending: PendingNode): Promise<void> {
    const asked =
      pending.purpose === 'join'
        ? { tokenId: pending.tokenId }
        : { instanceId: pending.instanceId, generation: String(pending.generation) }
    return this.#write(`pending-${pending.purpose}.json`, { ...asked, ...encodeKeys(pending) })
  }

  dropPending(purpose: PendingNode['purpose']): Promise<void> {
    const path = join(this.path, `pending-${purpose}.json`)
    return onFiles(path, () => removeDurably(this.#fs, path))
  }

  #write(name: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    const path = join(this.path, name)
    return onFiles(path, () => writeFileDurably(this.#fs, path, encodeVersioned(fields), PRIVATE))
  }

  async #read<Value>(
    name: string,
    parse: (fields: JsonFields) => Value,
  ): Promise<Value | undefined> {
    try {
      return await readStateFile(this.#fs, join(this.path, name), parse)
    } catch (error) {
      if (!(error instanceof IdentityError) || error.code !== 'state-corrupt') throw error
      throw new NodeError('state-corrupt', error.message, {
        hint: 'move the state directory away and join again: mezctl tokens create --roles=node',
      })
    }
  }
}

function encodeIdentity(identity: NodeIdentity): Readonly<Record<string, unknown>> {
  const { trust } = identity
  return {
    hub: formatAddress(identity.hub),
    tokenId: identity.tokenId,
    name: identity.name,
    instanceId: identity.instanceId,
    generation: String(identity.generation),
    issuedAt: formatTime(identity.issuedAt),
    identityCertificate: encodeCertificatePem(identity.identityCertificate),
    hostCertificate: encodeCertificateLine(identity.hostCertificate),
    clusterId: trust.clusterId,
    tlsCas: trust.tlsCas.map(encodeCertificatePem),
    userCas: trust.userCas.map(encodeKeyLine),
    hostCas: trust.hostCas.map(encodeKeyLine),
    ...encodeKeys(identity),
  }
}

function parseIdentity(fields: JsonFields): NodeIdentity {
  const identity: NodeIdentity = {
    hub: fields.text('hub', (text) => parseAddress(text)),
    tokenId: fields.text('tokenId', parseTokenId),
    name: fields.text('name', String),
    instanceId: fields.text('instanceId', String),
    generation: fields.text('generation', parseCount),
    issuedAt: fields.text('issuedAt', parseTime),
    identityCertificate: fields.value('identityCertificate', parseOneCertificate),
    hostCertificate: fields.text('hostCertificate', (it) => parseCertificateLine(it).certificate),
    trust: readTrust(fields),
    ...readKeys(fields),
  }
  const wrong = contradiction(identity)
  if (wrong !== undefined) throw new SyntaxError(wrong)
  return identity
}

function readTrust(fields: JsonFields): NodeTrust {
  return {
    clusterId: fields.text('clusterId', String),
    tlsCas: fields.list('tlsCas', parseOneCertificate),
    userCas: fields.list('userCas', parseKeyLine),
    hostCas: fields.list('hostCas', parseKeyLine),
  }
}

function encodeKeys({ identityKey, hostKey }: NodeKeys) {
  return {
    identityKey: identityKey.export({ type: 'pkcs8', format: 'pem' }),
    hostKey: encodePublicKeyLine(hostKey),
  }
}

function readKeys(fields: JsonFields): NodeKeys {
  const keys = {
    identityKey: fields.text('identityKey', parseIdentityKey),
    hostKey: fields.text('hostKey', (text) => parsePublicKeyLine(text).key),
  }
  fields.end()
  return keys
}

function parseIdentityKey(text: string): KeyObject {
  const key = createPrivateKey(text)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new SyntaxError('not P-256')
  return key
}

function encodeKeyLine(blob: Buffer): string {
  return encodePublicKeyLine(parsePublicKey(blob))
}

function parseKeyLine(value: unknown): Buffer {
  return parsePublicKeyLine(asText(value)).key.blob
}

function parseOneCertificate(value: unknown): Buffer {
  const [certificate, ...others] = parseCertificatePem(asText(value))
  if (certificate === undefined || others.length > 0) throw new SyntaxError('not one certificate')
  return certificate
}
