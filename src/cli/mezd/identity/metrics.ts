/** What a daemon's diagnostics show. The one name in the labels is that of its own bot. */
import { type Clock, SECOND } from '../../../base/clock.ts'
import { type Registry, SLOW } from '../../../diag/registry.ts'
import { certificateEndsAt, identityEndsAt } from '../../../identity/identity.ts'
import type { DaemonObserver } from '../../../identity/observer.ts'
import { readinessAt } from '../../../identity/readiness.ts'
import type { HookListener } from '../../../identity/renew-hook.ts'
import { outcomeOf } from '../../service/outcome.ts'

export function addIdentityMetrics(
  registry: Registry,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): Partial<DaemonObserver> {
  const gauge = (name: string, help: string) => registry.gauge(`mezite_identity_${name}`, help)
  const counter = <const L extends string>(name: string, help: string, labels: readonly L[]) =>
    registry.counter(`mezite_identity_${name}_total`, help, labels)
  const info = registry.gauge('mezite_identity_info', 'Always 1; whose identity it is.', ['bot'])
  const ready = gauge('ready', 'Whether the published certificate is valid.')
  const expiry = gauge(
    'certificate_expiry_timestamp_seconds',
    'End of the published certificate, Unix time.',
  )
  const identityExpiry = gauge(
    'expiry_timestamp_seconds',
    'Until when the identity can be renewed, Unix time.',
  )
  const next = gauge('next_renewal_timestamp_seconds', 'When it is renewed next, Unix time.')
  const last = gauge(
    'last_renewal_timestamp_seconds',
    'When it was issued: its last successful join or renewal, Unix time.',
  )
  const skew = gauge(
    'clock_skew_seconds',
    "This machine's clock less the hub's, at the last issue.",
  )
  const joins = counter('joins', 'Joins, by outcome: success, or the code of the error.', [
    'outcome',
  ])
  const renewals = counter('renewals', 'Renewals, by outcome: success, or the code of the error.', [
    'outcome',
  ])
  const failures = counter('publish_failures', 'Publications that failed.', [])
  const publications = counter('publications', 'Publications, by what brought them about.', ['by'])
  const duration = registry.histogram(
    'mezite_identity_renewal_duration_seconds',
    'How long renewals took, from the new keys to the answer on the disk.',
    SLOW,
    ['outcome'],
  )
  joins.add({ outcome: 'success' }, 0)
  renewals.add({ outcome: 'success' }, 0)
  failures.add({}, 0)
  ready.set({}, 0)

  let began = 0
  let isReady = () => false
  registry.onShow(() => ready.set({}, isReady() ? 1 : 0))
  return {
    onBegin() {
      began = clock.monotonic()
    },
    onEnd(activity, error) {
      const seconds = (clock.monotonic() - began) / SECOND
      const outcome = outcomeOf(error)
      if (activity === 'join') joins.add({ outcome })
      if (activity === 'publication' && error !== undefined) failures.add({})
      if (activity !== 'renewal') return
      renewals.add({ outcome })
      duration.observe({ outcome: error === undefined ? 'success' : 'failure' }, seconds)
    },
    onPublished({ identity, by, nextRenewalAt }) {
      info.clear()
      info.set({ bot: identity.bot }, 1)
      publications.add({ by })
      expiry.set({}, certificateEndsAt(identity) / SECOND)
      identityExpiry.set({}, identityEndsAt(identity) / SECOND)
      next.set({}, nextRenewalAt / SECOND)
      last.set({}, identity.issuedAt / SECOND)
      if (by === 'joined' || by === 'renewed') {
        skew.set({}, (clock.now() - identity.issuedAt) / SECOND)
      }
    },
    onCondition(condition, hubNow) {
      isReady = () => readinessAt(condition, hubNow()).ready
    },
  }
}

export function addHookMetrics(registry: Registry): HookListener {
  const runs = registry.counter(
    'mezite_identity_hook_runs_total',
    'Runs of the command of --on-renew, by outcome.',
    ['outcome'],
  )
  const failing = registry.gauge(
    'mezite_identity_hook_failing',
    'Whether the command of --on-renew has yet to succeed for the newest certificate.',
  )
  const duration = registry.histogram(
    'mezite_identity_hook_duration_seconds',
    'How long the command of --on-renew took.',
    SLOW,
  )
  for (const outcome of ['success', 'failure']) runs.add({ outcome }, 0)
  failing.set({}, 0)
  return ({ result, milliseconds }) => {
    const hasFailed = result.failure !== undefined
    runs.add({ outcome: hasFailed ? 'failure' : 'success' })
    failing.set({}, hasFailed ? 1 : 0)
    duration.observe({}, milliseconds / SECOND)
  }
}
