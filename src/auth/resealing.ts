/**
 * Seals the CA keys and the key of the audit log anew: under a first passphrase, another one, or none.
 * All of them in one act, so no crash leaves some under the one and some under the other.
 */
import type { Clock } from '../base/clock.ts'
import { decideAndCommit } from './commit.ts'
import { eventByHub } from './context.ts'
import { AuthError } from './errors.ts'
import type { KeySealer } from './sealed-key.ts'
import type { Store } from './storage.ts'

export interface ResealingOptions {
  readonly store: Store
  readonly clock: Pick<Clock, 'now'>
  /** Opens them as they are. */
  readonly before: KeySealer
  readonly after: KeySealer
  readonly change: PassphraseChange
}

export type PassphraseChange = 'added' | 'changed' | 'removed'

/**
 * Returns how many keys there are.
 *
 * @throws AuthError `passphrase-needed`, `passphrase-wrong` or `passphrase-unused` about the passphrase
 *   that they have; `not-found` where there are none
 */
export async function resealKeys(options: ResealingOptions): Promise<number> {
  const { store, clock, before, after, change } = options
  return await decideAndCommit(async () => {
    const authorities = await store.authorities.list()
    const auditKeys = await store.audit.keys()
    if (authorities.length === 0) {
      throw new AuthError('not-found', 'the store has no CA keys yet', {
        hint: 'mezhub start makes them, under the passphrase that it is given',
      })
    }
    const reseal = (sealed: string) => after.seal(before.open(sealed))
    await store.commit({
      changes: [
        {
          kind: 'reseal-keys',
          authorities: authorities.map(({ id, privateKey }) => ({
            id,
            privateKey: reseal(privateKey),
          })),
          auditKeys: auditKeys.map(({ publicKey, privateKey }) => ({
            publicKey,
            privateKey: reseal(privateKey),
          })),
        },
      ],
      events: [eventByHub({ clock }, 'ca.passphrase', { fields: { passphrase: change } })],
    })
    return authorities.length + auditKeys.length
  })
}
