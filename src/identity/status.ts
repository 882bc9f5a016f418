/** What `mezd identity status` shows, read beside a running daemon and without disturbing it. */
import { join } from 'node:path'
import { formatAddress } from '../base/address.ts'
import { type Clock, formatTime } from '../base/clock.ts'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import type { FileSystem } from '../base/file-system.ts'
import type { SshCertificate } from '../ssh/certificate.ts'
import { DESTINATION_LOCK, holderOf } from './hold.ts'
import { type HookState, readHookState } from './hook-state.ts'
import { type Identity, identityEndsAt } from './identity.ts'
import { type IdentityParameters, stateDirectoryOf } from './parameters.ts'
import { type Progress, readProgress } from './progress.ts'
import { readPublished, validityOf } from './published.ts'
import { stateDirectory } from './state.ts'

export type ProblemCode =
  | 'no-outputs'
  | 'outputs-unreadable'
  | 'mismatched-pair'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'outputs-behind'
  | 'state-unreadable'
  | 'identity-expired'
  | 'daemon-stopped'
  | 'renewal-failing'
  | 'renewal-overdue'
  | 'hook-failing'

export interface StatusProblem {
  readonly code: ProblemCode
  readonly message: string
}

/** Plain values, fit for JSON. Times are milliseconds since the epoch; undefined: not known. */
export interface IdentityStatus {
  readonly destination: string
  readonly stateDirectory: string
  readonly hub: string | undefined
  readonly bot: string | undefined
  readonly instanceId: string | undefined
  /** Decimal. */
  readonly generation: string | undefined
  readonly identityEndsAt: number | undefined
  readonly nextRenewalAt: number | undefined
  readonly certificate: CertificateStatus | undefined
  /** Whether whoever opens the outputs now gets a certificate that is valid, with its key. */
  readonly ready: boolean
  /** How the command of `--on-renew` went last; undefined: there is none, or it hasn't run yet. */
  readonly hook: HookState | undefined
  /** Who keeps it fresh: `pid 4711 since …`; undefined when nobody does. */
  readonly heldBy: string | undefined
  /** Empty when all is well. */
  readonly problems: readonly StatusProblem[]
}

export interface CertificateStatus {
  /** Decimal. */
  readonly serial: string
  readonly keyId: string
  readonly principals: readonly string[]
  readonly validAfter: number
  readonly validBefore: number
}

export interface StatusPorts {
  readonly fs: FileSystem
  readonly clock: Pick<Clock, 'now'>
}

/** Never throws for what it finds: that stands in `problems`. */
export async function readStatus(
  { fs, clock }: StatusPorts,
  parameters: Pick<IdentityParameters, 'destination' | 'stateDirectory'>,
): Promise<IdentityStatus> {
  const { destination } = parameters
  const statePath = stateDirectoryOf(parameters)
  const problems: StatusProblem[] = []
  const report = (code: ProblemCode, message: string) => problems.push({ code, message })

  const now = clock.now()
  const certificate = await readOutputs(fs, destination, report)
  if (certificate) judgeValidity(certificate, now, report)
  const ready = certificate !== undefined && problems.length === 0
  const { identity, progress } = await readState(fs, statePath, report)
  const hook = await readHookState(fs, statePath).catch(() => undefined)
  if (hook) judgeHook(hook, report)
  const heldBy = await holderIfAny(fs, destination)
  if (identity) judgeState(identity, progress, certificate, now, report)
  if (identity && heldBy === undefined) report('daemon-stopped', 'no mezd renews this identity')
  else if (identity && progress) judgeDelay(identity, progress, now, statePath, report)

  return {
    destination,
    stateDirectory: statePath,
    hub: identity && formatAddress(identity.hub),
    bot: identity?.bot ?? certificate?.validPrincipals.find(isBotPrincipal)?.slice(BOT.length),
    instanceId: identity?.instanceId,
    generation: identity?.generation.toString(),
    identityEndsAt: identity && identityEndsAt(identity),
    nextRenewalAt: progress?.nextRenewalAt,
    certificate: certificate && describe(certificate),
    ready,
    hook,
    heldBy,
    problems,
  }
}

