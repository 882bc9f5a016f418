import { messageOf, systemErrorCode } from '../../../base/errors.ts'
import { StoreError } from '../../storage.ts'

/**
 * What an operator does about a failure, by SQLSTATE
 * (https://www.postgresql.org/docs/15/errcodes-appendix.html) or by Node's code.
 */
const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'give the right password: --store-password-file, MEZITE_STORE_PASSWORD or a passfile',
  '28000': "look at the role and at the server's pg_hba.conf",
  '3D000': 'create it: createdb --owner=ROLE DATABASE',
  '42501': 'make the role the owner of the database: ALTER DATABASE … OWNER TO …',
  '53300': 'raise max_connections; a hub uses up to 6 connections',
  '53100': "free space on the server's disk",
  '55P03': 'another hub, or a session of somebody, holds the store for long: see pg_stat_activity',
  '25006': 'name the primary, or all servers: postgres://…@ONE,OTHER/…',
  '57P01': 'the server is being stopped: it is tried again',
  '57P03': 'the server is starting or stopping: it is tried again',
  ECONNREFUSED: 'start the server, or look at its address and port',
  ENOENT: 'start the server, or name the directory of its socket',
  ENOTFOUND: 'look at the name of the host',
  EAI_AGAIN: 'look at the name of the host and at the resolver',
  ERR_TLS_CERT_ALTNAME_INVALID:
    "use the name in the server's certificate, or give it a certificate for this one",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'trust its certificate: …?sslrootcert=FILE',
  SELF_SIGNED_CERT_IN_CHAIN: "trust its CA's certificate: …?sslrootcert=FILE",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "trust its CA's certificate: …?sslrootcert=FILE",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "trust its CA's certificate: …?sslrootcert=FILE",
  CERT_HAS_EXPIRED: 'give the server a new certificate',
}

const TIMED_OUT = 'look at the network between this machine and the server'
const NO_TLS =
  "turn on the server's TLS (ssl = on), or say …?sslmode=disable on a network that is yours"

/** Classes of what an act's values did: the fault of the act, not of the store. */
const OF_THE_ACT = /^2[23]/

/** @param where the server, for people. @returns what is to be thrown in its place */
export function storeError(error: unknown, where: string): StoreError {
  if (error instanceof StoreError) return error
  const code = systemErrorCode(error)
  if (code !== undefined && OF_THE_ACT.test(code)) {
    return new StoreError('unavailable', 'act', `the act can't be stored: ${messageOf(error)}`, {
      cause: withoutDetail(error),
    })
  }
  if (code === 'XX001' || code === 'XX002') {
    return new StoreError('damaged', 'store', `${where} is damaged: ${messageOf(error)}`, {
      hint: 'restore the database from a backup; keep the damaged one for inspection',
      cause: withoutDetail(error),
    })
  }
  return new StoreError('unavailable', 'store', `${where} failed: ${messageOf(error)}`, {
    hint: hintOf(code, messageOf(error)),
    cause: withoutDetail(error),
  })
}

export function closedError(): StoreError {
  return new StoreError('unavailable', 'store', 'the store is closed')
}

function hintOf(code: string | undefined, message: string): string {
  const known = code === undefined ? undefined : HINTS[code]
  if (known !== undefined) return known
  if (message.includes('does not support SSL')) return NO_TLS
  if (message.includes('timeout')) return TIMED_OUT
  return "look at the server's log"
}

/** The driver's error carries values of rows in its details. */
function withoutDetail(error: unknown): Error {
  return new Error(messageOf(error))
}
