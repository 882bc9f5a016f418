/** Secrets, and where they are found: as they are, and in any usual encoding. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { decodeBase32 } from '../../../src/base/bytes.ts'

export interface Secret {
  readonly name: string
  /** Each of them gives it away: the whole, and halves of it. */
  readonly needles: readonly Buffer[]
  /** By name: the evidence in which it belongs. */
  readonly belongsIn: RegExp
}

/** Something that a run has left behind: a file, an output, a command line. */
export interface Evidence {
  readonly name: string
  readonly content: Buffer
}

const NOWHERE = /^$/

export function keySecret(name: string, key: KeyObject | string, belongsIn = NOWHERE): Secret {
  const { d = '' } = (typeof key === 'string' ? createPrivateKey(key) : key).export({
    format: 'jwk',
  })
  const scalar = Buffer.from(d, 'base64url')
  return { name, needles: [scalar.subarray(0, 16), scalar.subarray(-16)], belongsIn }
}

export function tokenSecret(name: string, text: string, belongsIn = NOWHERE): Secret {
  const encoded = text.slice(text.lastIndexOf('-') + 1)
  const bytes = decodeBase32(encoded)?.subarray(0, 16)
  if (bytes === undefined) throw new Error(`not a token: ${text}`)
  // Of its characters the first 25 are of the secret alone.
  return { name, needles: [Buffer.from(encoded.slice(0, 25)), bytes], belongsIn }
}

export function textSecret(name: string, text: string, belongsIn = NOWHERE): Secret {
  return { name, needles: [Buffer.from(text)], belongsIn }
}

/** `NAME in EVIDENCE`, for each secret that is where it doesn't belong. */
export function leaks(
  secrets: readonly Secret[],
  evidence: readonly Evidence[],
): readonly string[] {
  return evidence.flatMap(({ name, content }) => {
    const decoded = withDecoded(content)
    return secrets
      .filter(({ belongsIn }) => !belongsIn.test(name))
      .filter(({ needles }) => needles.some((needle) => decoded.includes(needle)))
      .map((secret) => `${secret.name} in ${name}`)
  })
}

/** What is there, and what base64 and hexadecimal in it, at any alignment and across lines, stand for. */
function withDecoded(content: Buffer): Buffer {
  const text = content.toString('latin1').replaceAll(/\\r|\\n|[\r\n]/g, '')
  const base64 = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}/g)].flatMap(([run]) =>
    [0, 1, 2, 3].map((offset) => Buffer.from(run.slice(offset), 'base64')),
  )
  const hex = [...text.matchAll(/[0-9A-Fa-f]{32,}/g)].flatMap(([run]) =>
    [0, 1].map((offset) => Buffer.from(run.slice(offset), 'hex')),
  )
  return Buffer.concat([content, ...base64, ...hex].flatMap((part) => [part, Buffer.of(0)]))
}

/** Every file below a directory. */
export function filesBelow(directory: string): readonly Evidence[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => ({ name: path.slice(directory.length + 1), content: readFileSync(path) }))
}
