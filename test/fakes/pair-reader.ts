/**
 * A process that opens a key, then a certificate, again and again, as ssh does, and counts pairs
 * that don't match. Arguments: how to find the two (`names` or `config`), and the destination. Stops
 * when its standard input ends, and prints `{"pairs":n,"mismatches":n}`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import { parsePrivateKey } from '../../src/ssh/private-key.ts'
import { isSameKey } from '../../src/ssh/public-key.ts'

const [, , how, destination = ''] = process.argv

function paths(): readonly [string, string] {
  if (how === 'names') return [join(destination, 'ssh_key'), join(destination, 'ssh_key-cert.pub')]
  const config = readFileSync(join(destination, 'ssh_config'), 'utf8')
  const fieldOf = (keyword: string) =>
    new RegExp(`^ *${keyword} "(.*)"$`, 'm').exec(config)?.[1] ?? ''
  return [fieldOf('IdentityFile'), fieldOf('CertificateFile')]
}

/** Each content is parsed once, so that reading is most of what happens. */
function remembering<Value>(parse: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>()
  return (text) => {
    const value = known.get(text) ?? parse(text)
    known.set(text, value)
    return value
  }
}

const publicKeyOf = remembering((text) => parsePrivateKey(text).publicKey)
const certifiedKeyOf = remembering((text) => parseCertificateLine(text).certificate.publicKey)
const counts = { pairs: 0, mismatches: 0 }
let running = true
process.stdin.resume().once('end', () => {
  running = false
})
process.stdout.write('reading\n')
while (running) {
  const [keyPath, certificatePath] = paths()
  const publicKey = publicKeyOf(readFileSync(keyPath, 'utf8'))
  const certifiedKey = certifiedKeyOf(readFileSync(certificatePath, 'utf8'))
  counts.pairs += 1
  if (!isSameKey(publicKey, certifiedKey)) counts.mismatches += 1
  await setImmediate()
}
process.stdout.write(`${JSON.stringify(counts)}\n`)
