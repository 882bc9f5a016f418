/**
 * What a connection can make the hub hold and do, by whose it is: the less is known of a caller, the
 * less he gets. docs/limits.md tells operators.
 *
 * Frames are counted by nghttp2 (its version in Node 24: at most 1,000 answers that wait, 8
 * CONTINUATION frames, 1,000 resets at once and 33 a second, 128 headers of 64 KB together, 32
 * settings a frame); see docs/decisions/0017. What these let pass is still bytes, and those are
 * counted here.
 */
import type { ServerOptions } from '@grpc/grpc-js'
import { HOUR, MINUTE, SECOND } from '../../base/clock.ts'
import type { Room } from './hall.ts'

export type Door = 'local' | 'guest' | Room

export interface DoorLimits {
  /** Calls at a time on one connection. */
  readonly streams: number
  /** Of one request, in bytes. */
  readonly request: number
  /** Without a call, in milliseconds. */
  readonly idleMs: number
  readonly ageMs: number
  /** Of HTTP/2's own state, in MB. */
  readonly sessionMemory: number
  /** What the client may send on it, in bytes: at once, and from then on a second. */
  readonly budget: { readonly burst: number; readonly perSecond: number }
}

const KB = 1_024
const MB = 1_024 * KB
const UNBOUNDED = { burst: Number.POSITIVE_INFINITY, perSecond: 0 }

export const DOORS: Readonly<Record<Door, DoorLimits>> = {
  guest: {
    ...{ streams: 2, request: 64 * KB, sessionMemory: 1 },
    ...{ idleMs: 10 * SECOND, ageMs: 30 * SECOND },
    budget: { burst: 256 * KB, perSecond: 0 },
  },
  bot: {
    ...{ streams: 8, request: 32 * KB, sessionMemory: 4 },
    ...{ idleMs: MINUTE, ageMs: HOUR },
    budget: { burst: MB, perSecond: 16 * KB },
  },
  node: {
    ...{ streams: 8, request: 128 * KB, sessionMemory: 16 },
    ...{ idleMs: 5 * MINUTE, ageMs: HOUR },
    budget: { burst: 16 * MB, perSecond: 256 * KB },
  },
  admin: {
    ...{ streams: 32, request: 128 * KB, sessionMemory: 16 },
    ...{ idleMs: 5 * MINUTE, ageMs: HOUR },
    budget: { burst: 64 * MB, perSecond: MB },
  },
  local: {
    ...{ streams: 32, request: 128 * KB, sessionMemory: 16 },
    ...{ idleMs: 5 * MINUTE, ageMs: HOUR },
    budget: UNBOUNDED,
  },
}

/** From the first byte of a request to its last. */
export const REQUEST_TIMEOUT = 15 * SECOND

const LARGEST_REPLY = 8 * MB

export function grpcOptions({
  streams,
  request,
  idleMs,
  ageMs,
  sessionMemory,
}: DoorLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': request,
    'grpc.max_send_message_length': LARGEST_REPLY,
    'grpc.max_concurrent_streams': streams,
    // A node's agent that is gone, without a word, is noticed within 20 s.
    'grpc.keepalive_time_ms': 10 * SECOND,
    'grpc.keepalive_timeout_ms': 10 * SECOND,
    'grpc.max_connection_idle_ms': idleMs,
    'grpc.max_connection_age_ms': ageMs,
    'grpc.max_connection_age_grace_ms': Math.min(MINUTE, ageMs / 6),
    'grpc.enable_channelz': 0,
    'grpc-node.max_session_memory': sessionMemory,
  }
}

/** Whether a connection of this age, in milliseconds, has sent more than it may. */
export function isOverspent({ budget }: DoorLimits, bytes: number, ageMs: number): boolean {
  return bytes > budget.burst + (budget.perSecond * ageMs) / SECOND
}
