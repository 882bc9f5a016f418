/**
 * Changes to inputs that are trees of elements with a length each: DER, protobuf, SSH. Lengths are
 * set right after a change, so that it reaches what lies behind them.
 */
import type { Mutation } from './mutate.ts'
import { splice } from './mutate.ts'

interface Element {
  /** What stands before the length, or before the content where there is none. */
  readonly tag: Buffer
  readonly content: Buffer
  /** Undefined: it holds no elements. */
  readonly children: readonly Element[] | undefined
  readonly hasLength: boolean
}

interface Codec {
  /** Undefined for what is no sequence of elements. */
  readonly parse: (bytes: Buffer) => readonly Element[] | undefined
  readonly encodeLength: (length: number) => Buffer
}

/** As `change` makes them, in a tree of elements; the input as it is where there is no tree. */
function inTree({ parse, encodeLength }: Codec, change: Mutation): Mutation {
  const encode = (elements: readonly Element[]): Buffer =>
    Buffer.concat(
      elements.flatMap(({ tag, content, children, hasLength }) => {
        const inside = children === undefined ? content : encode(children)
        return hasLength ? [tag, encodeLength(inside.length), inside] : [tag, inside]
      }),
    )
  return (input, material) => {
    const { random } = material
    const others = parse(material.other) ?? []
    const within = (elements: readonly Element[], depth: number): readonly Element[] => {
      const at = random.below(elements.length)
      const element = elements[at]
      if (element === undefined) return elements
      const before = elements.slice(0, at)
      const after = elements.slice(at + 1)
      const { children, content } = element
      if (children && children.length > 0 && depth < 32 && random.below(8) > 0) {
        return [...before, { ...element, children: within(children, depth + 1) }, ...after]
      }
      const other = random.pick(others.flatMap(flatten)) ?? element
      switch (random.below(7)) {
        case 0:
          return [...before, ...after]
        case 1:
          return [...before, element, element, ...after]
        case 2:
          return [...after, element, ...before]
        case 3:
          return [...before, other, ...after]
        case 4:
          return [...before, { ...element, tag: change(element.tag, material) }, ...after]
        default:
          return [
            ...before,
            { ...element, children: undefined, content: change(content, material) },
            ...after,
          ]
      }
    }
    const elements = parse(input)
    return elements === undefined || elements.length === 0
      ? change(input, material)
      : encode(within(elements, 0))
  }
}

function flatten(element: Element): readonly Element[] {
  return [element, ...(element.children ?? []).flatMap(flatten)]
}

/** X.690: one byte of tag, definite length. OCTET and BIT STRINGs may hold elements too. */
const DER: Codec = {
  parse(bytes) {
    const elements: Element[] = []
    for (let at = 0; at < bytes.length; ) {
      const tag = bytes.subarray(at, at + 1)
      const first = bytes[at + 1] ?? 0xff
      const count = first < 0x80 ? 0 : first - 0x80
      if (count > 3) return undefined
      const start = at + 2 + count
      if (start > bytes.length) return undefined
      const length = count === 0 ? first : bytes.readUIntBE(at + 2, count)
      if (start + length > bytes.length) return undefined
      const content = bytes.subarray(start, start + length)
      const isNested = ((tag[0] ?? 0) & 0x20) !== 0 || tag[0] === 0x04
      const children = isNested ? DER.parse(content) : undefined
      elements.push({ tag, content, children, hasLength: true })
      at = start + length
    }
    return elements
  },
  encodeLength(length) {
    if (length < 0x80) return Buffer.of(length)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(length)
    const digits = bytes.subarray(bytes.findIndex((byte) => byte > 0))
    return Buffer.concat([Buffer.of(0x80 + digits.length), digits])
  },
}

const PROTOBUF: Codec = {
  parse(bytes) {
    const elements: Element[] = []
    for (let at = 0; at < bytes.length; ) {
      const key = varint(bytes, at)
      if (key === undefined) return undefined
      const tag = bytes.subarray(at, key.end)
      const wireType = key.value & 7
      const value = wireType === 0 || wireType === 2 ? varint(bytes, key.end) : undefined
      const start = wireType === 2 ? (value?.end ?? Number.NaN) : key.end
      const length =
        wireType === 0
          ? (value?.end ?? Number.NaN) - key.end
          : wireType === 2
            ? (value?.value ?? Number.NaN)
            : { 1: 8, 5: 4 }[wireType]
      if (length === undefined || !(start + length <= bytes.length)) return undefined
      const content = bytes.subarray(start, start + length)
      const hasLength = wireType === 2
      const children = hasLength && length > 1 ? PROTOBUF.parse(content) : undefined
      elements.push({ tag, content, children, hasLength })
      at = start + length
    }
    return elements
  },
  encodeLength(length) {
    const bytes: number[] = []
    let left = length
    for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push((left & 0x7f) | 0x80)
    return Buffer.from([...bytes, left])
  },
}

function varint(bytes: Buffer, at: number) {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return { value, end: at + i + 1 }
  }
  return undefined
}

export const derMutation = (change: Mutation) => inTree(DER, change)
export const protobufMutation = (change: Mutation) => inTree(PROTOBUF, change)

/**
 * Nothing in SSH's wire format tells a string from a number. What could be a string's length is taken
 * for one: the string is changed, its length and those of the strings around it are set right.
 */
export function sshMutation(change: Mutation): Mutation {
  return (input, material) => {
    const { random } = material
    const found = stringsIn(input)
    const chosen = random.pick(found)
    if (chosen === undefined) return change(input, material)
    const content = input.subarray(chosen.at + 4, chosen.end)
    const changed = content.length === 0 ? random.bytes(random.size(8)) : change(content, material)
    const output = Buffer.from(splice(input, chosen.at + 4, content.length, changed))
    for (const { at, end } of found) {
      if (at > chosen.at || end < chosen.end) continue
      output.writeUInt32BE(end - at - 4 + changed.length - content.length, at)
    }
    return output
  }
}

function stringsIn(input: Buffer): readonly { readonly at: number; readonly end: number }[] {
  const found: { at: number; end: number }[] = []
  for (let at = 0; at + 4 <= input.length; at++) {
    const end = at + 4 + input.readUInt32BE(at)
    if (end <= input.length) found.push({ at, end })
  }
  return found
}
