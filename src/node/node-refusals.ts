/** What a failed call to the hub means for a node. Codes are those of the hub's own errors. */
import { HubError } from '../client/identity-hub.ts'

/** Refusals of a join that pass by themselves, or when an administrator acts. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  'node-locked',
  'instance-locked',
  'clock-skew',
  'conflict',
  'unavailable',
  'internal',
])

/** The node is gone for good; only another join helps. */
const NODE_ENDED: ReadonlySet<string | undefined> = new Set([
  'node-removed',
  'instance-unknown',
  'identity-expired',
])

/** Whether the same token will never be accepted. */
export function isFinalForJoin(error: unknown): boolean {
  if (!(error instanceof HubError)) return false
  if (error.code === 'untrusted') return true
  return error.code === 'refused' && !PASSING.has(error.hubCode)
}

export function endsNode(error: unknown): boolean {
  return error instanceof HubError && error.code === 'refused' && NODE_ENDED.has(error.hubCode)
}

/** Whether the hub will never take these events. */
export function isFinalForEvents(error: unknown): boolean {
  return (
    error instanceof HubError && error.code === 'refused' && error.hubCode === 'invalid-request'
  )
}
