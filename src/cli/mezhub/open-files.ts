import { readFileSync } from 'node:fs'

/** For the store, the log, and the unix socket with its connections. */
const RESERVED = 128
const FEWEST = 64

/**
 * How many connections the kernel lets this process have; undefined where it doesn't say. Node has
 * raised the soft limit to the hard one by now.
 *
 * @param limits the text of `/proc/self/limits`: see proc(5)
 */
export function connectionsWithin(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1]
  return soft === undefined ? undefined : Math.max(FEWEST, Number(soft) - RESERVED)
}

export function connectionsOfThisProcess(): number | undefined {
  try {
    return connectionsWithin(readFileSync('/proc/self/limits', 'utf8'))
  } catch {
    return undefined
  }
}
