/** Where in an act a process is killed. A point has a text, by which that kill is done again. */
import { WRITING_CALLS, type WritingCall } from '../strace-log.ts'
import type { Direction } from './record-proxy.ts'

export type Point =
  /** Before a call that writes. */
  | {
      readonly kind: 'call'
      readonly call: WritingCall
      /** With the roots of its act in place of what changes from run to run: see `Roots`. */
      readonly path: string
      /** From 1, among those of that name and path. */
      readonly number: number
    }
  /** When so many TLS records have passed; the last of them is lost. */
  | { readonly kind: 'record'; readonly direction: Direction; readonly number: number }
  /** After a part of the time that the act takes, in thousandths. */
  | { readonly kind: 'instant'; readonly permille: number }

export function formatPoint(point: Point): string {
  switch (point.kind) {
    case 'call':
      return `${point.call} ${point.path} ${point.number}`
    case 'record':
      return `${point.direction} ${point.number}`
    case 'instant':
      return `at ${point.permille}`
  }
}

/** The inverse of `formatPoint`; undefined for other texts. */
export function parsePoint(text: string): Point | undefined {
  const [first = '', ...rest] = text.split(' ')
  const number = Number(rest.at(-1))
  if (rest.length === 0 || !Number.isSafeInteger(number) || number < 0) return undefined
  if (first === 'up' || first === 'down') return { kind: 'record', direction: first, number }
  if (first === 'at') return { kind: 'instant', permille: number }
  const call = WRITING_CALLS.find((name) => name === first)
  const path = rest.slice(0, -1).join(' ')
  return call === undefined || path === '' ? undefined : { kind: 'call', call, path, number }
}

/**
 * The directories that an act writes to, and how many generations are published when it begins:
 * both differ from run to run, and stand in points as `ROOT/…` and `.generations/+1`.
 */
export interface Roots {
  readonly directories: Readonly<Record<string, string>>
  readonly generation: number
}

/** Undefined for a path outside of the roots. */
export function toPointPath(path: string, { directories, generation }: Roots): string | undefined {
  const numbered = path.replace(/(\.generations\/)(\d+)/, (_, before: string, number: string) => {
    const ahead = Number(number) - generation
    return `${before}${ahead > 0 ? '+' : ''}${ahead}`
  })
  for (const [root, directory] of Object.entries(directories)) {
    if (path === directory) return root
    if (path.startsWith(`${directory}/`)) return `${root}${numbered.slice(directory.length)}`
  }
  return undefined
}

export function fromPointPath(path: string, { directories, generation }: Roots): string {
  const absolute = path.replace(
    /(\.generations\/)([+-]?\d+)/,
    (_, before: string, ahead: string) => `${before}${generation + Number(ahead)}`,
  )
  for (const [root, directory] of Object.entries(directories)) {
    if (absolute === root || absolute.startsWith(`${root}/`)) {
      return `${directory}${absolute.slice(root.length)}`
    }
  }
  return absolute
}
