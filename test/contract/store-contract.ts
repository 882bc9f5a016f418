/**
 * What every backend of the store must do: the same tests, run on each.
 *
 * A place is empty when it is made, and is one store's; opening it again finds what was committed.
 */
import { afterEach, beforeEach, describe } from 'node:test'
import type { Store } from '../../src/auth/storage.ts'
import { describeActs } from './store-acts.ts'
import { describeAudit } from './store-audit.ts'
import { describeAuditPages } from './store-audit-pages.ts'
import { describeSignedAudit } from './store-audit-signed.ts'
import { describeBots } from './store-bots.ts'
import { describeCertificates } from './store-certificates.ts'
import { describeChangeFeed } from './store-changes.ts'
import { describeInstances } from './store-instances.ts'
import { describeInventory } from './store-inventory.ts'
import { describeLocks } from './store-locks.ts'
import { describeNodes } from './store-nodes.ts'
import { describeReadmissions } from './store-readmissions.ts'
import { describeRestores } from './store-restores.ts'
import { describeRoles } from './store-roles.ts'
import { describeSessions } from './store-sessions.ts'
import { describeTokens } from './store-tokens.ts'

export interface StorePlace {
  open(): Promise<Store>
  remove(): Promise<void>
}

/** The store under test, fresh for each test. */
export interface Subject {
  readonly store: Store
  /** Closes it and opens it again. */
  reopen(): Promise<Store>
}

export function describeStoreContract(name: string, createPlace: () => Promise<StorePlace>): void {
  describe(`store contract: ${name}`, () => {
    const subject = useStore(createPlace)
    describeRoles(subject)
    describeBots(subject)
    describeTokens(subject)
    describeRestores(subject)
    describeInstances(subject)
    describeCertificates(subject)
    describeInventory(subject)
    describeNodes(subject)
    describeSessions(subject)
    describeLocks(subject)
    describeReadmissions(subject)
    describeAudit(subject)
    describeAuditPages(subject)
    describeSignedAudit(subject)
    describeActs(subject)
    describeChangeFeed(subject)
  })
}

function useStore(createPlace: () => Promise<StorePlace>): Subject {
  let place: StorePlace | undefined
  let store: Store | undefined
  beforeEach(async () => {
    place = await createPlace()
    store = await place.open()
  })
  afterEach(async () => {
    await store?.close()
    await place?.remove()
    store = place = undefined
  })
  const opened = (): Store => {
    if (!store) throw new Error('no store is open: use it inside a test')
    return store
  }
  return {
    get store() {
      return opened()
    },
    async reopen() {
      await opened().close()
      store = await place?.open()
      return opened()
    },
  }
}
