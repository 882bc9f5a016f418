/** Has the hub verify its own log, and checks that it is the hub that one means. */
import { AUDIT_DAMAGE_CODES, AuditDamage } from '../../../auth/audit-damage.ts'
import type { LogDamage, LogVerified } from '../../../gen/mezite/v1/admin_pb.js'
import { fingerprint, isSameKey, parsePublicKeyLine } from '../../../ssh/public-key.ts'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { withHub } from '../connection.ts'
import { counted, toMilliseconds } from '../wire-values.ts'
import { createProgress } from './progress.ts'
import type { Passed, VerifyValues } from './verify.ts'
import { readAuditKey } from './verify-file.ts'

/** @throws AuditDamage, CliError, HubError */
export async function verifyHub(
  values: VerifyValues,
  held: string | undefined,
  invocation: Invocation,
): Promise<Passed> {
  const wanted =
    values.publicKey === undefined ? undefined : await readAuditKey(values.publicKey, invocation)
  const progress = createProgress(invocation)
  return withHub(values, invocation, async (hub, options) => {
    const { publicKey } = await hub.audit.getAuditKey({}, options)
    const { key } = parsePublicKeyLine(publicKey)
    if (wanted && !isSameKey(key, wanted)) {
      const message = `the hub signs its log with ${fingerprint(key)}, not with the key given`
      throw new AuditDamage('unknown-key', undefined, message)
    }
    try {
      const stream = hub.audit.verifyLog({ checkpoint: held ?? '' }, options)
      for await (const { state } of stream) {
        if (state.case === 'verified') return passedOf(state.value)
        if (state.case === 'damage') throw damageOf(state.value)
        progress.show(`${counted(state.value ?? 0n, 'event')} verified`)
      }
    } finally {
      progress.clear()
    }
    throw new CliError('no-hub', 'the hub has ended the verification before its end', {
      hint: 'is it being stopped? try again',
    })
  })
}

function passedOf(verified: LogVerified): Passed {
  const { begins, first, last, events, checkpoints, signedThrough, signedAt } = verified
  return {
    begins,
    first: Number(first),
    last: Number(last),
    events: Number(events),
    checkpoints: Number(checkpoints),
    signedThrough: Number(signedThrough),
    signedAt: signedAt && toMilliseconds(signedAt),
  }
}

function damageOf({ code, sequence, message, hint }: LogDamage): AuditDamage {
  const known = AUDIT_DAMAGE_CODES.find((each) => each === code) ?? 'altered'
  const of = sequence === 0n ? undefined : Number(sequence)
  return new AuditDamage(known, of, message, { hint: hint || undefined })
}
