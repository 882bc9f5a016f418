/** `identity.json`: an identity as text, and back. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { formatAddress, parseAddress } from '../base/address.ts'
import { formatTime } from '../base/clock.ts'
import type { ReachableNode } from '../client/identity-hub.ts'
import { encodeCertificateLine, parseCertificateLine } from '../ssh/certificate.ts'
import { encodePrivateKey, parsePrivateKey } from '../ssh/private-key.ts'
import { encodePublicKeyLine, parsePublicKeyLine, type SshPublicKey } from '../ssh/public-key.ts'
import { encodeCertificatePem, parseCertificatePem } from '../x509/pem.ts'
import { contradiction, type Identity, type IdentityKeys } from './identity.ts'
import { asNumber, asText, JsonFields, parseCount, parseTime } from './json-fields.ts'

export function encodeIdentity(identity: Identity): string {
  const { suggestedRenewalAt } = identity
  const fields = {
    hub: formatAddress(identity.hub),
    tokenId: identity.tokenId,
    clusterId: identity.clusterId,
    bot: identity.bot,
    instanceId: identity.instanceId,
    generation: String(identity.generation),
    issuedAt: formatTime(identity.issuedAt),
    suggestedRenewalAt: suggestedRenewalAt === undefined ? null : formatTime(suggestedRenewalAt),
    identityCertificate: encodeCertificatePem(identity.identityCertificate),
    sshKeySince: formatTime(identity.sshKeySince),
    sshCertificate: encodeCertificateLine(identity.sshCertificate),
    tlsCas: identity.tlsCas.map(encodeCertificatePem),
    userCas: identity.userCas.map((key) => encodePublicKeyLine(key)),
    hostCas: identity.hostCas.map((key) => encodePublicKeyLine(key)),
    nodes: identity.nodes,
    ...encodeKeys(identity),
  }
  return encodeVersioned(fields)
}

/**
 * Reads what `encodeIdentity` wrote, and checks that its parts belong together. Times come back in
 * whole seconds.
 *
 * @throws SyntaxError, or the error of a format that is embedded; see also `readVersioned`
 */
export function parseIdentity(fields: JsonFields): Identity {
  const identity: Identity = {
    hub: fields.text('hub', (text) => parseAddress(text)),
    tokenId: fields.text('tokenId', parseTokenId),
    clusterId: fields.text('clusterId', String),
    bot: fields.text('bot', String),
    instanceId: fields.text('instanceId', String),
    generation: fields.text('generation', parseCount),
    issuedAt: fields.text('issuedAt', parseTime),
    suggestedRenewalAt: fields.optionalText('suggestedRenewalAt', parseTime),
    identityCertificate: fields.value('identityCertificate', parseOneCertificate),
    sshKeySince: fields.text('sshKeySince', parseTime),
    sshCertificate: fields.text('sshCertificate', (text) => parseCertificateLine(text).certificate),
    tlsCas: fields.list('tlsCas', parseOneCertificate),
    userCas: fields.list('userCas', parseKeyLine),
    hostCas: fields.list('hostCas', parseKeyLine),
    nodes: fields.list('nodes', parseNode),
    ...parseKeys(fields),
  }
  fields.end()
  const wrong = contradiction(identity)
  if (wrong !== undefined) throw new SyntaxError(wrong)
  return identity
}

export const FORMAT_VERSION = 1

/** The text of a file of the state directory. */
export function encodeVersioned(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ version: FORMAT_VERSION, ...fields }, null, 2)}\n`
}

export function encodeKeys({ identityKey, sshKey }: IdentityKeys) {
  return {
    identityKey: identityKey.export({ type: 'pkcs8', format: 'pem' }),
    sshKey: encodePrivateKey(sshKey),
  }
}

export function parseKeys(fields: JsonFields): IdentityKeys {
  return {
    identityKey: fields.text('identityKey', parseIdentityKey),
    sshKey: fields.text('sshKey', (text) => parsePrivateKey(text).privateKey),
  }
}

/** Lower-case hexadecimal of a SHA-256. */
export function parseTokenId(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new SyntaxError('not a token id')
  return text
}

function parseIdentityKey(text: string): KeyObject {
  const key = createPrivateKey(text)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new SyntaxError('not P-256')
  return key
}

function parseOneCertificate(value: unknown): Buffer {
  const [certificate, ...others] = parseCertificatePem(asText(value))
  if (certificate === undefined || others.length > 0) throw new SyntaxError('not one certificate')
  return certificate
}

function parseKeyLine(value: unknown): SshPublicKey {
  return parsePublicKeyLine(asText(value)).key
}

function parseNode(value: unknown): ReachableNode {
  const fields = new JsonFields(value)
  const node = {
    name: fields.text('name', String),
    host: fields.text('host', String),
    port: fields.value('port', asNumber),
    logins: fields.list('logins', asText),
  }
  fields.end()
  return node
}