type Report = (code: ProblemCode, message: string) => void

const BOT = 'bot:'

function isBotPrincipal(principal: string): boolean {
  return principal.startsWith(BOT)
}

async function readOutputs(
  fs: StatusPorts['fs'],
  destination: string,
  report: Report,
): Promise<SshCertificate | undefined> {
  try {
    const { certificate, directory, matches } = await readPublished(fs, destination)
    if (!matches) {
      report('mismatched-pair', `the key and the certificate in ${directory} don't match`)
    }
    return certificate
  } catch (error) {
    if (error instanceof Error && systemErrorCode(error.cause) === 'ENOENT') {
      report('no-outputs', `nothing is published in ${destination}`)
    } else {
      report('outputs-unreadable', messageOf(error))
    }
    return undefined
  }
}

function judgeValidity(certificate: SshCertificate, now: number, report: Report): void {
  const { validAfter, validBefore } = validityOf(certificate)
  if (now < validAfter) {
    report(
      'certificate-not-yet-valid',
      `the certificate is valid from ${formatTime(validAfter)} on: this machine's clock is behind`,
    )
  }
  if (now >= validBefore) {
    report('certificate-expired', `the certificate has ended at ${formatTime(validBefore)}`)
  }
}

async function readState(
  fs: StatusPorts['fs'],
  path: string,
  report: Report,
): Promise<{ identity: Identity | undefined; progress: Progress | undefined }> {
  try {
    const identity = await stateDirectory(fs, path).readIdentity()
    return { identity, progress: await readProgress(fs, path) }
  } catch (error) {
    report('state-unreadable', messageOf(error))
    return { identity: undefined, progress: undefined }
  }
}

function judgeState(
  identity: Identity,
  progress: Progress | undefined,
  certificate: SshCertificate | undefined,
  now: number,
  report: Report,
): void {
  const end = identityEndsAt(identity)
  if (now > end) {
    report(
      'identity-expired',
      `the identity can't be renewed any more since ${formatTime(end)}: ${readmitHint(identity)}`,
    )
  }
  if (certificate && !certificate.blob.equals(identity.sshCertificate.blob)) {
    report('outputs-behind', 'a newer certificate than the published one is in the state directory')
  }
  if (progress?.failure) {
    const { message, at } = progress.failure
    report('renewal-failing', `the last renewal failed at ${formatTime(at)}: ${message}`)
  }
}

/**
 * A daemon that can't write to its disk at all can't say so either. What is due is done long before half of
 * the time that is then left has gone, however far the clocks are apart that it gets along with.
 */
function judgeDelay(
  identity: Identity,
  { nextRenewalAt, failure }: Progress,
  now: number,
  statePath: string,
  report: Report,
): void {
  const { validBefore } = validityOf(identity.sshCertificate)
  if (failure !== undefined || now <= (nextRenewalAt + validBefore) / 2) return
  report(
    'renewal-overdue',
    `the renewal that was due at ${formatTime(nextRenewalAt)} is not noted: can ${statePath} be written? mezd's log says why`,
  )
}

function readmitHint({ bot, instanceId }: Identity): string {
  return `let it renew once more (mezctl bots readmit ${bot} --instance=${instanceId}), or give its mezd a new join token (mezctl bots rotate-token ${bot})`
}

function judgeHook({ failure, failures, at }: HookState, report: Report): void {
  if (failure === undefined) return
  const times = failures === 1 ? 'once' : `${failures} times`
  report(
    'hook-failing',
    `the command of --on-renew has failed ${times}, at ${formatTime(at)}: ${failure}`,
  )
}

/** Asking makes the file of the lock, so it is only asked where there has been one. */
async function holderIfAny(
  fs: StatusPorts['fs'],
  destination: string,
): Promise<string | undefined> {
  try {
    await fs.lstat(join(destination, DESTINATION_LOCK))
    return holderOf(destination, DESTINATION_LOCK)
  } catch {
    return undefined
  }
}

function describe(certificate: SshCertificate): CertificateStatus {
  return {
    serial: certificate.serial.toString(),
    keyId: certificate.keyId,
    principals: certificate.validPrincipals,
    ...validityOf(certificate),
  }
}
