/**
 * What a renewal means, decided from what the hub has stored of an instance and what the caller
 * presents. This one function tells a thief from a lost reply; everything else only obeys it.
 *
 * An identity certificate carries a generation and certifies one key. Each generation is good for
 * one renewal, and the next certificate replaces it. A copy of a credential therefore betrays
 * itself: whoever renews second, owner or thief, presents a generation that was renewed before.
 * An honest daemon whose reply was lost does the same, but asks for the very keys that the hub
 * already certified; that is no second use, and of no worth to a thief, who doesn't hold them.
 */
import { equalBytes } from '../base/bytes.ts'

/** The newest generation that the hub has issued, as stored. Fingerprints are SHA-256. */
export interface StoredGeneration {
  readonly generation: bigint
  /** Of the identity key certified at `generation`. */
  readonly keyFingerprint: Uint8Array
  /** Of the identity key certified one generation before; undefined at generation 1. */
  readonly previousKeyFingerprint: Uint8Array | undefined
  /** Of the SSH key certified at `generation`. */
  readonly sshKeyFingerprint: Uint8Array
}

/** What the caller proved by mTLS, and the keys that it asks to have certified next. */
export interface PresentedGeneration {
  readonly generation: bigint
  readonly keyFingerprint: Uint8Array
  readonly nextKeyFingerprint: Uint8Array
  readonly nextSshKeyFingerprint: Uint8Array
}

export type GenerationDecision =
  /** The first use of the newest generation: issue `generation`, and store the new keys. */
  | { readonly action: 'advance'; readonly generation: bigint }
  /** A renewal whose reply was lost: issue the stored generation again; count nothing. */
  | { readonly action: 'repeat'; readonly generation: bigint }
  /**
   * Ahead of the store, which was therefore restored from an older copy: the certificate is the
   * cluster's own, so go on from it.
   */
  | { readonly action: 'recover'; readonly generation: bigint }
  /** Used twice: refuse, and lock the instance. */
  | { readonly action: 'lock'; readonly reason: DoubleUse }
  /** Overtaken on its way, by a renewal that came on a later connection: refuse. */
  | { readonly action: 'late' }

export type DoubleUse =
  /** Renewed before, for other keys. */
  | 'old-generation'
  /** Of the stored generation's number, but not the key that the hub certified under it. */
  | 'other-key'

/**
 * The decision. What would be a second use now, and would not have been one when its connection was
 * accepted, is late: an honest daemon may have given it up and asked again. Nobody gains by being late,
 * since nothing is issued.
 *
 * @param before what was stored when the caller's connection was accepted, where that was something else
 */
export function decideGeneration(
  stored: StoredGeneration,
  presented: PresentedGeneration,
  before?: StoredGeneration,
): GenerationDecision {
  const decision = judge(stored, presented)
  if (decision.action !== 'lock' || before === undefined) return decision
  return judge(before, presented).action === 'lock' ? decision : { action: 'late' }
}

/**
 * | presented | its key | keys asked for | then |
 * | --- | --- | --- | --- |
 * | above stored | any | any | recover |
 * | stored | stored key | any | advance |
 * | stored | another | any | lock |
 * | stored - 1 | previous key | the stored ones | repeat |
 * | stored - 1 | previous key | others | lock |
 * | stored - 1 | another | any | lock |
 * | lower | any | any | lock |
 */
function judge(
  stored: StoredGeneration,
  presented: PresentedGeneration,
): Exclude<GenerationDecision, { action: 'late' }> {
  if (presented.generation > stored.generation) {
    return { action: 'recover', generation: presented.generation + 1n }
  }
  if (presented.generation === stored.generation) {
    return equalBytes(presented.keyFingerprint, stored.keyFingerprint)
      ? { action: 'advance', generation: stored.generation + 1n }
      : { action: 'lock', reason: 'other-key' }
  }
  return isRepeat(stored, presented)
    ? { action: 'repeat', generation: stored.generation }
    : { action: 'lock', reason: 'old-generation' }
}

/**
 * Whether a certificate may still be used for anything but a renewal: it is of the newest generation,
 * or of the one before, whose successor its bearer may not have received.
 */
export function isCurrent(
  stored: StoredGeneration,
  { generation, keyFingerprint }: Pick<PresentedGeneration, 'generation' | 'keyFingerprint'>,
): boolean {
  if (generation > stored.generation) return true
  const known =
    generation === stored.generation
      ? stored.keyFingerprint
      : generation === stored.generation - 1n
        ? stored.previousKeyFingerprint
        : undefined
  return known !== undefined && equalBytes(known, keyFingerprint)
}

function isRepeat(stored: StoredGeneration, presented: PresentedGeneration): boolean {
  return (
    presented.generation === stored.generation - 1n &&
    stored.previousKeyFingerprint !== undefined &&
    equalBytes(presented.keyFingerprint, stored.previousKeyFingerprint) &&
    equalBytes(presented.nextKeyFingerprint, stored.keyFingerprint) &&
    equalBytes(presented.nextSshKeyFingerprint, stored.sshKeyFingerprint)
  )
}
