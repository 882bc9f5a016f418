/** Fields of the hub's answers, read strictly: what goes on with them is whole, or isn't there. */
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt'
import type { TrustBundle as TrustMessage } from '../gen/mezite/v1/identity_pb.js'
import { fromDuration, fromTimestamp } from '../rpc/times.ts'
import { type ClusterTrust, HubError, type HubWishes } from './identity-hub.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** All throw HubError `bad-answer` for a field that has no usable value. */

export function text(field: string, value: string): string {
  if (value === '') throw missing(field)
  return value
}

export function uuid(field: string, value: string): string {
  if (!UUID.test(value)) throw missing(field)
  return value
}

export function generation(value: bigint): bigint {
  if (value < 1n) throw missing('generation')
  return value
}

export function bytes(field: string, value: Uint8Array): Buffer {
  if (value.length === 0) throw missing(field)
  return Buffer.from(value)
}

/** Milliseconds since the epoch. */
export function time(field: string, value: Timestamp | undefined): number {
  const ms = value && fromTimestamp(value)
  if (ms === undefined) throw missing(field)
  return ms
}

/** Milliseconds; undefined where it isn't set. */
function optionalDuration(field: string, value: Duration | undefined): number | undefined {
  if (!value) return undefined
  const ms = fromDuration(value)
  if (ms === undefined || ms < 0) throw missing(field)
  return ms
}

export function readWishes(message: {
  readonly reportTrust: boolean
  readonly renewWithin?: Duration | undefined
}): HubWishes {
  return {
    reportTrust: message.reportTrust,
    renewWithinMs: optionalDuration('renew_within', message.renewWithin),
  }
}

export function readTrust(trust: TrustMessage | undefined): ClusterTrust {
  if (!trust) throw missing('trust')
  return {
    clusterId: uuid('cluster_id', trust.clusterId),
    tlsCas: keys('tls_ca', trust.tlsCa),
    userCas: keys('user_ca', trust.userCa),
    hostCas: keys('host_ca', trust.hostCa),
  }
}

function keys(field: string, values: readonly Uint8Array[]): readonly Buffer[] {
  if (values.length === 0) throw missing(field)
  return values.map((value) => bytes(field, value))
}

export function missing(field: string): HubError {
  return new HubError('bad-answer', `the hub's answer has no usable ${field}`, {
    hint: 'are hub and client of versions that go together?',
  })
}
