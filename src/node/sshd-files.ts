/**
 * The files that sshd decides by: who may enter as which login, what is revoked, whose certificates
 * count. They are sshd's only source, so a login never waits for the agent, and goes on without it.
 *
 * Invariants:
 * - A file is replaced whole (written beside it, synced, renamed) or left as it was. sshd refuses
 *   every key of everyone, the administrator's too, when it can't read the list of what is revoked:
 *   that one is there, and valid, before sshd's configuration names it, and from then on.
 * - Only what has changed is written. What could not be written is still due.
 */
import { join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { type FileSystem, removeDurably, writeFileDurably } from '../base/file-system.ts'
import { PlainFileError, readPlainFile } from '../base/plain-file.ts'
import { makeDirectory } from '../base/safe-directory.ts'
import type { NodeTrust } from '../client/node-hub.ts'
import { onFiles } from '../identity/errors.ts'
import { encodeKrl, parseKrl } from '../ssh/krl.ts'
import { encodePublicKeyLine, parsePublicKey, type SshPublicKey } from '../ssh/public-key.ts'
import { serialRanges } from '../ssh/serial-range.ts'
import type { Grants, GrantsDelta } from './grants.ts'
import { NO_FILE_COPY } from './no-file-copy.ts'
import type { NodePaths } from './node-paths.ts'
import { principalsFile } from './principals-file.ts'

/** Bytes; a million revoked serials take half of it. */
const LARGEST_FILE = 16 * 1024 * 1024
const READABLE = { mode: 0o644 }
const EXECUTABLE = { mode: 0o755 }

export class SshdFiles {
  readonly #fs: FileSystem
  readonly #owner: number
  readonly #paths: NodePaths
  readonly #grants: Grants
  readonly #written = new Map<string, Buffer>()
  readonly #dueLogins = new Set<string>()
  readonly #knownCas = new Map<string, SshPublicKey>()
  #isKrlDue = false
  #isTrustDue = false

  /** @param owner this process's user: what is anybody else's is replaced, whatever it says */
  constructor(fs: FileSystem, paths: NodePaths, grants: Grants, owner: number) {
    this.#fs = fs
    this.#owner = owner
    this.#paths = paths
    this.#grants = grants
  }

  /**
   * Makes the directory with everything that sshd's configuration will name. Nothing that an agent
   * before this one has written is taken back.
   *
   * @throws IdentityError why a file could not be written
   */
  async prepare(trust: NodeTrust, hook: string): Promise<void> {
    const { directory, principals, noFileCopy, sessionHook, userCa } = this.#paths
    await onFiles(directory, async () => {
      await makeDirectory(this.#fs, directory, 0o755)
      await makeDirectory(this.#fs, principals, 0o755)
      await this.#ensureRevokedKeys()
      await this.#put(userCa, userCaFile(trust), READABLE)
      await this.#put(noFileCopy, Buffer.from(NO_FILE_COPY), EXECUTABLE)
      await this.#put(sessionHook, Buffer.from(hook), EXECUTABLE)
    })
  }

  /** Whether that line is what is there. @throws IdentityError */
  async hasHostCertificate(hostKey: string, line: string): Promise<boolean> {
    const path = this.#paths.hostCertificate(hostKey)
    return await onFiles(path, async () => {
      return (await this.#readOwn(path))?.toString() === `${line}\n`
    })
  }

  /** @param line the certificate's, without a newline */
  async writeHostCertificate(hostKey: string, line: string): Promise<void> {
    const path = this.#paths.hostCertificate(hostKey)
    await onFiles(path, () => this.#put(path, Buffer.from(`${line}\n`), READABLE))
  }

  /** Notes what has to be written. */
  mark(delta: Pick<GrantsDelta, 'logins' | 'revoked' | 'trust'>): void {
    for (const login of delta.logins) this.#dueLogins.add(login)
    this.#isKrlDue ||= delta.revoked
    this.#isTrustDue ||= delta.trust
  }

  /** Notes every login, those too that only an earlier agent knew of. @throws IdentityError */
  async markAll(): Promise<void> {
    const { principals } = this.#paths
    const found = await onFiles(principals, () => this.#fs.readdir(principals))
    const logins = new Set([...found, ...this.#grants.logins()])
    this.mark({ logins, revoked: true, trust: this.#grants.trust !== undefined })
  }

  get isDue(): boolean {
    return this.#dueLogins.size > 0 || this.#isKrlDue || this.#isTrustDue
  }

  /**
   * Writes what is due. One file that fails keeps no other from being written.
   *
   * @param expiresAt when all lines shall end, milliseconds since the epoch; undefined: never
   * @returns the failures; what failed is still due
   */
  async flush(expiresAt: number | undefined): Promise<readonly unknown[]> {
    const failures: unknown[] = []
    const attempt = async (act: () => Promise<void>, isDueAgain: () => void) => {
      try {
        await act()
      } catch (error) {
        isDueAgain()
        failures.push(error)
      }
    }
    const work: Promise<void>[] = []
    if (this.#isKrlDue) {
      this.#isKrlDue = false
      work.push(
        attempt(
          () => this.#writeRevokedKeys(),
          () => (this.#isKrlDue = true),
        ),
      )
    }
    for (const login of [...this.#dueLogins]) {
      this.#dueLogins.delete(login)
      const write = () => this.#writeLogin(login, expiresAt)
      work.push(attempt(write, () => this.#dueLogins.add(login)))
    }
    await Promise.all(work)
    // What is revoked of a new CA is on the list before the CA is trusted.
    if (this.#isTrustDue && !this.#isKrlDue) {
      this.#isTrustDue = false
      await attempt(
        () => this.#writeTrust(),
        () => (this.#isTrustDue = true),
      )
    }
    return failures
  }

  async #writeLogin(login: string, expiresAt: number | undefined): Promise<void> {
    const path = join(this.#paths.principals, login)
    const { noFileCopy } = this.#paths
    const text = principalsFile(this.#grants.entries(login), { noFileCopy, expiresAt })
    await onFiles(path, async () => {
      if (text !== '') return this.#put(path, Buffer.from(text), READABLE)
      await removeDurably(this.#fs, path)
      this.#written.delete(path)
    })
  }

  async #writeTrust(): Promise<void> {
    const { trust } = this.#grants
    const { userCa } = this.#paths
    if (trust) await onFiles(userCa, () => this.#put(userCa, userCaFile(trust), READABLE))
  }

  /** Equal lists are equal bytes: no date and no count is in them. */
  async #writeRevokedKeys(): Promise<void> {
    const { revokedKeys } = this.#paths
    const serials = serialRanges(this.#grants.revoked)
    // Those that are trusted no more too: until the file that says so is there, they are.
    for (const blob of this.#grants.trust?.userCas ?? []) {
      this.#knownCas.set(blob.toString('hex'), parsePublicKey(blob))
    }
    const known = [...this.#knownCas.values()]
    const authorities = known.length > 0 ? known : [undefined]
    const certificates = authorities.map((authority) => ({ authority, serials, keyIds: [] }))
    const krl = encodeKrl({ version: 0n, generatedDate: 0n, comment: 'mezite', certificates })
    await onFiles(revokedKeys, () => this.#put(revokedKeys, krl, READABLE))
  }

  /** A damaged list would lock everyone out, and what it held comes again with the first update. */
  async #ensureRevokedKeys(): Promise<void> {
    const content = await this.#readOwn(this.#paths.revokedKeys)
    if (content !== undefined && isAcceptedKrl(content)) return
    await this.#writeRevokedKeys()
  }

  /** Undefined where nothing is that this user has written and nobody else could have. */
  async #readOwn(path: string): Promise<Buffer | undefined> {
    try {
      return await readPlainFile(this.#fs, path, { largest: LARGEST_FILE, owner: this.#owner })
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT' || error instanceof PlainFileError) return undefined
      throw error
    }
  }

  async #put(path: string, content: Buffer, attributes: { readonly mode: number }): Promise<void> {
    const before = this.#written.get(path) ?? (await this.#readOwn(path))
    if (before === undefined || !before.equals(content)) {
      await writeFileDurably(this.#fs, path, content, attributes)
    }
    this.#written.set(path, content)
  }
}

/** One line for each User CA: during a rotation there are two. */
function userCaFile({ userCas }: NodeTrust): Buffer {
  const lines = userCas.map((blob) => encodePublicKeyLine(parsePublicKey(blob), 'mezite-user-ca'))
  return Buffer.from(lines.map((line) => `${line}\n`).join(''))
}

function isAcceptedKrl(content: Buffer): boolean {
  try {
    if (content.length > 0) parseKrl(content)
    return true
  } catch {
    return false
  }
}
