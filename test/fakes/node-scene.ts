/** A node with an sshd of its own, an agent in this process, and a fake hub. */
import { type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as proc from 'node:fs'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type FileSystem, systemFileSystem } from '../../src/base/file-system.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { SessionEvent } from '../../src/client/node-hub.ts'
import { RenewalTrigger } from '../../src/identity/renewal-trigger.ts'
import { runNodeAgent } from '../../src/node/agent.ts'
import { systemDirectoryWatch } from '../../src/node/directory-watch.ts'
import type {
  Applied,
  Connection,
  IdentityEvent,
  NodeFailure,
} from '../../src/node/node-observer.ts'
import type { NodeParameters } from '../../src/node/parameters.ts'
import type { NodePorts } from '../../src/node/ports.ts'
import { type RunningProgram, systemPrograms } from '../../src/node/programs.ts'
import { FakeNodeHub } from './node-hub.ts'

export interface AgentRecord {
  readonly identities: IdentityEvent[]
  readonly connections: Connection[]
  readonly applied: Applied[]
  readonly sessions: SessionEvent[]
  readonly failures: NodeFailure[]
  readonly warnings: string[]
}

export interface RunningAgent extends AsyncDisposable {
  readonly record: AgentRecord
  readonly trigger: RenewalTrigger
  /** Resolves when it has ended; rejects with what has ended it. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

export class NodeScene {
  readonly directory: string
  readonly hub: FakeNodeHub
  readonly clock: Clock
  parameters: NodeParameters

  /** @param port where its sshd listens */
  constructor(directory: string, port: number, clock: Clock = systemClock) {
    this.directory = directory
    this.clock = clock
    this.hub = new FakeNodeHub(clock)
    this.parameters = {
      authServer: { host: 'hub.example', port: 3025 },
      joinToken: this.hub.newToken(),
      name: 'web-1',
      labels: { env: 'staging' },
      hosts: ['127.0.0.1'],
      port,
      stateDirectory: join(directory, 'state'),
      runDirectory: join(directory, 'run'),
      sshd: '/usr/sbin/sshd',
      sshdDirectory: join(directory, 'ssh'),
      pamDirectory: '/etc/pam.d',
      ownSshd: { port, listen: '127.0.0.1' },
      strictMs: undefined,
      trust: undefined,
    }
  }

  ports(fs: FileSystem = systemFileSystem): NodePorts {
    return {
      ...{ hub: this.hub, fs, clock: this.clock, random: systemRandom },
      self: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, pid: process.pid },
      programs: { run: systemPrograms.run, start: (...it) => this.#startQuietly(...it) },
      processes: {
        proc,
        fs: systemFileSystem,
        clock: systemClock,
        kill: (pid, signal) => process.kill(pid, signal),
      },
      watchDirectory: systemDirectoryWatch,
    }
  }

  start(options: { readonly fs?: FileSystem } = {}): RunningAgent {
    const stop = new AbortController()
    const trigger = new RenewalTrigger()
    const record: AgentRecord = {
      ...{ identities: [], connections: [], applied: [], sessions: [], failures: [], warnings: [] },
    }
    const ended = runNodeAgent({
      ports: this.ports(options.fs),
      parameters: this.parameters,
      signal: stop.signal,
      trigger,
      observer: {
        onBegin: () => {},
        onEnd: () => {},
        onRunning: () => {},
        onIdentity: (event) => record.identities.push(event),
        onConnection: (connection) => record.connections.push(connection),
        onApplied: (applied) => record.applied.push(applied),
        onSession: (event) => record.sessions.push(event),
        onFailure: (failure) => record.failures.push(failure),
        onWarning: (message) => record.warnings.push(message),
      },
    })
    ended.catch(() => undefined)
    const end = async () => {
      stop.abort()
      await ended.catch(() => undefined)
    }
    return { record, trigger, ended, stop: end, [Symbol.asyncDispose]: end }
  }

  /** A program whose words go to a file: those of sshd are many. */
  #startQuietly(path: string, parameters: readonly string[]): RunningProgram {
    const log = openSync(join(this.directory, 'sshd.log'), 'a', 0o600)
    const stdio: StdioOptions = ['ignore', 'ignore', log]
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin' }
    const child = spawn(path, parameters, { env, stdio, detached: true })
    closeSync(log)
    child.unref()
    const ended = once(child, 'exit').then((how) => String(how))
    return { pid: child.pid, ended }
  }

  /** One of the files that sshd reads. */
  async file(...names: readonly string[]): Promise<string> {
    return await readFile(join(this.filesDirectory, ...names), 'utf8')
  }

  get filesDirectory(): string {
    const { ownSshd, stateDirectory, sshdDirectory } = this.parameters
    return ownSshd ? join(stateDirectory, 'sshd', 'mezite') : join(sshdDirectory, 'mezite')
  }
}
