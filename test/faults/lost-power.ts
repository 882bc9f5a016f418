/**
 * A disk that loses power: from what a process has written, as strace tells it, to what is on the disk
 * for certain, and what may be.
 *
 * - Bytes are on the disk once their file was synced, names once their directory was. Anything else
 *   may have been written too, page by page, or not.
 * - After a sync that failed the kernel takes the pages for clean: they are lost, though whoever reads
 *   the file finds them, until they are written again.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LoggedCall } from './strace-log.ts'

const PAGE = 4096

/** Whether something that nobody has synced is on the disk. */
export type Luck = () => boolean

class CachedFile {
  readonly link: string | undefined
  #cache: Buffer = Buffer.alloc(0)
  #disk: Buffer = Buffer.alloc(0)
  readonly #dirty = new Set<number>()
  #end = 0

  constructor(link?: string) {
    this.link = link
  }

  rewind(): void {
    this.#end = 0
  }

  append(bytes: Buffer): void {
    this.write(bytes, this.#end)
    this.#end += bytes.length
  }

  write(bytes: Buffer, offset: number): void {
    const end = offset + bytes.length
    if (end > this.#cache.length) this.truncate(end)
    bytes.copy(this.#cache, offset)
    for (let page = Math.floor(offset / PAGE); page * PAGE < end; page++) this.#dirty.add(page)
  }

  truncate(length: number): void {
    const cache = Buffer.alloc(length)
    this.#cache.copy(cache)
    this.#cache = cache
  }

  sync(): void {
    this.#disk = this.onDisk(() => true)
    this.#dirty.clear()
  }

  failToSync(): void {
    this.#dirty.clear()
  }

  onDisk(luck: Luck): Buffer {
    const isLong = luck()
    const content = Buffer.alloc(isLong ? this.#cache.length : this.#disk.length)
    this.#disk.copy(content)
    for (const page of this.#dirty) {
      if (luck()) this.#cache.copy(content, page * PAGE, page * PAGE, (page + 1) * PAGE)
    }
    return content
  }
}

export class LostPower {
  readonly #root: string
  /** By path below the root. */
  readonly #names = new Map<string, CachedFile>()
  #durableNames = new Map<string, CachedFile>()

  /** @param root empty when the process began */
  constructor(root: string) {
    this.#root = root
  }

  /** Takes a call in the order in which it was made. */
  take({ call, path, text, result, writes }: LoggedCall): void {
    if (!path.startsWith(`${this.#root}/`) && path !== this.#root) return
    const succeeded = result !== undefined && !result.startsWith('-1')
    const name = path.slice(this.#root.length)
    const file = this.#names.get(name)
    if (call === 'fsync' || call === 'fdatasync') {
      if (file) succeeded ? file.sync() : file.failToSync()
      else if (succeeded) this.#syncDirectory(name)
      return
    }
    if (!succeeded) return
    switch (call) {
      case 'openat':
        if (file) file.rewind()
        else if (writes) this.#names.set(name, new CachedFile())
        if (/O_TRUNC/.test(text)) this.#names.get(name)?.truncate(0)
        break
      case 'write':
        file?.append(dataOf(text))
        break
      case 'pwrite64':
        file?.write(dataOf(text), Number(/, (\d+)\)/.exec(afterData(text))?.[1]))
        break
      case 'ftruncate':
        file?.truncate(Number(/, (\d+)\)/.exec(text)?.[1]))
        break
      case 'symlink':
        this.#names.set(name, new CachedFile(/^"([^"]*)"/.exec(text)?.[1]))
        break
      case 'unlink':
        this.#names.delete(name)
        break
      case 'rename': {
        const to = /", "([^"]*)"/.exec(text)?.[1]?.slice(this.#root.length)
        if (file === undefined || to === undefined) break
        this.#names.delete(name)
        this.#names.set(to, file)
        break
      }
    }
  }

  #syncDirectory(directory: string): void {
    const isIn = (name: string) => dirname(name) === (directory === '' ? '/' : directory)
    const others = [...this.#durableNames].filter(([name]) => !isIn(name))
    this.#durableNames = new Map([...others, ...[...this.#names].filter(([name]) => isIn(name))])
  }

  /** Writes to an empty directory what is on the disk after the power was cut. */
  restore(directory: string, luck: Luck = () => false): void {
    for (const name of new Set([...this.#durableNames.keys(), ...this.#names.keys()])) {
      const file = luck() ? this.#names.get(name) : this.#durableNames.get(name)
      if (file === undefined) continue
      const path = join(directory, name)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      if (file.link === undefined) writeFileSync(path, file.onDisk(luck), { mode: 0o600 })
      else symlinkSync(file.link, path)
    }
  }
}

const DATA = /, "((?:[^"\\]|\\.)*)"(\.\.\.)?, /

function afterData(text: string): string {
  const match = DATA.exec(text)
  return match === null ? '' : text.slice(match.index + match[0].length - 2)
}

/** The bytes of a string as strace writes it. @throws Error where it was cut off */
function dataOf(text: string): Buffer {
  const [, quoted = '', cut] = DATA.exec(text) ?? []
  if (cut !== undefined) throw new Error('strace has cut off what was written')
  const bytes: number[] = []
  for (const [, octal, escaped, plain] of quoted.matchAll(/\\([0-7]{1,3})|\\(.)|([^\\])/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (escaped !== undefined) bytes.push(ESCAPES[escaped] ?? escaped.charCodeAt(0))
    else if (plain !== undefined) bytes.push(plain.charCodeAt(0))
  }
  return Buffer.from(bytes)
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 }
