/** What the hub asks of its store, or of callers, left out. */
import type { Act, Change } from '../../../src/auth/storage.ts'
import type { MemoryStore } from '../../fakes/memory-store.ts'
import { BOT, type HubMutation } from '../ground.ts'
import { COPY, type Mutant } from './mutant.ts'

/** A store that makes something else of changes, or of acts. */
function changing(
  change: (change: Change) => readonly Change[],
): NonNullable<HubMutation['store']> {
  return (store) => ({
    ...store,
    commit: ({ changes, events }: Act) =>
      store.commit({ changes: changes.flatMap(change), events }),
  })
}

/** A join that was redeemed is never found again. */
function forgetful(store: MemoryStore): MemoryStore {
  return { ...store, tokens: { ...store.tokens, redemption: async () => undefined } }
}

/** Locks don't keep anybody from being served. */
function blindToLocks(store: MemoryStore): MemoryStore {
  const locks = { ...store.locks, list: async () => [], listForBot: async () => [] }
  return { ...store, locks }
}

/** Everybody has an administrator's leave, at any time. */
function lenient(store: MemoryStore): MemoryStore {
  const { commit } = changing((change) => (change.kind === 'use-readmission' ? [] : [change]))(
    store,
  )
  return {
    ...store,
    commit,
    readmissions: {
      ...store.readmissions,
      get: async (instanceId) => ({
        ...{ id: instanceId, target: { kind: 'bot', bot: BOT, instanceId } },
        ...{ createdAt: 0, createdBy: 'local', expiresAt: Number.MAX_SAFE_INTEGER },
        usedAt: undefined,
      }),
    },
  }
}

/** Tokens outlive a restore. */
function sparingTokens(store: MemoryStore): MemoryStore {
  return {
    ...store,
    async commit(act) {
      await store.commit(act)
      if (!act.changes.some(({ kind }) => kind === 'record-restore')) return
      store.database.run('UPDATE tokens SET invalidated = NULL')
    },
  }
}

/** A restore leaves no trace. */
function unawareOfRestores(store: MemoryStore): MemoryStore {
  return { ...store, restores: { ...store.restores, list: async () => [] } }
}

/** What was removed is not remembered. */
function forgettingRemovals(store: MemoryStore): MemoryStore {
  return { ...store, audit: { ...store.audit, list: async () => [] } }
}

function withEveryNodeOld(store: MemoryStore): MemoryStore {
  return {
    ...store,
    nodes: {
      ...store.nodes,
      async get(name) {
        const node = await store.nodes.get(name)
        return node && { ...node, joinedAt: 0 }
      },
    },
  }
}

export const STORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'an identity key is certified without proof',
    budget: COPY,
    breaks: 'unproven-key',
    hub: { provesAll: true },
  },
  {
    name: 'the key before is that of the record, not that of the caller',
    budget: { restores: 1, losses: 1 },
    lastGeneration: 3,
    breaks: 'honest-locked',
    hub: {
      store: changing((change) =>
        change.kind === 'replace-instance'
          ? [
              {
                ...change,
                instance: {
                  ...change.instance,
                  previousKeyFingerprint: change.expected.keyFingerprint,
                },
              },
            ]
          : [change],
      ),
    },
  },
  {
    name: 'the generation is counted, and the new key not stored',
    budget: {},
    breaks: 'honest-locked',
    hub: {
      store: changing((change) => {
        if (change.kind !== 'replace-instance') return [change]
        const { keyFingerprint } = change.expected
        return [{ ...change, instance: { ...change.instance, keyFingerprint } }]
      }),
    },
  },
  {
    name: 'a token is looked at, and not redeemed',
    budget: { thefts: 1 },
    knowsToken: true,
    breaks: 'token-twice',
    hub: { store: changing((change) => (change.kind === 'redeem-token' ? [] : [change])) },
  },
  {
    name: 'a node that came after the backup passes for one that was there before',
    kind: 'node',
    budget: { restores: 1, newTokens: 1, copies: 1, thefts: 1 },
    breaks: 'displaced',
    hub: { store: withEveryNodeOld },
  },
  {
    name: 'a token that a restore has made good again stays good',
    budget: { restores: 1, thefts: 1 },
    knowsToken: true,
    breaks: 'token-twice',
    hub: { store: sparingTokens },
  },
  {
    name: 'a lock is set, and not looked at',
    budget: { locks: 1 },
    breaks: 'not-admitted',
    hub: { store: blindToLocks },
  },
  {
    name: 'an expired identity is good for a renewal',
    budget: { expiries: 1 },
    breaks: 'not-admitted',
    hub: { store: lenient },
  },
  {
    name: 'a leave to renew once is not used up',
    budget: { expiries: 1, readmissions: 1 },
    breaks: 'not-admitted',
    hub: { store: changing((change) => (change.kind === 'use-readmission' ? [] : [change])) },
  },
  {
    name: 'a node that was removed comes back after a restore',
    kind: 'node',
    budget: { restores: 1, newTokens: 1 },
    breaks: 'not-admitted',
    hub: { store: forgettingRemovals },
  },
  {
    name: 'a restored hub doesn’t know of its restore',
    budget: { restores: 1 },
    breaks: 'stuck',
    hub: { store: unawareOfRestores },
  },
  {
    name: 'a join is never repeated',
    budget: { losses: 1 },
    breaks: 'stuck',
    hub: { store: forgetful },
  },
]
