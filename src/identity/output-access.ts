import type { FileAttributes, FileOwner } from '../base/file-system.ts'

/** Who may read the outputs besides the user of mezd. Nobody but that user reads the state. */
export type Reader =
  | { readonly kind: 'nobody' }
  /** A user, by its id and that of its primary group. */
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'group'; readonly gid: number }

/** The attributes of everything in a destination. */
export interface OutputAccess {
  /** Of the destination, and of what holds the generations: others pass through, they don't list. */
  readonly passage: number
  /** Of the directory of one generation. */
  readonly generation: FileAttributes
  readonly key: FileAttributes
  readonly others: FileAttributes
}

/** @param self effective ids of this process */
export function accessFor(reader: Reader, self: FileOwner): OutputAccess {
  switch (reader.kind) {
    case 'nobody':
      return {
        passage: 0o700,
        generation: { mode: 0o700 },
        key: { mode: 0o600 },
        others: { mode: 0o644 },
      }
    case 'user': {
      const owner = { uid: reader.uid, gid: reader.gid }
      return {
        passage: 0o711,
        generation: { mode: 0o711 },
        key: { mode: 0o400, owner },
        others: { mode: 0o400, owner },
      }
    }
    case 'group': {
      const owner = { uid: self.uid, gid: reader.gid }
      return {
        passage: 0o711,
        generation: { mode: 0o750, owner },
        key: { mode: 0o640, owner },
        others: { mode: 0o640, owner },
      }
    }
  }
}
