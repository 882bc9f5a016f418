/**
 * The runtime that executables carry: Bun, from the npm registry, at one version and with its
 * content fixed. For x64 the build for processors without AVX2, which starts everywhere.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const RUNTIME_VERSION = '1.4.5'

/** Debian's names of the architectures, which archives carry too. */
export type Architecture = 'amd64' | 'arm64'

interface Runtime {
  readonly package: string
  /** Of the package's archive, as lock files have it (W3C Subresource Integrity, 3.1). */
  readonly integrity: string
}

const RUNTIMES: Readonly<Record<Architecture, Runtime>> = {
  amd64: {
    package: '@oven/bun-linux-x64-baseline',
    integrity:
      'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
  },
  arm64: {
    package: '@oven/bun-linux-aarch64',
    integrity:
      'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
  },
}

const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/mezite')

/** The path of the runtime's executable, fetched where it isn't there yet. */
export async function runtimePath(architecture: Architecture): Promise<string> {
  const directory = join(CACHE, `bun-${RUNTIME_VERSION}-${architecture}`)
  const path = join(directory, 'package/bin/bun')
  if (existsSync(path)) return path
  mkdirSync(CACHE, { recursive: true })
  const fresh = mkdtempSync(`${directory}-`)
  try {
    await fetchRuntime(RUNTIMES[architecture], fresh)
    rmSync(directory, { recursive: true, force: true })
    renameSync(fresh, directory)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return path
}

async function fetchRuntime(runtime: Runtime, directory: string): Promise<void> {
  const wanted = `${runtime.package}@${RUNTIME_VERSION}`
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination=.', wanted], {
    cwd: directory,
    env: { ...process.env, PATH: pathOfTheMachine() },
  })
  const archive = join(directory, stdout.trim())
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (found !== runtime.integrity) {
    throw new Error(`${wanted} is ${found}, not ${runtime.integrity}`)
  }
  await run('tar', ['-xzf', archive, '-C', directory, 'package/bin/bun'])
  rmSync(archive)
}

/**
 * Without the checkout's own Node: npm would look for the machine's configuration beside it, and
 * not find it.
 */
function pathOfTheMachine(): string {
  const entries = (process.env['PATH'] ?? '').split(delimiter)
  return entries.filter((entry) => !entry.endsWith('node_modules/.bin')).join(delimiter)
}
