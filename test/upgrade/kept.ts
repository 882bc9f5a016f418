/** What was kept of the disks of a cluster of an earlier version, and what is known of it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const KEPT = join(import.meta.dirname, 'kept')

/** As who the bots of a kept cluster enter; root is there on every machine. */
export const LOGIN = 'nobody'

export const PASSPHRASE = 'correct horse battery staple'

/** `kept.json`, beside `hub/`, the tokens, `alice.mezite`, `audit.pub`, `checkpoint` and `backup.db`. */
export interface Kept {
  readonly version: string
  /** RFC 3339. */
  readonly keptAt: string
  /** Of the bot `ci`, with its state directory in it. */
  readonly destination: string
  /** The state directory of the node `web-1`. */
  readonly node: string
  /** Of the bot `ci`. */
  readonly instance: string
  readonly generation: number
  /** The number of the last event. */
  readonly events: number
}

/** The archives, by version. */
export function keptArchives(): readonly string[] {
  return readdirSync(KEPT)
    .filter((name) => name.endsWith('.tar.gz'))
    .sort()
    .map((name) => join(KEPT, name))
}
