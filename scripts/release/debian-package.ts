import { execFile } from 'node:child_process'
import { cpSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { PROGRAMS } from './executable.ts'
import type { Architecture } from './runtime.ts'

const run = promisify(execFile)

export interface PackageContent {
  readonly architecture: Architecture
  readonly version: string
  readonly description: string
  /** Where the executables are. */
  readonly programs: string
  /** Further files, by their paths without the first slash. */
  readonly files: ReadonlyMap<string, string | Uint8Array>
  readonly epochSeconds: number
}

/** Writes a Debian package (deb-control(5)) that is the same whenever and wherever it is built. */
export async function packDebian(path: string, content: PackageContent): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'mezite-deb-'))
  try {
    fill(root, content)
    await run('dpkg-deb', ['--build', '--root-owner-group', '-Zgzip', root, path], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(content.epochSeconds) },
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function fill(root: string, { programs, files, ...about }: PackageContent): void {
  const bin = join(root, 'usr/bin')
  mkdirSync(bin, { recursive: true, mode: 0o755 })
  const [first, ...others] = PROGRAMS
  cpSync(join(programs, first), join(bin, first))
  for (const other of others) linkSync(join(bin, first), join(bin, other))
  for (const [path, text] of [...files, ['DEBIAN/control', control(about)] as const]) {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 })
    writeFileSync(join(root, path), text, { mode: 0o644 })
  }
}

function control(about: Pick<PackageContent, 'architecture' | 'version' | 'description'>): string {
  const [synopsis = '', ...rest] = about.description.split('\n')
  return `Package: mezite
Version: ${about.version}
Architecture: ${about.architecture}
Maintainer: The Mezite maintainers <mezite@localhost>
Section: admin
Priority: optional
Depends: libc6
Recommends: openssh-client
Suggests: openssh-server
Description: ${synopsis}
${rest.map((line) => ` ${line}`).join('\n')}
`
}

/** As Debian's tools read documentation: compressed, without a name or time of its own. */
export function compressed(text: string): Uint8Array {
  return gzipSync(text, { level: 9 })
}
