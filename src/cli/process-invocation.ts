import { homedir } from 'node:os'
import { isatty } from 'node:tty'
import { systemClock } from '../base/clock.ts'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import { systemRandom } from '../base/random.ts'
import { CliError } from './cli-error.ts'
import { FileOutput, isFileOutput } from './file-output.ts'
import { Interrupted, type Invocation, type Output } from './invocation.ts'
import { SECRET_VARIABLES } from './own-secrets.ts'

/** The process as an `Invocation`. Streams are opened when they are first used. */
export function processInvocation(argv: readonly string[]): Invocation {
  return {
    argv,
    env: takeEnvironment(),
    cwd: process.cwd(),
    home: homedir(),
    uid: process.geteuid?.() ?? -1,
    get stdin() {
      return process.stdin
    },
    stdout: outputOf(1, () => process.stdout, endProgram),
    stderr: outputOf(2, () => process.stderr, liveOn),
    clock: systemClock,
    random: systemRandom,
    signal: abortedBySignals(),
    on(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
  }
}

/** This process's variables; the secrets among them are no longer those of its children. */
function takeEnvironment(): Readonly<Record<string, string | undefined>> {
  const env = { ...process.env }
  for (const name of SECRET_VARIABLES) delete process.env[name]
  return env
}

/** What was asked for can't be told. @throws CliError */
function endProgram(cause: unknown): never {
  throw new CliError('file-unwritable', `can't write to standard output: ${messageOf(cause)}`, {
    hint: 'what was to be printed is lost; what the program was asked to do may be done',
    cause,
  })
}

/** A log that can't be written, as on a full disk, is no reason to stop what it tells of. */
function liveOn(): void {}

/** @param onFailure what becomes of the program */
function outputOf(
  descriptor: number,
  open: () => NodeJS.WriteStream,
  onFailure: (error: unknown) => void,
): Output {
  if (isFileOutput(descriptor)) {
    const file = new FileOutput(descriptor, onFailure)
    const noTerminal = { isTerminal: false, columns: undefined, rows: undefined }
    return { write: (text) => file.write(text), isClosed: false, ...noTerminal }
  }
  let stream: NodeJS.WriteStream | undefined
  let closed = false
  return {
    write(text) {
      if (closed) return
      if (!stream) {
        stream = open()
        stream.on('error', (error) => {
          // Its reader has gone, as in `mezctl bots ls | head -1`: there is nobody to tell.
          closed = true
          if (systemErrorCode(error) !== 'EPIPE') onFailure(error)
        })
      }
      stream.write(text)
    },
    get isClosed() {
      return closed
    },
    isTerminal: isatty(descriptor),
    get columns() {
      return isatty(descriptor) ? open().columns : undefined
    },
    get rows() {
      return isatty(descriptor) ? open().rows : undefined
    },
  }
}

/** The first SIGINT or SIGTERM asks the program to end; the second ends it. */
function abortedBySignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
      controller.abort(new Interrupted(name))
    })
  }
  return controller.signal
}
