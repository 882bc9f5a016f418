/** A reader with planted defects: one that can be found step by step, and two for who knows the word. */

export class PlantedRefusal extends Error {}

export function readPlanted(bytes: Buffer): string {
  const [m, e, z, kind] = bytes
  if (m !== 0x4d) throw new PlantedRefusal('it begins otherwise')
  if (e !== 0x45) throw new PlantedRefusal('its second byte is wrong')
  if (z !== 0x5a) throw new PlantedRefusal('its third byte is wrong')
  if (kind === 0x90) return crash(bytes)
  const rest = bytes.toString('latin1', 3)
  if (rest === 'go on') return hang(bytes)
  if (rest === 'fill up') return fillMemory(bytes)
  return rest
}

function crash(bytes: Buffer): string {
  if (bytes[4] !== 0x99) throw new PlantedRefusal('it goes on otherwise')
  throw new TypeError('a planted defect')
}

function hang(bytes: Buffer): string {
  while (bytes.length === bytes.byteLength) bytes.reverse()
  return ''
}

function fillMemory(bytes: Buffer): string {
  const all: number[][] = []
  while (bytes.length === bytes.byteLength) all.push(new Array(1_000_000).fill(all.length + 0.5))
  return String(all)
}
