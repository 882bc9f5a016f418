/** `progress.json`: what an agent last did and means to do, for `mezd node status` alone. */
import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import type { FileSystem } from '../base/file-system.ts'
import { encodeVersioned } from '../identity/identity-file.ts'
import { asNumber, type JsonFields, parseTime } from '../identity/json-fields.ts'
import { writeNote } from '../identity/note-file.ts'
import { undefinedIfDamaged } from '../identity/progress.ts'
import { readStateFile } from '../identity/state.ts'
import type { Connection } from './node-observer.ts'

export interface Progress {
  /** Undefined: the hub wasn't reached yet. */
  readonly connection: Connection | undefined
  /** On the hub's clock. */
  readonly nextRenewalAt: number | undefined
  /** The last failure to join or renew since a success. */
  readonly failure: { readonly message: string; readonly at: number } | undefined
  /** Why some of sshd's files are not as the hub says, if so. */
  readonly filesFailure: string | undefined
  /** How long the last update took to be on the disk. */
  readonly appliedInMs: number | undefined
  /** The directory that sshd's files are in. */
  readonly sshdFiles: string | undefined
}

const NAME = 'progress.json'

const NOTHING: Progress = {
  connection: undefined,
  nextRenewalAt: undefined,
  failure: undefined,
  filesFailure: undefined,
  appliedInMs: undefined,
  sshdFiles: undefined,
}

export class AgentProgress {
  readonly #fs: FileSystem
  readonly #path: string
  #progress = NOTHING
  #writing: Promise<void> = Promise.resolve()

  constructor(fs: FileSystem, stateDirectory: string) {
    this.#fs = fs
    this.#path = join(stateDirectory, NAME)
  }

  /** Nothing depends on it, so it isn't waited for, and a failure to write is no failure. */
  note(changes: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...changes }
    const text = encode(this.#progress)
    this.#writing = this.#writing.then(() => writeNote(this.#fs, this.#path, text))
  }

  /** Resolves when all that was noted is written. */
  async settled(): Promise<void> {
    await this.#writing
  }
}

/** Undefined where there is none that can be read. @throws IdentityError for what is no such file */
export function readAgentProgress(
  fs: Pick<FileSystem, 'open'>,
  stateDirectory: string,
): Promise<Progress | undefined> {
  return undefinedIfDamaged(readStateFile(fs, join(stateDirectory, NAME), parseAgentProgress))
}

function encode(progress: Progress): string {
  const { connection, nextRenewalAt, failure, filesFailure, appliedInMs, sshdFiles } = progress
  return encodeVersioned({
    connection: connection?.state ?? null,
    connectionSince: optionalTime(connection?.since),
    staleReason: connection?.state === 'stale' ? connection.reason : null,
    nextRenewalAt: optionalTime(nextRenewalAt),
    failureMessage: failure?.message ?? null,
    failureAt: optionalTime(failure?.at),
    filesFailure: filesFailure ?? null,
    appliedInMs: appliedInMs ?? null,
    sshdFiles: sshdFiles ?? null,
  })
}

export function parseAgentProgress(fields: JsonFields): Progress {
  const state = fields.optionalText('connection', String)
  const since = fields.optionalText('connectionSince', parseTime) ?? 0
  const reason = fields.optionalText('staleReason', String) ?? ''
  const nextRenewalAt = fields.optionalText('nextRenewalAt', parseTime)
  const message = fields.optionalText('failureMessage', String)
  const at = fields.optionalText('failureAt', parseTime)
  const filesFailure = fields.optionalText('filesFailure', String)
  const appliedInMs = fields.value('appliedInMs', (it) => (it === null ? undefined : asNumber(it)))
  const sshdFiles = fields.optionalText('sshdFiles', String)
  fields.end()
  const failure = message === undefined || at === undefined ? undefined : { message, at }
  const connection = readConnection(state, since, reason)
  return { connection, nextRenewalAt, failure, filesFailure, appliedInMs, sshdFiles }
}

function readConnection(
  state: string | undefined,
  since: number,
  reason: string,
): Connection | undefined {
  if (state === undefined) return undefined
  return state === 'fresh' ? { state, since } : { state: 'stale', since, reason }
}

function optionalTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : formatTime(milliseconds)
}
