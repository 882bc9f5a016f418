/** Times and durations between the wire (protobuf) and what is printed. */
import { formatTime } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'

/** google.protobuf.Timestamp and google.protobuf.Duration. */
interface Seconds {
  readonly seconds: bigint
  readonly nanos: number
}

export function toSeconds(milliseconds: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(milliseconds / 1_000)
  return { seconds: BigInt(seconds), nanos: (milliseconds - seconds * 1_000) * 1_000_000 }
}

export function toMilliseconds({ seconds, nanos }: Seconds): number {
  return Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000)
}

/** RFC 3339; null where there is none. */
export function timeText(time: Seconds | undefined): string | null {
  return time ? formatTime(toMilliseconds(time)) : null
}

/** `1h30m`; null where there is none. */
export function durationText(duration: Seconds | undefined): string | null {
  return duration ? formatDuration(toMilliseconds(duration)) : null
}

/** `1 instance`, `2 instances`. */
export function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${BigInt(count) === 1n ? '' : 's'}`
}
