import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { version } from '../../src/cli/version.ts'
import { RUNTIME_VERSION } from './runtime.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')

/** Of package-lock.json, version 3; by `node_modules/NAME`. */
interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
}

/**
 * What an executable is made of, in CycloneDX 1.5: the dependencies as they are locked, and the
 * runtime. (`npm sbom` leaves out those that a tool of development has too.)
 */
export function softwareBill(epochSeconds: number): string {
  const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8'),
  )
  const dependencies = Object.entries(lock.packages)
    .filter(([path, { dev, optional, devOptional }]) => {
      return path !== '' && !dev && !optional && !devOptional
    })
    .map(([path, locked]) => dependency(path, locked))
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date(epochSeconds * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': `mezite@${version}`,
        name: 'mezite',
        version,
        licenses: licensed('Apache-2.0'),
      },
    },
    components: [...dependencies, RUNTIME],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(bill))}`
  return `${JSON.stringify({ ...bill, serialNumber }, null, 2)}\n`
}

const RUNTIME = {
  type: 'platform',
  'bom-ref': `bun@${RUNTIME_VERSION}`,
  name: 'bun',
  version: RUNTIME_VERSION,
  purl: `pkg:github/oven-sh/bun@bun-v${RUNTIME_VERSION}`,
  licenses: licensed('MIT'),
}

function dependency(path: string, { version = '', integrity = '', license }: LockedPackage) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  if (license === undefined) throw new Error(`${path} has no license in package-lock.json`)
  const [, digest = ''] = /^sha512-(.+)$/.exec(integrity) ?? []
  return {
    type: 'library',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
    licenses: licensed(license),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
  }
}

/** An SPDX expression. */
function licensed(expression: string): readonly { readonly expression: string }[] {
  return [{ expression }]
}

/** A UUID of version 8, which is what the content makes it (RFC 9562, 5.8). */
function uuidOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
