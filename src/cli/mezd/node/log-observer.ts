import { formatTime } from '../../../base/clock.ts'
import { MeziteError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { SessionEvent } from '../../../client/node-hub.ts'
import { hostCertificateEndsAt } from '../../../node/node-identity.ts'
import type { NodeFailure, NodeObserver } from '../../../node/node-observer.ts'

/** What an agent tells of itself, as log lines. */
export function logObserver(log: Logger): Partial<NodeObserver> {
  return {
    onIdentity({ identity, by, nextRenewalAt }) {
      const fields = {
        node: identity.name,
        instance: identity.instanceId,
        generation: String(identity.generation),
        host_certificate_until: formatTime(hostCertificateEndsAt(identity)),
        next_renewal: formatTime(nextRenewalAt),
      }
      log.info(fields, IDENTITY[by])
    },
    onConnection(connection) {
      if (connection.state === 'fresh') log.info({}, 'in touch with the hub')
      else log.warn({ reason: connection.reason }, 'out of touch with the hub; its last word holds')
    },
    onApplied({ full, logins, milliseconds, complete }) {
      const fields = { full, logins, took_ms: Math.round(milliseconds) }
      if (complete) log.debug(fields, 'who may enter is up to date')
      else log.warn(fields, 'who may enter could not be written whole')
    },
    onSession: (event) => logSession(log, event),
    onFailure({ what, error, retryInMs }) {
      const hint = error instanceof MeziteError ? error.hint : undefined
      const again = retryInMs === undefined ? '' : `; again in ${(retryInMs / 1_000).toFixed(1)}s`
      log.error({ error, ...(hint && { hint }) }, `${FAILURES[what]}${again}`)
    },
    onWarning: (message) => log.warn({}, message),
  }
}

const IDENTITY = {
  joined: 'joined',
  renewed: 'renewed',
  loaded: 'going on with the identity in the state directory',
} as const

const FAILURES: Readonly<Record<NodeFailure['what'], string>> = {
  join: 'could not join',
  renewal: 'could not renew',
  watch: 'could not follow the hub',
  files: "could not write sshd's files",
  report: 'could not report sessions',
  sessions: 'could not follow sessions',
  sshd: 'sshd failed',
}

function logSession(log: Logger, event: SessionEvent): void {
  const { sessionId: session } = event
  if (event.kind === 'end') {
    log.info({ session, reason: event.reason }, 'session ended')
    return
  }
  const { bot, login, address, certificateSerial } = event
  const fields = { session, bot, login, address, serial: String(certificateSerial) }
  log.info(fields, 'session started')
}
