/** Verifies an audit log from its lines alone: an export, or what a sink has written. */
import { fingerprint, isSameKey } from '../ssh/public-key.ts'
import { type AuditTrust, verifyStatement } from './audit-checkpoint.ts'
import { AuditDamage } from './audit-damage.ts'
import { type LogHeader, parseLogLine } from './audit-lines.ts'
import type { CheckpointRecord } from './audit-log.ts'
import { type AuditVerifier, createAuditVerifier, type Verified } from './audit-verifier.ts'

export interface AuditFileVerifier {
  /** @throws AuditDamage */
  line(line: string): void
  /**
   * What stands behind the last line end. A sink may be writing it just now; an export is whole.
   *
   * @throws AuditDamage
   */
  rest(text: string): void
  /** @throws AuditDamage */
  end(): VerifiedFile
}

export interface VerifiedFile extends Verified {
  readonly header: LogHeader
}

/**
 * An export must come to the event that its first line says it goes to. What a sink has written ends
 * where it ends.
 *
 * @param held a checkpoint that was kept elsewhere
 */
export function createAuditFileVerifier(
  keys: AuditTrust['keys'],
  held?: CheckpointRecord,
): AuditFileVerifier {
  let begun: { readonly header: LogHeader; readonly verifier: AuditVerifier } | undefined
  let last = 0

  function begin(header: LogHeader): void {
    const { clusterId, after, anchor, checkpoint } = header
    const trust = { clusterId, keys }
    if (!keys.some((key) => isSameKey(key, header.key))) throw otherKey(header)
    if (checkpoint) verifyStatement(trust, 'checkpoint', checkpoint)
    begun = { header, verifier: createAuditVerifier(trust, { head: after, anchor }, held) }
    last = after.sequence
  }

  return {
    line(text) {
      const line = read(text, last + 1)
      if (!begun) {
        if (line.kind !== 'log') throw noHeader()
        begin(line.header)
      } else if (line.kind === 'event') {
        begun.verifier.event(line.event)
        last = line.event.sequence
      } else if (line.kind === 'checkpoint') {
        begun.verifier.checkpoint(line.checkpoint)
      } else {
        throw new AuditDamage('misplaced', last + 1, 'a second log begins within the file')
      }
    },

    rest(text) {
      if (text === '' || (begun && !begun.header.checkpoint)) return
      const message = `the file ends within a line, where event ${last + 1} is expected`
      throw new AuditDamage('malformed', last + 1, message)
    },

    end() {
      if (!begun) throw noHeader()
      const { header, verifier } = begun
      if (header.checkpoint) verifier.checkpoint(header.checkpoint)
      return { ...verifier.end(), header }
    },
  }
}

function read(text: string, expected: number): ReturnType<typeof parseLogLine> {
  try {
    return parseLogLine(text)
  } catch (error) {
    if (!(error instanceof AuditDamage) || error.sequence !== undefined) throw error
    const message = `${error.message}, where event ${expected} is expected`
    throw new AuditDamage(error.code, expected, message, { cause: error })
  }
}

function otherKey({ clusterId, key }: LogHeader): AuditDamage {
  const message = `this log of cluster ${clusterId} is signed by ${fingerprint(key)}, not by the key given`
  return new AuditDamage('unknown-key', undefined, message, {
    hint: "mezctl audit key prints the hub's key",
  })
}

function noHeader(): AuditDamage {
  return new AuditDamage('malformed', undefined, 'this is not an exported audit log', {
    hint: 'mezctl audit export writes one; so does the hub, with --audit-sink',
  })
}
