/** What a daemon tells of itself, as log lines. */
import { formatTime, SECOND } from '../../../base/clock.ts'
import { formatDuration } from '../../../base/duration.ts'
import { MeziteError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import { certificateEndsAt, type Identity } from '../../../identity/identity.ts'
import type { DaemonObserver } from '../../../identity/observer.ts'
import type { ReadinessReason } from '../../../identity/readiness.ts'
import type { HookListener } from '../../../identity/renew-hook.ts'

export function logObserver(log: Logger): Partial<DaemonObserver> {
  return {
    onPublished({ identity, by, nextRenewalAt }) {
      log.info({ ...about(identity), next_renewal: formatTime(nextRenewalAt) }, PUBLISHED[by])
    },
    onFailure({ error, attempt, retryInMs }) {
      const hint = error instanceof MeziteError ? error.hint : undefined
      const fields = { error, ...(hint && { hint }), attempt: attempt + 1 }
      log.error(fields, `could not renew; again in ${seconds(retryInMs)}`)
    },
    onReadiness(readiness) {
      if (readiness.ready) log.info({}, 'ready: the published certificate is valid')
      else log.warn(notReady(readiness.reasons), 'not ready')
    },
    onWarning(warning) {
      if (warning.kind === 'clock-skew') {
        const { here, hub } = warning
        const skew = formatDuration(Math.round(Math.abs(here - hub) / SECOND) * SECOND)
        const clocks = { here: formatTime(here), hub: formatTime(hub) }
        log.warn(clocks, `the clocks of this machine and of the hub are ${skew} apart: set them`)
      } else if (warning.kind === 'token-unreadable') {
        log.warn({ error: warning.error }, 'the join token that is given now is of no use')
      } else if (warning.kind === 'watch-failed') {
        log.warn({ error: warning.error }, 'out of touch with the hub: changes come with renewals')
      } else {
        log.warn({ error: warning.error }, 'old output files could not be removed')
      }
    },
  }
}

export function logHook(log: Logger): HookListener {
  return ({ occasion, result, milliseconds, failures, retryInMs }) => {
    const { failure, output } = result
    const fields = {
      serial: String(occasion.serial),
      took: seconds(milliseconds),
      ...(output !== '' && { output }),
    }
    if (failure === undefined) log.info(fields, 'the command of --on-renew has run')
    else {
      const again = retryInMs === undefined ? '' : `; again in ${seconds(retryInMs)}`
      log.error(
        { reason: failure, failures, ...fields },
        `the command of --on-renew failed${again}`,
      )
    }
  }
}

/** The log takes flat values. */
function notReady(reasons: readonly ReadinessReason[]) {
  const hint = reasons.find((reason) => reason.hint !== undefined)?.hint
  return {
    reason: reasons.map(({ code }) => code).join(),
    detail: reasons.map(({ message }) => message).join('; '),
    ...(hint && { hint }),
  }
}

const PUBLISHED = {
  joined: 'joined',
  renewed: 'renewed',
  followed: 'the nodes or CAs have changed; the certificate is the same',
  republished: 'going on with the identity in the state directory',
} as const

function about(identity: Identity) {
  return {
    bot: identity.bot,
    instance: identity.instanceId,
    generation: String(identity.generation),
    valid_until: formatTime(certificateEndsAt(identity)),
  }
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`
}
