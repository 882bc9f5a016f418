/** The audit log as it grows over kills: nothing that was there changes, and nothing is missing. */
import type { AuditEventType } from '../../../src/auth/audit-catalogue.ts'
import { CHAIN_START, type ChainHead, chainHash } from '../../../src/auth/audit-chain.ts'
import type { StoredAuditEvent } from '../../../src/auth/audit-event.ts'
import type { AuditReader } from '../../../src/auth/audit-log.ts'

const PAGE = 500

export class AuditWatch {
  readonly #events: StoredAuditEvent[] = []
  #head: ChainHead = CHAIN_START

  /** Takes what is new. @throws Error unless all of the log is one chain without gaps */
  async check(audit: AuditReader): Promise<void> {
    await this.#checkKnown(audit)
    const { sequence } = await audit.head()
    while (this.#head.sequence < sequence) {
      const after = this.#head.sequence
      const { events } = await audit.page({ after, order: 'oldest-first', limit: PAGE })
      for (const event of events) this.#take(event)
      if (events.length === 0) throw new Error(`audit event ${after + 1} is missing`)
    }
  }

  /** Those of a type for which `about` holds, of all that were taken. */
  count(type: AuditEventType, about: (event: StoredAuditEvent) => boolean): number {
    return this.#events.filter((event) => event.type === type && about(event)).length
  }

  async #checkKnown(audit: AuditReader): Promise<void> {
    const { sequence, hash } = this.#head
    if (sequence === 0) return
    const { events } = await audit.page({ after: sequence - 1, order: 'oldest-first', limit: 1 })
    if (events[0]?.hash.equals(hash) !== true) {
      throw new Error(`audit event ${sequence} is gone, or no longer what it was`)
    }
  }

  #take(event: StoredAuditEvent): void {
    const sequence = this.#head.sequence + 1
    if (event.sequence !== sequence) throw new Error(`audit event ${sequence} is missing`)
    if (!event.hash.equals(chainHash(this.#head.hash, event))) {
      throw new Error(`the audit chain is broken at event ${sequence}`)
    }
    this.#head = event
    this.#events.push(event)
  }
}
