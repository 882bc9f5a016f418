/** The inputs that are kept, a file each: `corpus/TARGET/…`, and what was found: `findings/…`. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../../src/base/bytes.ts'
import { systemErrorCode } from '../../../src/base/errors.ts'

const CORPUS = join(import.meta.dirname, '..', 'corpus')
const FINDINGS = join(import.meta.dirname, '..', 'findings')
/** Such a file was a finding once. It stays, whatever the others reach. */
const KEPT = /^was-/

/** Those that were findings first; in the order of their names. */
export async function readCorpus(target: string): Promise<readonly Buffer[]> {
  const directory = join(CORPUS, target)
  const names = (await namesIn(directory)).toSorted(
    (a, b) => Number(KEPT.test(b)) - Number(KEPT.test(a)) || (a < b ? -1 : 1),
  )
  return Promise.all(names.map((name) => readFile(join(directory, name))))
}

/** Puts these in the place of what was there. */
export async function writeCorpus(target: string, inputs: readonly Uint8Array[]): Promise<void> {
  const directory = join(CORPUS, target)
  await mkdir(directory, { recursive: true })
  const before = await namesIn(directory)
  const kept = before.filter((name) => KEPT.test(name))
  const contents = await Promise.all(kept.map((name) => readFile(join(directory, name))))
  const isKept = (input: Uint8Array) => contents.some((content) => content.equals(input))
  const wanted = new Map(
    inputs.filter((input) => !isKept(input)).map((input) => [nameOf(input), input]),
  )
  for (const name of before) {
    if (!wanted.has(name) && !kept.includes(name)) await rm(join(directory, name))
  }
  for (const [name, input] of wanted) await writeFile(join(directory, name), input)
}

/** @returns its path */
export async function saveFinding(target: string, input: Uint8Array): Promise<string> {
  const path = join(FINDINGS, `${target}-${nameOf(input)}`)
  await mkdir(FINDINGS, { recursive: true })
  await writeFile(path, input)
  return path
}

function nameOf(input: Uint8Array): string {
  return sha256(input).toString('hex', 0, 6)
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}
