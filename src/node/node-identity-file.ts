/** `node.json` and the pending keys of a node, as text and back. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { formatAddress, parseAddress } from '../base/address.ts'
import { formatTime } from '../base/clock.ts'
import type { NodeTrust } from '../client/node-hub.ts'
import type { Attempt, JoinAttempt, RenewalAttempt } from '../identity/exchange.ts'
import { encodeVersioned, parseTokenId } from '../identity/identity-file.ts'
import { asText, type JsonFields, parseCount, parseTime } from '../identity/json-fields.ts'
import { encodeCertificateLine, parseCertificateLine } from '../ssh/certificate.ts'
import { encodePublicKeyLine, parsePublicKey, parsePublicKeyLine } from '../ssh/public-key.ts'
import { encodeCertificatePem, parseCertificatePem } from '../x509/pem.ts'
import { contradiction, type NodeIdentity, type NodeKeys } from './node-identity.ts'

export type PendingNodeJoin = JoinAttempt & NodeKeys
export type PendingNodeRenewal = RenewalAttempt & NodeKeys
export type PendingNode = Attempt & NodeKeys

export function encodeNodeIdentity(identity: NodeIdentity): string {
  const { trust } = identity
  return encodeVersioned({
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
  })
}

/** @throws SyntaxError, or the error of a format that is embedded */
export function parseNodeIdentity(fields: JsonFields): NodeIdentity {
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

export function encodePendingNode(pending: PendingNode): string {
  const asked =
    pending.purpose === 'join'
      ? { tokenId: pending.tokenId }
      : { instanceId: pending.instanceId, generation: String(pending.generation) }
  return encodeVersioned({ ...asked, ...encodeKeys(pending) })
}

/** @throws SyntaxError, or the error of a key's format */
export function parsePendingNodeJoin(fields: JsonFields): PendingNodeJoin {
  const tokenId = fields.text('tokenId', parseTokenId)
  return { purpose: 'join', tokenId, ...readKeys(fields) }
}

/** @throws SyntaxError, or the error of a key's format */
export function parsePendingNodeRenewal(fields: JsonFields): PendingNodeRenewal {
  const instanceId = fields.text('instanceId', String)
  const generation = fields.text('generation', parseCount)
  return { purpose: 'renewal', instanceId, generation, ...readKeys(fields) }
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
