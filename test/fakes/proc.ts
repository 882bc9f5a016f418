/** A `/proc` of processes that are described. */
import type { ProcessPorts } from '../../src/node/ports.ts'

export interface FakeProcess {
  readonly pid: number
  readonly parent: number
  readonly startTicks?: number
  readonly user?: number
  readonly program?: string
  readonly audit?: number
  readonly environment?: readonly string[]
  /** Reading its environment never ends. */
  readonly isHiding?: boolean
  /** The numbers of its sockets. */
  readonly sockets?: readonly number[]
}

/** Lines of net/tcp, each with the number of its socket. */
export type FakeSockets = readonly string[]

const UNSET = 4_294_967_295

export class FakeProc {
  readonly processes = new Map<number, FakeProcess>()
  sockets: FakeSockets = []

  constructor(processes: readonly FakeProcess[]) {
    for (const process of processes) this.processes.set(process.pid, process)
  }

  get ports(): ProcessPorts {
    const forever = new Promise<never>(() => undefined)
    return {
      proc: {
        lstatSync: (() => undefined) as never,
        // The functions of Node's have more forms than are used here.
        readFileSync: ((path: string) => this.#read(path)) as never,
        readdirSync: ((path: string) => this.#list(path)) as never,
        readlinkSync: ((path: string) => this.#link(path)) as never,
      },
      fs: {
        readFile: (async (path: string) => {
          const { pid } = partsOf(path)
          return this.#of(pid).isHiding ? await forever : this.#read(path)
        }) as never,
      },
      clock: { sleep: async () => undefined },
      kill: () => undefined,
    }
  }

  #of(pid: number): FakeProcess {
    const process = this.processes.get(pid)
    if (process !== undefined) return process
    throw Object.assign(new Error(`no process ${pid}`), { code: 'ENOENT' })
  }

  #read(path: string): string {
    const { pid, rest } = partsOf(path)
    if (rest === 'sessionid' && Number.isNaN(pid)) return String(UNSET)
    const { parent, user = 0, audit = UNSET, startTicks = pid, environment = [] } = this.#of(pid)
    if (rest === 'stat') {
      return `${pid} (a b) S ${parent} ${'0 '.repeat(17)}${startTicks} 0 0\n`
    }
    if (rest === 'status') return `Name:\tx\nUid:\t${user}\t${user}\t${user}\t${user}\n`
    if (rest === 'sessionid') return String(audit)
    if (rest === 'environ') return environment.map((it) => `${it}\0`).join('')
    if (rest === 'net/tcp') return ['  sl  local_address …', ...this.sockets, ''].join('\n')
    return ''
  }

  #list(path: string): readonly string[] {
    if (path === '/proc') return ['self', 'net', ...[...this.processes.keys()].map(String)]
    return (this.#of(partsOf(path).pid).sockets ?? []).map((_, index) => String(index))
  }

  #link(path: string): string {
    const { pid, rest } = partsOf(path)
    const { program = '/bin/sh', sockets = [] } = this.#of(pid)
    if (rest === 'exe') return program
    return `socket:[${sockets[Number(rest.slice('fd/'.length))]}]`
  }
}

function partsOf(path: string): { readonly pid: number; readonly rest: string } {
  const [, , pid = '', ...rest] = path.split('/')
  return { pid: Number(pid), rest: rest.join('/') }
}
