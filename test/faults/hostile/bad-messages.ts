/** Messages that no client sends, made from the description of the one that is expected. */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

export interface BadMessage {
  readonly name: string
  readonly bytes: Uint8Array
}

const DEEPEST_SAMPLE = 4
const UNKNOWN_FIELD = 1_999
const NOT_UTF8 = Buffer.of(0xc3, 0x28, 0xff)
const WIRE_TYPES = [WireType.Varint, WireType.Bit64, WireType.LengthDelimited, WireType.Bit32]

/** @param size of the large ones, in bytes */
export function badMessages(schema: DescMessage, size: number): readonly BadMessage[] {
  const sample = sampleOf(schema, 0)
  return [
    { name: 'nothing', bytes: Buffer.alloc(0) },
    { name: 'something of everything', bytes: sample },
    ...cutOff(sample),
    ...noise(),
    ...schema.fields.flatMap((field) => badFields(field, size)),
    { name: 'a field that there is not', bytes: repeated(size, unknown(Buffer.of(1))) },
    { name: 'one large field that there is not', bytes: unknown(Buffer.alloc(size - 16)) },
    {
      name: 'groups within groups',
      bytes: Buffer.alloc(size, new BinaryWriter().tag(1, WireType.StartGroup).finish()),
    },
    {
      name: 'a group that ends first',
      bytes: new BinaryWriter().tag(1, WireType.EndGroup).finish(),
    },
    { name: 'field number zero', bytes: Buffer.of(0, 1) },
    { name: 'a number without end', bytes: Buffer.alloc(64, 0xff) },
    { name: 'a length beyond the end', bytes: Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x07) },
  ]
}

function cutOff(sample: Uint8Array): readonly BadMessage[] {
  const parts = 8
  return Array.from({ length: parts }, (_, part) => ({
    name: `something of everything, cut off (${part})`,
    bytes: sample.subarray(0, Math.max(1, Math.floor((sample.length * part) / parts) - 1)),
  }))
}

/** The same in each run: a linear congruential generator. */
function noise(): readonly BadMessage[] {
  let state = 7
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  }
  return Array.from({ length: 8 }, (_, index) => ({
    name: `noise (${index})`,
    bytes: Uint8Array.from({ length: 1 << (index + 2) }, draw),
  }))
}

function badFields(field: DescField, size: number): readonly BadMessage[] {
  const { number } = field
  const named = (what: string, bytes: Uint8Array) => ({ name: `${field.name}: ${what}`, bytes })
  const long = Buffer.alloc(size - 16, 'a')
  const all = WIRE_TYPES.map((type) => named(`wire type ${type}`, ofWireType(number, type)))
  if (isText(field)) {
    return [
      ...all,
      named('no UTF-8', delimited(number, NOT_UTF8)),
      named('a long text', delimited(number, long)),
      named('control characters', delimited(number, Buffer.from('\u0000\u001b[2J\r\n‮'))),
      named('many', repeated(size, delimited(number, Buffer.from('a')))),
    ]
  }
  return [
    ...all,
    named('long', delimited(number, long)),
    named('many', repeated(size, delimited(number, Buffer.alloc(0)))),
    named('within itself', nested(number, size)),
    named('the largest number', varint(number, 2n ** 64n - 1n)),
  ]
}

function isText(field: DescField): boolean {
  return (
    (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) ||
    (field.fieldKind === 'list' &&
      field.listKind === 'scalar' &&
      field.scalar === ScalarType.STRING)
  )
}

/** Each of its fields once, and of those in turn. */
function sampleOf(schema: DescMessage, depth: number): Uint8Array {
  const parts =
    depth < DEEPEST_SAMPLE ? schema.fields.map((field) => sampleField(field, depth)) : []
  return Buffer.concat(parts)
}

function sampleField(field: DescField, depth: number): Uint8Array {
  const { number } = field
  if (field.message) return delimited(number, sampleOf(field.message, depth + 1))
  if (isText(field)) return delimited(number, Buffer.from('x'))
  if (field.fieldKind === 'map') return delimited(number, delimited(1, Buffer.from('x')))
  const isBytes =
    (field.fieldKind === 'scalar' || field.fieldKind === 'list') &&
    field.scalar === ScalarType.BYTES
  return isBytes ? delimited(number, Buffer.alloc(16, 1)) : varint(number, 1n)
}

function ofWireType(number: number, type: WireType): Uint8Array {
  const writer = new BinaryWriter().tag(number, type)
  switch (type) {
    case WireType.Varint:
      return writer.uint64(1n).finish()
    case WireType.Bit64:
      return writer.fixed64(1n).finish()
    case WireType.Bit32:
      return writer.fixed32(1).finish()
    default:
      return writer.bytes(Buffer.of(8, 1)).finish()
  }
}

function varint(number: number, value: bigint): Uint8Array {
  return new BinaryWriter().tag(number, WireType.Varint).uint64(value).finish()
}

function delimited(number: number, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish()
}

function unknown(bytes: Uint8Array): Uint8Array {
  return delimited(UNKNOWN_FIELD, bytes)
}

function repeated(size: number, bytes: Uint8Array): Uint8Array {
  const count = Math.floor(size / bytes.length)
  return Buffer.concat(Array.from({ length: count }, () => bytes))
}

/** As deep as fits: each level adds a few bytes around the one before. */
function nested(number: number, size: number): Uint8Array {
  let depth = 0
  let bytes: Uint8Array = Buffer.alloc(0)
  while (depth < 2_000 && bytes.length < size - 16) {
    bytes = delimited(number, bytes)
    depth += 1
  }
  return bytes
}
