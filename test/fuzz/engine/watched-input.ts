/** The input that a thread is at, where another thread can see it: how many there were, and its bytes. */

const HEADER = 8
/** Longer ones are cut: nobody can do with more. */
const LARGEST = 1024 * 1024

export function sharedInput(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + LARGEST)
}

export function announcer(shared: SharedArrayBuffer): (input: Uint8Array) => void {
  const header = new Int32Array(shared, 0, 2)
  const bytes = new Uint8Array(shared, HEADER)
  return (input) => {
    bytes.set(input.subarray(0, LARGEST))
    header[1] = Math.min(input.length, LARGEST)
    Atomics.add(header, 0, 1)
  }
}

/** How many inputs there were. */
export function announced(shared: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(shared, 0, 1), 0)
}

export function lastAnnounced(shared: SharedArrayBuffer): Buffer {
  const [length = 0] = new Int32Array(shared, 4, 1)
  return Buffer.from(new Uint8Array(shared, HEADER, length))
}
