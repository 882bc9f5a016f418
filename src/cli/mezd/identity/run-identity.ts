/** Runs an identity in the real world. */
import { formatTime } from '../../../base/clock.ts'
import { systemFileSystem } from '../../../base/file-system.ts'
import type { LeveledLogger } from '../../../base/log.ts'
import { runDaemon } from '../../../identity/daemon.ts'
import { IdentityError } from '../../../identity/errors.ts'
import { forgetHookState } from '../../../identity/hook-state.ts'
import { certificateEndsAt } from '../../../identity/identity.ts'
import { runOneShot } from '../../../identity/one-shot.ts'
import {
  checkParameters,
  type IdentityParameters,
  stateDirectoryOf,
} from '../../../identity/parameters.ts'
import type { Readiness } from '../../../identity/readiness.ts'
import { type HookCommand, type HookListener, RenewHook } from '../../../identity/renew-hook.ts'
import { RenewalTrigger } from '../../../identity/renewal-trigger.ts'
import type { Invocation } from '../../invocation.ts'
import { openLog } from '../../log-parameters.ts'
import { reloadOnSignal } from '../../service/reload.ts'
import { Service } from '../../service/service.ts'
import { Settings } from '../../service/settings.ts'
import { DaemonHealth } from './daemon-health.ts'
import type { IdentityDiagnostics } from './diagnostics.ts'
import { hookCommand } from './hook-command.ts'
import { logHook, logObserver, seconds } from './log-observer.ts'
import { type IdentityStartValues, identityParameters } from './parameters.ts'
import { identityPorts } from './ports.ts'
import { remember } from './remember.ts'
import { tellAll } from './tell-all.ts'

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
  const { bot, sshCertificate } = identity
  const expiresAt = certificateEndsAt(identity)
  invocation.stdout.write(
    `Joined as ${bot}. Certificates written to ${values.destination} (valid until ${formatTime(expiresAt)})\n`,
  )
  const command = commandOf(values, invocation)
  const occasion = { by: 'joined', bot, serial: sshCertificate.serial, expiresAt } as const
  const { failure, output = '' } = (await command?.(occasion, invocation.signal)) ?? {}
  if (output !== '') invocation.stderr.write(`${output}\n`)
  if (failure === undefined) return
  throw new IdentityError('hook-failed', `the command of --on-renew failed: ${failure}`, {
    hint: 'the certificate is published all the same',
  })
}

/**
 * Until the invocation's signal is aborted.
 *
 * @param readAgain the values as the files say now
 * @throws IdentityError, HubError, ListenError, CliError
 */
export async function startDaemon(
  values: IdentityStartValues,
  invocation: Invocation,
  readAgain: () => Promise<IdentityStartValues>,
): Promise<void> {
  const log = await openLog(values, invocation)
  const trigger = new RenewalTrigger()
  const first = await identityParameters(values, invocation)
  let parameters = first
  const settings = new Settings<IdentityStartValues>({
    values,
    readAgain,
    live: ['renewalInterval', 'certificateTtl', 'keyLifetime', 'logLevel'],
    ignored: ['joinToken'],
    async check(next) {
      const wanted: IdentityParameters = {
        ...(await identityParameters(next, invocation)),
        joinToken: first.joinToken,
      }
      checkParameters(wanted)
      parameters = wanted
    },
  })
  const health = new DaemonHealth(invocation.clock)
  await using diagnostics = await createDiagnostics(values, invocation, log)
  await using service = new Service({ invocation, log, live: () => health.live() })
  const renewNow = () => {
    log.info({}, 'renewing now, as asked by a signal')
    trigger.renewNow()
  }
  using _reload = reloadOnSignal({
    ...{ invocation, log, settings, service },
    onReloaded: (succeeded) => diagnostics?.onReloaded(succeeded),
    also: renewNow,
  })
  using ends = new DisposableStack()
  ends.defer(invocation.on('SIGUSR1', renewNow))
  const stateDirectory = stateDirectoryOf(first)
  const listeners = [logHook(log), ...(diagnostics ? [diagnostics.onHook] : [])]
  const hook = createHook(values, invocation, stateDirectory, listeners)
  // A service can't write to a home directory; msh looks where services publish.
  const level = invocation.env['NOTIFY_SOCKET'] === undefined ? 'warn' : 'debug'
  const warn = (text: string) => log[level]({}, text)
  let isRemembered = false
  const stopped = new AbortController()
  const hookEnds = hook?.run(AbortSignal.any([invocation.signal, stopped.signal]))
  try {
    await runDaemon({
      ports: identityPorts(invocation),
      parameters,
      currentParameters: () => parameters,
      signal: invocation.signal,
      trigger,
      rereadJoinToken: async () => (await readAgain()).joinToken,
      async onHeld() {
        await diagnostics?.serve(health)
        if (hook === undefined) await forgetHookState(systemFileSystem, stateDirectory)
      },
      observer: tellAll([
        logObserver(log),
        health,
        ...(diagnostics ? [diagnostics.observer] : []),
        {
          onPublished(published) {
            service.ready()
            hook?.published(published)
            if (!isRemembered) void remember(values.destination, invocation, warn)
            isRemembered = true
          },
          onFailure: () => service.ready(),
          onReadiness: (readiness) => service.say(statusLine(readiness)),
        },
      ]),
    })
  } finally {
    stopped.abort()
    await hookEnds
  }
  log.info({}, 'stopped')
}

/** Loaded only where somebody wants to look. */
async function createDiagnostics(
  { diagAddr }: IdentityStartValues,
  invocation: Invocation,
  log: LeveledLogger,
): Promise<IdentityDiagnostics | undefined> {
  if (diagAddr === undefined) return undefined
  const { IdentityDiagnostics } = await import('./diagnostics.ts')
  return new IdentityDiagnostics(diagAddr, { program: 'mezd identity', invocation, log })
}

function commandOf(
  { onRenew, onRenewTimeout: timeoutMs, destination }: IdentityStartValues,
  { env, clock }: Invocation,
): HookCommand | undefined {
  if (onRenew === undefined) return undefined
  return hookCommand({ command: onRenew, timeoutMs, destination, env, clock })
}

function createHook(
  values: IdentityStartValues,
  invocation: Invocation,
  stateDirectory: string,
  listeners: readonly HookListener[],
): RenewHook | undefined {
  const command = commandOf(values, invocation)
  if (command === undefined) return undefined
  const { clock, random } = invocation
  const onRun: HookListener = (run) => {
    for (const listener of listeners) listener(run)
  }
  return new RenewHook({ command, fs: systemFileSystem, clock, random, stateDirectory, onRun })
}

/** For `systemctl status`. */
function statusLine(readiness: Readiness): string {
  if (readiness.ready) return 'ready: the published certificate is valid'
  return `not ready: ${readiness.reasons.map(({ message }) => message).join('; ')}`
}
