/** Exit codes: one table for every error of every layer. The compiler checks that none is missing. */

import type { AuditDamageCode } from '../auth/audit-damage.ts'
import type { AuthErrorCode } from '../auth/errors.ts'
import type { StoreErrorCode } from '../auth/storage.ts'
import type { ConfigErrorCode } from '../base/config.ts'
import { MeziteError } from '../base/errors.ts'
import type { ExclusiveLockError } from '../base/exclusive-lock.ts'
import type { ListenErrorCode } from '../base/listen-error.ts'
import type { PlainFileError } from '../base/plain-file.ts'
import type { UnsafeDirectoryError } from '../base/safe-directory.ts'
import type { HubErrorCode } from '../client/identity-hub.ts'
import type { IdentityErrorCode } from '../identity/errors.ts'
import type { NodeErrorCode } from '../node/errors.ts'
import type { PolicyErrorCode } from '../policy/policy-error.ts'
import type { SshFormatErrorCode } from '../ssh/errors.ts'
import type { HubChainError } from '../trust/hub-chain.ts'
import type { JoinTokenError } from '../trust/join-token.ts'
import type { X509ErrorCode } from '../x509/errors.ts'
import type { CliErrorCode } from './cli-error.ts'
import { Interrupted } from './invocation.ts'

export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 6,
  localState: 7,
  damaged: 8,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** For help texts. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'success',
  1: 'internal failure',
  2: 'usage or bad input',
  3: 'refused by the hub',
  4: 'not found',
  5: 'exists already, in use, or changed meanwhile',
  6: 'hub unreachable or not trusted',
  7: 'local state: destination, state directory, a file, a lock held',
  8: 'the audit log is not as the hub wrote it',
}

type CodesOf<Code extends string> = Readonly<Record<Code, ExitCode>>

const AUTH: CodesOf<AuthErrorCode> = {
  'invalid-request': EXIT.usage,
  'not-found': EXIT.notFound,
  'already-exists': EXIT.conflict,
  'in-use': EXIT.conflict,
  'clock-skew': EXIT.refused,
  'interval-too-long': EXIT.usage,
  'token-unknown': EXIT.refused,
  'token-used': EXIT.refused,
  'token-expired': EXIT.refused,
  'token-rotated': EXIT.refused,
  'token-wrong-kind': EXIT.refused,
  'bot-removed': EXIT.refused,
  'bot-locked': EXIT.refused,
  'instance-locked': EXIT.refused,
  'instance-unknown': EXIT.refused,
  'node-removed': EXIT.refused,
  'node-locked': EXIT.refused,
  'node-offline': EXIT.refused,
  'generation-mismatch': EXIT.refused,
  'identity-expired': EXIT.refused,
  unauthenticated: EXIT.refused,
  'permission-denied': EXIT.refused,
  'stream-replaced': EXIT.conflict,
  'stream-overrun': EXIT.unreachable,
  'passphrase-needed': EXIT.usage,
  'passphrase-wrong': EXIT.usage,
  'passphrase-unused': EXIT.usage,
  busy: EXIT.unreachable,
  'rate-limited': EXIT.refused,
  conflict: EXIT.conflict,
  unavailable: EXIT.unreachable,
  'audit-damaged': EXIT.damaged,
  internal: EXIT.internal,
}

const HUB: CodesOf<HubErrorCode> = {
  unreachable: EXIT.unreachable,
  busy: EXIT.unreachable,
  'not-a-hub': EXIT.unreachable,
  untrusted: EXIT.unreachable,
  'clock-skew': EXIT.unreachable,
  refused: EXIT.refused,
  'bad-answer': EXIT.internal,
}

const STORE: CodesOf<StoreErrorCode> = {
  exists: EXIT.conflict,
  missing: EXIT.notFound,
  'in-use': EXIT.conflict,
  conflict: EXIT.conflict,
  unavailable: EXIT.localState,
  'in-use-by-another': EXIT.localState,
  'too-new': EXIT.localState,
  damaged: EXIT.localState,
}

const CONFIG: CodesOf<ConfigErrorCode> = {
  missing: EXIT.usage,
  'malformed-value': EXIT.usage,
  conflicting: EXIT.usage,
  'unknown-key': EXIT.usage,
  'duplicate-key': EXIT.usage,
  'malformed-file': EXIT.usage,
  unreadable: EXIT.localState,
}

const POLICY: CodesOf<PolicyErrorCode> = {
  'invalid-document': EXIT.usage,
  'malformed-name': EXIT.usage,
  'malformed-label': EXIT.usage,
  'malformed-pattern': EXIT.usage,
  'malformed-selector': EXIT.usage,
  'malformed-option': EXIT.usage,
  'too-many-principals': EXIT.usage,
}

const CLI: CodesOf<CliErrorCode> = {
  usage: EXIT.usage,
  'no-hub': EXIT.unreachable,
  'not-found': EXIT.notFound,
  'file-exists': EXIT.localState,
  'file-unreadable': EXIT.localState,
  'file-unwritable': EXIT.localState,
  'unsafe-directory': EXIT.localState,
  'malformed-file': EXIT.localState,
  'restart-needed': EXIT.usage,
  'damaged-log': EXIT.damaged,
}

