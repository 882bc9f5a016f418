import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { systemErrorCode } from '../../../src/base/errors.ts'
import { undoAtExit } from './cleanup.ts'
import { isAlive } from './processes.ts'
import { programPath, requireRoot } from './requirements.ts'
import { waitFor } from './wait.ts'

/** An account of the operating system, for one test. */
export interface Account extends Disposable {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** False when the account was there before, and stays. */
  readonly made: boolean
}

const PREFIX = 'mzt'
/** In the account's comment field, so that a later run can tell whose it was. */
const OWNER = /^mezite test, pid (\d+)$/

/** Makes an account with a name of its own, without a password but not locked. */
export function temporaryAccount(): Account {
  requireRoot()
  sweepAbandonedAccounts()
  return makeAccount(`${PREFIX}${randomBytes(4).toString('hex')}`)
}

/**
 * The account of that very name: made if missing, and then removed. While one test has it, another
 * waits.
 */
export async function namedAccount(name: string): Promise<Account> {
  requireRoot()
  const release = await holdName(name)
  sweepAbandonedAccounts()
  const existing = findAccount(name)
  const account = existing === undefined ? makeAccount(name) : { ...existing, made: false }
  return {
    ...account,
    [Symbol.dispose]() {
      if (Symbol.dispose in account) account[Symbol.dispose]()
      release()
    },
  }
}

function makeAccount(name: string): Account {
  change([
    programPath('useradd'),
    ...['--create-home', '--shell', '/bin/sh', '--password', '*', '--no-log-init'],
    ...['--comment', `mezite test, pid ${process.pid}`, name],
  ])
  const remove = undoAtExit(() => removeAccount(name))
  const found = findAccount(name)
  if (found === undefined) throw new Error(`the account ${name} is not there after useradd`)
  return { ...found, made: true, [Symbol.dispose]: remove }
}

/** Ends its processes too: under the lock, in which nobody else is given its number. */
function removeAccount(name: string): void {
  if (findAccount(name) === undefined) return
  const script = `
    uid=$(id -u "$0") || exit 0
    "$1" --reuid="$uid" --clear-groups /bin/sh -c 'kill -KILL -1' || true
    exec "$2" --force --remove "$0"
  `
  change(['/bin/sh', '-c', script, name, programPath('setpriv'), programPath('userdel')])
}

/** Accounts are changed one at a time, over all test files: the tools fail when they meet. */
function change(command: readonly string[]): void {
  const result = spawnSync(
    programPath('flock'),
    ['/run/lock/mezite-test-accounts.lock', ...command],
    { encoding: 'utf8' },
  )
  if (result.status !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}`)
}

function sweepAbandonedAccounts(): void {
  for (const { name, comment } of readAccounts()) {
    const owner = Number(OWNER.exec(comment)?.[1] ?? process.pid)
    if (!isAlive(owner)) removeAccount(name)
  }
}

type FoundAccount = Pick<Account, 'name' | 'uid' | 'gid' | 'home'>

function findAccount(name: string): FoundAccount | undefined {
  return readAccounts().find((account) => account.name === name)
}

function readAccounts(): readonly (FoundAccount & { readonly comment: string })[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', , uid, gid, comment = '', home = ''] = line.split(':')
      return { name, uid: Number(uid), gid: Number(gid), comment, home }
    })
}

async function holdName(name: string): Promise<() => void> {
  const path = `/run/lock/mezite-test-account-${name}`
  await waitFor(() => takeLock(path), {
    what: `another test to give the account ${name} back`,
    timeoutMs: 180_000,
  })
  return undoAtExit(() => rmSync(path, { force: true }))
}

function takeLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    if (!isAlive(readOwner(path))) rmSync(path, { force: true })
    return false
  }
}

/** The holder's process; this one, which lives, when the file has just gone or isn't written yet. */
function readOwner(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8')) || process.pid
  } catch {
    return process.pid
  }
}
