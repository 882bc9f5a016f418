import type { CertificateRecord } from '../records.ts'

/** The user certificates that are out, and which of them are revoked. */
export class CertificateIndex {
  readonly #byBot = new Map<string, Map<bigint, CertificateRecord>>()
  /** The instances that exist, as far as certificates of theirs are out. */
  readonly #instances = new Map<string, Set<string>>()
  readonly #revoked = new Set<bigint>()

  add(certificate: CertificateRecord): void {
    const { bot, serial } = certificate
    const certificates = this.#byBot.get(bot)
    if (certificates) certificates.set(serial, certificate)
    else this.#byBot.set(bot, new Map([[serial, certificate]]))
  }

  /** False where it is known already. */
  addInstance(bot: string, id: string): boolean {
    const instances = this.#instances.get(bot)
    if (instances?.has(id)) return false
    if (instances) instances.add(id)
    else this.#instances.set(bot, new Set([id]))
    return true
  }

  /** A bot's instances go with it; its certificates are out all the same. */
  dropInstances(bot: string): void {
    this.#instances.delete(bot)
  }

  hasInstance(bot: string, id: string): boolean {
    return this.#instances.get(bot)?.has(id) ?? false
  }

  ofBot(bot: string): Iterable<CertificateRecord> {
    return this.#byBot.get(bot)?.values() ?? []
  }

  /** Forgets those that expired by then, and returns which of them were revoked. */
  forget(expiredBy: number): readonly bigint[] {
    const forgotten: bigint[] = []
    for (const [bot, certificates] of this.#byBot) {
      for (const { serial, expiresAt } of certificates.values()) {
        if (expiresAt > expiredBy) continue
        certificates.delete(serial)
        if (this.#revoked.delete(serial)) forgotten.push(serial)
      }
      if (certificates.size === 0) this.#byBot.delete(bot)
    }
    return forgotten
  }

  /** False where it is so already. */
  setRevoked(serial: bigint, revoked: boolean): boolean {
    if (this.#revoked.has(serial) === revoked) return false
    if (revoked) this.#revoked.add(serial)
    else this.#revoked.delete(serial)
    return true
  }

  isRevoked(serial: bigint): boolean {
    return this.#revoked.has(serial)
  }

  /** By serial. */
  revoked(): readonly bigint[] {
    return [...this.#revoked].sort((a, b) => (a < b ? -1 : 1))
  }
}
