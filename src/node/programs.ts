/** Programs of the system, run to their end or left running. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { allowDumps } from '../base/core-dump.ts'

export interface ProgramResult {
  /** Undefined when it couldn't be started, or a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RunningProgram {
  readonly pid: number | undefined
  /** Resolves with a word on how it ended. */
  readonly ended: Promise<string>
}

export interface Programs {
  run(path: string, parameters: readonly string[]): Promise<ProgramResult>
  /**
   * Starts a program that outlives this process, in a session of its own, so that what is typed at
   * this one's terminal doesn't reach it. Its standard error is this process's.
   */
  start(path: string, parameters: readonly string[]): RunningProgram
}

/** Nothing of the caller's environment leaks into what sshd hands on. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

const LONGEST_RUN_MS = 30_000

export const systemPrograms: Programs = {
  async run(path, parameters) {
    const child = spawn(path, parameters, {
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_RUN_MS,
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    child.on('error', (error) => {
      output.stderr += error.message
    })
    const [code]: unknown[] = await once(child, 'close')
    return { code: typeof code === 'number' && code >= 0 ? code : undefined, ...output }
  },

  start(path, parameters) {
    const child = spawn(path, parameters, {
      env: ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    })
    allowDumps(child.pid)
    const { promise, resolve } = Promise.withResolvers<string>()
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `exit status ${code}`))
    return { pid: child.pid, ended: promise }
  },
}