const IDENTITY: CodesOf<IdentityErrorCode> = {
  'invalid-parameters': EXIT.usage,
  'token-needed': EXIT.usage,
  'wrong-token': EXIT.usage,
  'unsafe-destination': EXIT.localState,
  'unsafe-state': EXIT.localState,
  occupied: EXIT.localState,
  held: EXIT.localState,
  'state-corrupt': EXIT.localState,
  'state-version': EXIT.localState,
  'no-certificate': EXIT.localState,
  'hook-failed': EXIT.localState,
  'clock-skew': EXIT.refused,
  'bad-issue': EXIT.internal,
  'not-permitted': EXIT.localState,
  'read-only': EXIT.localState,
  'disk-full': EXIT.localState,
  'file-failed': EXIT.localState,
}

const NODE: CodesOf<NodeErrorCode> = {
  'invalid-parameters': EXIT.usage,
  'token-needed': EXIT.usage,
  'wrong-token': EXIT.usage,
  'not-root': EXIT.localState,
  'sshd-missing': EXIT.localState,
  'sshd-not-including': EXIT.localState,
  'sshd-occupied': EXIT.localState,
  'sshd-refused': EXIT.localState,
  'sshd-failed': EXIT.localState,
  'no-host-key': EXIT.localState,
  'bad-issue': EXIT.internal,
  'state-corrupt': EXIT.localState,
  'not-joined': EXIT.notFound,
}

const LISTEN: CodesOf<ListenErrorCode> = {
  'address-in-use': EXIT.localState,
  'address-forbidden': EXIT.localState,
  'address-unknown': EXIT.usage,
  'socket-in-use': EXIT.localState,
  'socket-blocked': EXIT.localState,
  'socket-path-too-long': EXIT.usage,
}

/** Files of keys and certificates, as found here; what the hub sends is checked by its client. */
const SSH_FORMAT: CodesOf<SshFormatErrorCode> = {
  truncated: EXIT.localState,
  trailing: EXIT.localState,
  'non-canonical': EXIT.localState,
  malformed: EXIT.localState,
  unsupported: EXIT.localState,
  forbidden: EXIT.localState,
  mismatch: EXIT.localState,
  'bad-signature': EXIT.localState,
}

const X509: CodesOf<X509ErrorCode> = {
  'invalid-request': EXIT.internal,
  'outlives-issuer': EXIT.internal,
  'unsupported-key': EXIT.localState,
  'key-mismatch': EXIT.localState,
  'malformed-certificate': EXIT.localState,
  'malformed-identity-uri': EXIT.localState,
  'malformed-pem': EXIT.localState,
  'profile-mismatch': EXIT.localState,
  'wrong-issuer': EXIT.localState,
  'not-yet-valid': EXIT.localState,
  expired: EXIT.localState,
  'self-check-failed': EXIT.internal,
}

const EXCLUSIVE_LOCK: CodesOf<ExclusiveLockError['code']> = {
  held: EXIT.localState,
  unavailable: EXIT.localState,
}

const PLAIN_FILE: CodesOf<PlainFileError['code']> = {
  'not-a-file': EXIT.localState,
  'too-large': EXIT.localState,
  foreign: EXIT.localState,
}

const UNSAFE_DIRECTORY: CodesOf<UnsafeDirectoryError['code']> = { unsafe: EXIT.localState }

const HUB_CHAIN: CodesOf<HubChainError['code']> = {
  'other-hub': EXIT.unreachable,
  'other-ca': EXIT.unreachable,
  'not-a-server': EXIT.unreachable,
  'clock-skew': EXIT.unreachable,
}

const JOIN_TOKEN: CodesOf<JoinTokenError['code']> = {
  malformed: EXIT.usage,
  mistyped: EXIT.usage,
}

const AUDIT_DAMAGE: CodesOf<AuditDamageCode> = {
  altered: EXIT.damaged,
  missing: EXIT.damaged,
  misplaced: EXIT.damaged,
  contradiction: EXIT.damaged,
  'bad-signature': EXIT.damaged,
  'unknown-key': EXIT.damaged,
  unsigned: EXIT.damaged,
  'not-covered': EXIT.damaged,
  malformed: EXIT.damaged,
  'unknown-version': EXIT.damaged,
}

const MALFORMED: CodesOf<'malformed'> = { malformed: EXIT.usage }

/** By the name of the error's class, so that no layer is loaded for its errors' sake. */
export const LAYERS: Readonly<Record<string, Readonly<Record<string, ExitCode>>>> = {
  AddressError: MALFORMED,
  AuditDamage: AUDIT_DAMAGE,
  AuthError: AUTH,
  CliError: CLI,
  ConfigError: CONFIG,
  DurationError: MALFORMED,
  ExclusiveLockError: EXCLUSIVE_LOCK,
  HubChainError: HUB_CHAIN,
  HubError: HUB,
  IdentityError: IDENTITY,
  JoinTokenError: JOIN_TOKEN,
  ListenError: LISTEN,
  NodeError: NODE,
  PlainFileError: PLAIN_FILE,
  PolicyError: POLICY,
  SshFormatError: SSH_FORMAT,
  StoreError: STORE,
  UnsafeDirectoryError: UNSAFE_DIRECTORY,
  ValueError: MALFORMED,
  X509Error: X509,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.signal === 'SIGINT' ? 130 : 143
  if (!(error instanceof MeziteError)) return EXIT.internal
  const refusal =
    'hubCode' in error && typeof error.hubCode === 'string' ? error.hubCode : undefined
  const byHub = refusal === undefined ? undefined : lookUp(AUTH, refusal)
  return byHub ?? lookUp(LAYERS[error.name] ?? {}, error.code) ?? EXIT.internal
}

function lookUp(codes: Readonly<Record<string, ExitCode>>, code: string): ExitCode | undefined {
  return Object.hasOwn(codes, code) ? codes[code] : undefined
}
