/** Changes to inputs, without knowledge of their format. */
import type { SeededRandom } from './random.ts'

/** What a change may draw from. */
export interface Material {
  readonly random: SeededRandom
  /** Words of the format. */
  readonly words: readonly Buffer[]
  /** Another input, to take pieces from. */
  readonly other: Buffer
}

export type Mutation = (input: Buffer, material: Material) => Buffer

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xff]
const INTERESTING_32 = [
  0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
]
const LONG_REPEAT = 4_096

/** Replaces `length` bytes at `at` by others. */
export function splice(input: Buffer, at: number, length: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), bytes, input.subarray(at + length)])
}

function range(input: Buffer, random: SeededRandom): readonly [at: number, length: number] {
  const at = random.below(input.length)
  return [at, Math.min(random.size(input.length), input.length - at)]
}

function piece(input: Buffer, random: SeededRandom): Buffer {
  const [at, length] = range(input, random)
  return input.subarray(at, at + length)
}

const overwrite: Mutation = (input, { random }) =>
  splice(input, random.below(input.length), 1, Buffer.of(random.pick(INTERESTING) ?? 0))

const flipBit: Mutation = (input, { random }) => {
  const at = random.below(input.length)
  return splice(input, at, 1, Buffer.of((input[at] ?? 0) ^ (1 << random.below(8))))
}

const addToByte: Mutation = (input, { random }) => {
  const at = random.below(input.length)
  return splice(input, at, 1, Buffer.of((input[at] ?? 0) + random.below(33) - 16))
}

const overwriteInteger: Mutation = (input, { random }) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(random.pick(INTERESTING_32) ?? 0)
  const width = 1 + random.below(4)
  return splice(input, random.below(input.length), width, bytes.subarray(4 - width))
}

const insertBytes: Mutation = (input, { random }) =>
  splice(input, random.below(input.length + 1), 0, random.bytes(random.size(16)))

const remove: Mutation = (input, { random }) => {
  const [at, length] = range(input, random)
  return splice(input, at, length, Buffer.alloc(0))
}

const duplicate: Mutation = (input, { random }) => {
  const [at, length] = range(input, random)
  return splice(input, at, 0, input.subarray(at, at + length))
}

const move: Mutation = (input, { random }) => {
  const taken = piece(input, random)
  return splice(input, random.below(input.length + 1), random.below(2) * taken.length, taken)
}

/** What grows faster than its length shows only with long input. */
const repeat: Mutation = (input, { random }) => {
  const part = piece(input, random).subarray(0, 32)
  const count = Math.ceil(random.size(LONG_REPEAT) / Math.max(1, part.length))
  return splice(input, random.below(input.length + 1), 0, Buffer.concat(Array(count).fill(part)))
}

const insertWord: Mutation = (input, { random, words }) =>
  splice(input, random.below(input.length + 1), 0, random.pick(words) ?? Buffer.alloc(0))

const overwriteWithWord: Mutation = (input, { random, words }) => {
  const word = random.pick(words) ?? Buffer.alloc(0)
  const [at, length] = range(input, random)
  return splice(input, at, random.below(2) === 0 ? word.length : length, word)
}

const takeFromOther: Mutation = (input, { random, other }) => {
  const [at, length] = range(input, random)
  return splice(input, at, random.below(2) * length, piece(other, random))
}

const crossOver: Mutation = (input, { random, other }) =>
  Buffer.concat([
    input.subarray(0, random.below(input.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ])

const cut: Mutation = (input, { random }) => input.subarray(0, random.below(input.length + 1))

export const BYTE_MUTATIONS: readonly Mutation[] = [
  ...[flipBit, flipBit, overwrite, addToByte, overwriteInteger, insertBytes],
  ...[remove, remove, duplicate, move, insertWord, overwriteWithWord],
  ...[takeFromOther, crossOver, cut, repeat],
]

/** Characters that are often handled apart. */
const CHARACTERS = [
  ...' \t\r\n\0"\'\\#:,=-[]{}()*&!|>?%@`~$^./',
  ...['0', '9', 'a', 'z', 'A', 'Z', '\u007f', '\u0085', '\u00a0', '\u00ad', '\u2028', '\u202e'],
  ...['\ufeff', 'ß', 'İ', 'ſ', '\u0301', '😀', '\ud800'],
].map((character) => Buffer.from(character))

const insertCharacter: Mutation = (input, { random }) =>
  splice(input, random.below(input.length + 1), random.below(2), random.pick(CHARACTERS) ?? input)

const changeNumber: Mutation = (input, { random }) => {
  const numbers = [...input.toString('latin1').matchAll(/\d+/g)]
  const found = random.pick(numbers)
  if (found === undefined) return insertCharacter(input, { random, words: [], other: input })
  const value = BigInt(found[0])
  const others = [0n, 1n, value - 1n, value + 1n, value * 10n, 2n ** 31n, 2n ** 53n, 2n ** 64n]
  const text = `${random.below(8) === 0 ? '0' : ''}${random.pick(others)}`
  return splice(input, found.index, found[0].length, Buffer.from(text))
}

const changeLines: Mutation = (input, { random }) => {
  const lines = input.toString('latin1').split('\n')
  const at = random.below(lines.length)
  const line = lines[random.below(lines.length)] ?? ''
  if (random.below(3) === 0) lines.splice(at, 1)
  else lines.splice(at, random.below(2), random.below(3) === 0 ? `  ${line}` : line)
  return Buffer.from(lines.join('\n'), 'latin1')
}

const swapCase: Mutation = (input, { random }) => {
  const at = random.below(input.length)
  return splice(input, at, 1, Buffer.of((input[at] ?? 0) ^ 0x20))
}

export const TEXT_MUTATIONS: readonly Mutation[] = [
  ...BYTE_MUTATIONS,
  ...[insertCharacter, insertCharacter, insertCharacter, changeNumber, changeNumber],
  ...[changeLines, changeLines, swapCase, insertWord, overwriteWithWord],
]
