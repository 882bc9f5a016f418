/**
 * Times and durations on the wire, and as Mezite counts them: in milliseconds. Fractions of a
 * millisecond are cut off.
 */
import { create } from '@bufbuild/protobuf'
import {
  type Duration,
  DurationSchema,
  type Timestamp,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt'

const NANOS = 1_000_000
/** 0001-01-01 to 9999-12-31, the range of a Timestamp. */
const FIRST_SECOND = -62_135_596_800n
const LAST_SECOND = 253_402_300_799n

export function toTimestamp(ms: number): Timestamp {
  const { seconds, nanos } = split(ms)
  return create(TimestampSchema, { seconds, nanos })
}

/** Milliseconds since the epoch; undefined where it is no valid Timestamp. */
export function fromTimestamp({ seconds, nanos }: Timestamp): number | undefined {
  const isValid = seconds >= FIRST_SECOND && seconds <= LAST_SECOND && isNanos(nanos)
  return isValid ? join(seconds, nanos) : undefined
}

/** `ms` is not negative. */
export function toDuration(ms: number): Duration {
  const { seconds, nanos } = split(ms)
  return create(DurationSchema, { seconds, nanos })
}

/** Milliseconds; undefined where it is no valid Duration, or a negative one. */
export function fromDuration({ seconds, nanos }: Duration): number | undefined {
  // The longest Duration: 10,000 years.
  const isValid = seconds >= 0n && seconds <= 315_576_000_000n && isNanos(nanos)
  return isValid ? join(seconds, nanos) : undefined
}

function split(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1_000)
  return { seconds: BigInt(seconds), nanos: (Math.floor(ms) - seconds * 1_000) * NANOS }
}

function join(seconds: bigint, nanos: number): number {
  return Number(seconds) * 1_000 + Math.floor(nanos / NANOS)
}

function isNanos(nanos: number): boolean {
  return nanos >= 0 && nanos < 1_000 * NANOS
}
