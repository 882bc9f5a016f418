/** Runs an identity in the real world: what it tells becomes log lines. */
import { formatTime } from '../../../base/clock.ts'
import { formatDuration } from '../../../base/duration.ts'
import { MeziteError } from '../../../base/errors.ts'
import { systemFileSystem } from '../../../base/file-system.ts'
import type { Logger } from '../../../base/log.ts'
import { runDaemon } from '../../../identity/daemon.ts'
import { certificateEndsAt, type Identity } from '../../../identity/identity.ts'
import { recordLastDestination } from '../../../identity/last-destination.ts'
import type { DaemonObserver } from '../../../identity/observer.ts'
import { runOneShot } from '../../../identity/one-shot.ts'
import type { ReadinessReason } from '../../../identity/readiness.ts'
import { RenewalTrigger } from '../../../identity/renewal-trigger.ts'
import type { Invocation } from '../../invocation.ts'
import { openLog } from '../../log-parameters.ts'
import { userStateDirectory } from '../../user-state.ts'
import { type IdentityStartValues, identityParameters } from './parameters.ts'
import { identityPorts } from './ports.ts'

export async function startOneShot(
  values: IdentityStartValues,
  invocation: Invocation,
): Promise<void> {
  const { identity } = await runOneShot({
    ports: identityPorts(invocation),
    parameters: await identityParameters(values, invocation),
    signal: invocation.signal,
    onRetry: (error, retryInMs) => {
      const reason = error instanceof Error ? error.message : String(error)
      invocation.stderr.write(`no answer yet (${reason}); again in ${seconds(retryInMs)}\n`)
    },
  })
  await remember(values.destination, invocation, (reason) => invocation.stderr.write(`${reason}\n`))
  const until = formatTime(certificateEndsAt(identity))
  invocation.stdout.write(
    `Joined as ${identity.bot}. Certificates written to ${values.destination} (valid until ${until})\n`,
  )
}

export async function startDaemon(
  values: IdentityStartValues,
  invocation: Invocation,
  rereadJoinToken: () => Promise<string | undefined>,
): Promise<void> {
  const log = await openLog(values, invocation)
  const trigger = new RenewalTrigger()
  const renewNow = () => {
    log.info({}, 'renewing now, as asked by a signal')
    trigger.renewNow()
  }
  const ends = [invocation.on('SIGHUP', renewNow), invocation.on('SIGUSR1', renewNow)]
  try {
    await runDaemon({
      ports: identityPorts(invocation),
      parameters: await identityParameters(values, invocation),
      signal: invocation.signal,
      trigger,
      rereadJoinToken,
      observer: logObserver(
        log,
        () => void remember(values.destination, invocation, (text) => log.warn({}, text)),
      ),
    })
    log.info({}, 'stopped')
  } finally {
    for (const end of ends) end()
  }
}

/** So that `msh` finds the identity without being told; it is a convenience, never a failure. */
async function remember(
  destination: string,
  invocation: Invocation,
  warn: (message: string) => void,
): Promise<void> {
  const base = userStateDirectory(invocation)
  await recordLastDestination(systemFileSystem, base, destination).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    warn(`msh will need --identity=${destination}: ${reason}`)
  })
}

function logObserver(log: Logger, onFirst: () => void): DaemonObserver {
  let isFirst = true
  return {
    onPublished({ identity, by, nextRenewalAt }) {
      if (isFirst) onFirst()
      isFirst = false
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
    onCondition() {},
    onWarning(warning) {
      if (warning.kind === 'clock-skew') {
        const ahead = warning.skewMs > 0 ? 'ahead of' : 'behind'
        const skew = formatDuration(Math.abs(warning.skewMs))
        log.warn({}, `this machine's clock is ${skew} ${ahead} the hub's: set it`)
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

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`
}
