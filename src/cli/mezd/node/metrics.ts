/** What an agent's diagnostics show. The one name in the labels is that of its own node. */
import { type Clock, SECOND } from '../../../base/clock.ts'
import { QUICK, type Registry, SLOW } from '../../../diag/registry.ts'
import { hostCertificateEndsAt, identityEndsAt } from '../../../node/node-identity.ts'
import type { NodeObserver } from '../../../node/node-observer.ts'
import { outcomeOf } from '../../service/outcome.ts'

export function addNodeMetrics(
  registry: Registry,
  clock: Pick<Clock, 'monotonic'>,
): Partial<NodeObserver> {
  return { ...addIdentity(registry, clock), ...addGrants(registry), ...addSessions(registry) }
}

const PREFIX = 'mezite_node'

function addIdentity(registry: Registry, clock: Pick<Clock, 'monotonic'>): Partial<NodeObserver> {
  const gauge = (name: string, help: string) => registry.gauge(`${PREFIX}_${name}`, help)
  const info = registry.gauge(`${PREFIX}_info`, 'Always 1; which node it is.', ['node'])
  const hostExpiry = gauge(
    'host_certificate_expiry_timestamp_seconds',
    'End of the host certificate, Unix time.',
  )
  const expiry = gauge(
    'identity_expiry_timestamp_seconds',
    'Until when the identity can be renewed, Unix time.',
  )
  const next = gauge('next_renewal_timestamp_seconds', 'When it is renewed next, Unix time.')
  const last = gauge(
    'last_renewal_timestamp_seconds',
    'When it was issued: its last successful join or renewal, Unix time.',
  )
  const joins = registry.counter(
    `${PREFIX}_joins_total`,
    'Joins, by outcome: success, or the code of the error.',
    ['outcome'],
  )
  const renewals = registry.counter(
    `${PREFIX}_renewals_total`,
    'Renewals, by outcome: success, or the code of the error.',
    ['outcome'],
  )
  const duration = registry.histogram(
    `${PREFIX}_renewal_duration_seconds`,
    'How long renewals took, from the new keys to the answer on the disk.',
    SLOW,
    ['outcome'],
  )
  joins.add({ outcome: 'success' }, 0)
  renewals.add({ outcome: 'success' }, 0)
  let began = 0
  return {
    onBegin(activity) {
      if (activity === 'renewal') began = clock.monotonic()
    },
    onEnd(activity, error) {
      const outcome = outcomeOf(error)
      if (activity === 'join') joins.add({ outcome })
      if (activity !== 'renewal') return
      renewals.add({ outcome })
      const seconds = (clock.monotonic() - began) / SECOND
      duration.observe({ outcome: error === undefined ? 'success' : 'failure' }, seconds)
    },
    onIdentity({ identity, nextRenewalAt }) {
      info.clear()
      info.set({ node: identity.name }, 1)
      hostExpiry.set({}, hostCertificateEndsAt(identity) / SECOND)
      expiry.set({}, identityEndsAt(identity) / SECOND)
      next.set({}, nextRenewalAt / SECOND)
      last.set({}, identity.issuedAt / SECOND)
    },
  }
}

function addGrants(registry: Registry): Partial<NodeObserver> {
  const gauge = (name: string, help: string) => registry.gauge(`${PREFIX}_${name}`, help)
  const connected = gauge('hub_connected', 'Whether the hub is in touch.')
  const stale = gauge(
    'stale_since_timestamp_seconds',
    'Since when the hub is out of touch, Unix time; 0 while it is in touch.',
  )
  const updates = registry.counter(
    `${PREFIX}_updates_applied_total`,
    'Updates by the hub of who may enter: written whole, or not.',
    ['outcome'],
  )
  const duration = registry.histogram(
    `${PREFIX}_apply_duration_seconds`,
    'From the arrival of an update until its files were on the disk.',
    QUICK,
  )
  const failures = registry.counter(`${PREFIX}_failures_total`, 'Failures, by what failed.', [
    'what',
  ])
  connected.set({}, 0)
  for (const outcome of ['complete', 'incomplete']) updates.add({ outcome }, 0)
  for (const what of FAILING) failures.add({ what }, 0)
  return {
    onConnection(connection) {
      connected.set({}, connection.state === 'fresh' ? 1 : 0)
      stale.set({}, connection.state === 'fresh' ? 0 : connection.since / SECOND)
    },
    onApplied({ complete, milliseconds }) {
      updates.add({ outcome: complete ? 'complete' : 'incomplete' })
      duration.observe({}, milliseconds / SECOND)
    },
    onFailure: ({ what }) => failures.add({ what }),
  }
}

const FAILING = ['join', 'renewal', 'watch', 'files', 'report', 'sessions', 'sshd'] as const

function addSessions(registry: Registry): Partial<NodeObserver> {
  const gauge = (name: string, help: string) => registry.gauge(`${PREFIX}_${name}`, help)
  const open = gauge('sessions', 'Sessions that are open.')
  const queued = gauge('queued_events', 'Session events that the hub has yet to be told.')
  const logins = gauge('logins', 'Logins that somebody may enter as.')
  const reloads = registry.counter(
    `${PREFIX}_sshd_reloads_total`,
    'Times that sshd was told to read its configuration again.',
  )
  const started = registry.counter(`${PREFIX}_sessions_started_total`, 'Sessions that have begun.')
  const ended = registry.counter(`${PREFIX}_sessions_ended_total`, 'Sessions that have ended.', [
    'reason',
  ])
  started.add({}, 0)
  ended.add({ reason: 'closed' }, 0)
  return {
    onRunning(agent) {
      let counted = 0
      registry.onShow(() => {
        open.set({}, agent.sessions())
        queued.set({}, agent.queuedEvents())
        logins.set({}, agent.logins())
        reloads.add({}, agent.sshdReloads() - counted)
        counted = agent.sshdReloads()
      })
    },
    onSession(event) {
      if (event.kind === 'start') started.add({})
      else ended.add({ reason: event.reason })
    },
  }
}
