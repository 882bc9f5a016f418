/** Floods of frames, each of which has brought down some server. */

import { IdentityService, JoinService } from '../../../src/gen/mezite/v1/identity_pb.js'
import { methodPath } from '../../../src/rpc/method-name.ts'
import {
  callHeaders,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  indexed,
  literal,
  message,
  NEWEST,
  SETTING,
  setting,
  uint32,
} from './http2-frames.ts'
import { type Attacker, openHttp2 } from './raw-connection.ts'

/** The frame with this number, from 0. */
export type Flood = (number: number) => Buffer

const JOIN = callHeaders(methodPath(JoinService.method.join))
const WATCH = callHeaders(methodPath(IdentityService.method.watchIdentity))
const UNKNOWN = callHeaders('/mezite.v1.BotService/BecomeRoot')
const CANCEL = uint32(8)
const WHOLE = END_HEADERS | END_STREAM

/** Client streams have odd numbers. */
const stream = (number: number) => (2 * number + 1) & 0x7fffffff

const open = (number: number, block: Uint8Array, flags: number) =>
  frame(FRAME.headers, flags, stream(number), block)

/** The first frame opens a stream, the others go to it. */
const within =
  (flags: number, next: Flood): Flood =>
  (number) =>
    number === 0 ? open(0, JOIN, flags) : next(number)

const repeat = (count: number, bytes: Uint8Array) =>
  Buffer.concat(Array.from({ length: count }, () => bytes))

export const FLOODS: Readonly<Record<string, Flood>> = {
  'of pings': () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  'of settings': () => frame(FRAME.settings, 0, 0, setting(SETTING.initialWindowSize, 65_535)),
  'of settings with many entries': () =>
    frame(FRAME.settings, 0, 0, repeat(1_000, setting(SETTING.headerTableSize, 0))),
  'of window updates': () => frame(FRAME.windowUpdate, 0, 0, uint32(1)),
  'of priorities': (number) => frame(FRAME.priority, 0, stream(number), Buffer.of(0, 0, 0, 0, 16)),
  'of frames of unknown types': () => frame(0x77, 0, 0, Buffer.alloc(1_000)),
  'of empty data': within(END_HEADERS, () => frame(FRAME.data, 0, 1)),
  'of empty headers': within(0, () => frame(FRAME.headers, 0, 1)),
  // CVE-2024-27316 and its kin.
  'of continuations': within(0, (number) =>
    frame(FRAME.continuation, 0, 1, literal(`x${number}`, 'y'.repeat(1_000))),
  ),
  'of empty continuations': within(0, () => frame(FRAME.continuation, 0, 1)),
  // CVE-2023-44487.
  'of streams that are reset at once': (number) =>
    Buffer.concat([
      open(number, JOIN, END_HEADERS),
      frame(FRAME.resetStream, 0, stream(number), CANCEL),
    ]),
  // CVE-2025-8671: the hub is brought to reset them.
  'of streams that the hub has to reset': (number) =>
    Buffer.concat([
      open(number, JOIN, END_HEADERS),
      frame(FRAME.windowUpdate, 0, stream(number), uint32(0)),
    ]),
  'of streams': (number) => open(number, JOIN, END_HEADERS),
  'of calls without a message': (number) => open(number, JOIN, WHOLE),
  'of calls that nobody may make': (number) =>
    Buffer.concat([
      open(number, WATCH, END_HEADERS),
      frame(FRAME.data, END_STREAM, stream(number), message(Buffer.alloc(0))),
    ]),
  'of calls that there are not': (number) => open(number, UNKNOWN, WHOLE),
  'of requests that are no calls': (number) =>
    open(
      number,
      Buffer.concat([
        ...[literal(':method', 'GET'), literal(':scheme', 'https')],
        ...[literal(':path', '/'), literal(':authority', 'x')],
      ]),
      WHOLE,
    ),
  'of headers of 15 KB': (number) =>
    open(number, Buffer.concat([JOIN, literal('x', 'v'.repeat(15_000))]), WHOLE),
  'of a thousand headers each': (number) =>
    open(number, Buffer.concat([JOIN, repeat(1_000, literal('x', ''))]), WHOLE),
  // CVE-2016-6581 and its kin: a short block that decodes to 40 MB.
  'of HPACK bombs': (number) =>
    open(
      number,
      Buffer.concat([JOIN, indexed('x', 'v'.repeat(4_000)), repeat(10_000, NEWEST)]),
      WHOLE,
    ),
  'of messages that are cut off': (number) =>
    Buffer.concat([
      open(number, JOIN, END_HEADERS),
      frame(FRAME.data, 0, stream(number), message(Buffer.alloc(16_000), 64_000)),
    ]),
  'of messages that are too long': (number) =>
    Buffer.concat([
      open(number, JOIN, END_HEADERS),
      frame(FRAME.data, 0, stream(number), message(Buffer.alloc(16_000), 2 ** 32 - 1)),
    ]),
}

/** Thirty-two streams, each with three quarters of a message of 64,000 bytes. */
export const HALF_MESSAGES = Buffer.concat(
  Array.from({ length: 32 }, (_, number) => [
    open(number, JOIN, END_HEADERS),
    frame(FRAME.data, 0, stream(number), message(Buffer.alloc(16_000), 64_000)),
    frame(FRAME.data, 0, stream(number), Buffer.alloc(16_000)),
    frame(FRAME.data, 0, stream(number), Buffer.alloc(16_000)),
  ]).flat(),
)

const FRAMES_AT_ONCE = 20
/** Many times what the hub lets anybody send, since it counts in turns and the kernel holds some. */
const MOST_BYTES = 64 * 1_024 * 1_024

/**
 * Floods the hub on one connection until that is closed.
 *
 * @returns how many bytes were sent
 * @throws where they were too many
 */
export async function floodOnce(attacker: Attacker, flood: Flood): Promise<number> {
  using connection = await openHttp2(attacker)
  let sent = 0
  for (let number = 0; !connection.isClosed; number += FRAMES_AT_ONCE) {
    const frames = Array.from({ length: FRAMES_AT_ONCE }, (_, index) => flood(number + index))
    const bytes = Buffer.concat(frames)
    await connection.write(bytes)
    sent += bytes.length
    if (sent > MOST_BYTES) throw new Error(`the hub has taken ${sent} bytes of a flood`)
    // What the hub says is read, and that it has had enough is seen.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return sent
}
