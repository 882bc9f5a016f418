/**
 * `npm run release [-- --out DIR] [--programs-only]`: everything that is published of a version, in `dist/`. The same commit gives
 * the same bytes, on any machine: time comes from `SOURCE_DATE_EPOCH`, or else from the commit.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs, promisify } from 'node:util'
import { version } from '../src/cli/version.ts'
import { packArchive } from './release/archive.ts'
import { packDebian } from './release/debian-package.ts'
import { documentation } from './release/documentation.ts'
import { buildPrograms, PROGRAMS } from './release/executable.ts'
import type { Architecture } from './release/runtime.ts'
import { softwareBill } from './release/software-bill.ts'

const run = promisify(execFile)

const CHECKOUT = resolve(import.meta.dirname, '..')
const ARCHITECTURES: readonly Architecture[] = ['amd64', 'arm64']

const DESCRIPTION = `machine identity for SSH: short-lived certificates that renew themselves
Mezite gives bots, CI jobs and Ansible short-lived SSH certificates in place of
static keys. A bot joins once with a one-time token and renews by itself;
servers are plain OpenSSH.`

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist' },
    // The executables of amd64 alone.
    'programs-only': { type: 'boolean', default: false },
  },
})
const out = resolve(values.out)
if (values['programs-only']) await buildPrograms('amd64', out)
else await release(out)

async function release(out: string): Promise<void> {
  const epochSeconds = await releaseTime()
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const files = documentation(version, epochSeconds)
  const published: string[] = []
  for (const architecture of ARCHITECTURES) {
    tell(`${architecture}: executables`)
    const programs = join(out, architecture)
    await buildPrograms(architecture, programs)

    tell(`${architecture}: archive`)
    const archive = join(out, `mezite-linux-${architecture}.tar.gz`)
    await packArchive(archive, programs, PROGRAMS, epochSeconds)

    tell(`${architecture}: Debian package`)
    const debian = join(out, `mezite_${version}_${architecture}.deb`)
    const about = { architecture, version, description: DESCRIPTION, programs }
    await packDebian(debian, { ...about, files, epochSeconds })
    published.push(archive, debian)
  }
  tell('software bill of materials')
  const bill = join(out, `mezite-${version}.cdx.json`)
  writeFileSync(bill, softwareBill(epochSeconds))
  published.push(bill)

  const sums = await Promise.all(published.map(checksumLine))
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  for (const path of published) tell(`${basename(path)}: ${megabytes(statSync(path).size)} MB`)
}

async function releaseTime(): Promise<number> {
  const given = process.env['SOURCE_DATE_EPOCH']
  const text = given ?? (await run('git', ['log', '-1', '--format=%ct'], { cwd: CHECKOUT })).stdout
  if (!/^\d+\s*$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH is not a number: ${text}`)
  return Number(text)
}

/** A line of sha256sum(1). */
async function checksumLine(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return `${hash.digest('hex')}  ${basename(path)}\n`
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`)
}
