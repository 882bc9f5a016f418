/** `--audit-retention` and `--audit-sink`. */
import { HOUR } from '../../base/clock.ts'
import { optional } from '../../base/parameter.ts'
import { duration, file, ValueError, type ValueKind } from '../../base/value-kind.ts'

const AUDIT = 'Audit log:'

/** A path, or `stdout`. */
const sink: ValueKind<string> = {
  placeholder: 'FILE|stdout',
  many: false,
  completion: 'file',
  parse: (texts, where) => {
    const [text = ''] = texts
    return text === '-' || text === 'stdout' ? 'stdout' : file.parse(texts, where)
  },
}

const retention: ValueKind<number> = {
  ...duration,
  parse: (texts, where) => {
    const kept = duration.parse(texts, where)
    if (kept >= HOUR) return kept
    throw new ValueError('malformed', `"${texts[0]}" is too short a time to keep audit events`, {
      hint: 'keep them for an hour at least: 90d',
    })
  },
}

export const auditParameters = {
  auditRetention: optional(retention, {
    help: 'prune audit events that are older; what is left can still be verified',
    defaultText: 'kept for ever',
    group: AUDIT,
  }),
  auditSink: optional(sink, {
    help: 'copy audit events there as JSON lines; a file is opened anew on SIGHUP',
    defaultText: 'not copied',
    group: AUDIT,
  }),
}
