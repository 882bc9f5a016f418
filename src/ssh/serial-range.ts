import { SshFormatError } from './errors.ts'

const SERIAL_MAX = 2n ** 64n - 1n

/** Certificate serials from `first` to `last`, both included. */
export interface SerialRange {
  readonly first: bigint
  readonly last: bigint
}

/** The shortest ascending ranges that hold exactly these serials. */
export function serialRanges(serials: Iterable<bigint>): readonly SerialRange[] {
  return mergeRanges(Array.from(serials, (serial) => ({ first: serial, last: serial })))
}

/**
 * The same serials in ascending ranges that neither overlap nor touch.
 *
 * @throws SshFormatError `forbidden` for a range that is empty or holds serial 0: a KRL with it
 *   is invalid, and sshd then refuses everyone
 */
export function mergeRanges(ranges: readonly SerialRange[]): readonly SerialRange[] {
  for (const { first, last } of ranges) {
    if (first < 1n || last > SERIAL_MAX || first > last) {
      throw new SshFormatError('forbidden', `can't revoke the serials ${first} to ${last}`, {
        hint: 'serials are 1 to 2^64-1, the smaller one first',
      })
    }
  }
  const sorted = ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const merged: SerialRange[] = []
  for (const { first, last } of sorted) {
    const previous = merged.at(-1)
    if (previous === undefined || first > previous.last + 1n) {
      merged.push({ first, last })
    } else if (last > previous.last) {
      merged[merged.length - 1] = { first: previous.first, last }
    }
  }
  return merged
}
