import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { TemporaryDirectory } from './directory.ts'
import { killTree } from './processes.ts'
import { programPath } from './requirements.ts'
import { CHECKOUT, type RunResult, run } from './run.ts'
import { waitFor } from './wait.ts'

const SCRIPT = join(import.meta.dirname, 'systemd-machine.sh')
const PATH = '/opt/mezite/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ENV = { PATH, HOME: '/run/administrator', LANG: 'C.UTF-8', TERM: 'xterm', TZ: 'UTC' }

/** A machine within this one, with systemd as its first process. */
export class SystemdMachine implements AsyncDisposable {
  readonly #hierarchy: TemporaryDirectory
  readonly #holder: Child
  #first = 0

  constructor(hierarchy: TemporaryDirectory, holder: Child) {
    this.#hierarchy = hierarchy
    this.#holder = holder
  }

  /** @throws Error where namespaces and control groups can't be made, which takes CAP_SYS_ADMIN */
  static async start(): Promise<SystemdMachine> {
    const hierarchy = new TemporaryDirectory('mezite-cgroup-')
    execFileSync('mount', ['-t', 'cgroup2', 'cgroup2', hierarchy.path])
    const group = groupOf(hierarchy)
    mkdirSync(group)
    const holder = startChild(['/bin/sh', SCRIPT, CHECKOUT, group], { env: ENV })
    const machine = new SystemdMachine(hierarchy, holder)
    try {
      await waitFor(() => machine.#boot(), {
        what: 'systemd (this takes CAP_SYS_ADMIN)',
        context: () => holder.stdout + holder.stderr,
      })
      return machine
    } catch (error) {
      await machine[Symbol.asyncDispose]()
      throw error
    }
  }

  async #boot(): Promise<boolean> {
    const { exit, stdout, stderr } = this.#holder
    if (exit !== undefined) throw new Error(`the machine has ended\n${stdout}${stderr}`)
    const children = await run(['pgrep', '-P', String(this.#holder.pid)])
    this.#first = Number(children.stdout.trim().split('\n')[0])
    if (!(this.#first > 0)) return false
    return (await this.run('systemctl is-active machine.target')).stdout === 'active\n'
  }

  /** Typed by root. */
  async run(commandLine: string): Promise<RunResult> {
    const enter = [programPath('nsenter'), '--target', String(this.#first)]
    const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--cgroup', '--']
    return await run([...enter, ...namespaces, '/bin/sh', '-c', `cd; ${commandLine}`], { env: ENV })
  }

  async runOk(commandLine: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(commandLine)
    if (code === 0) return stdout
    const logs = await this.run('tail -n 30 /run/log/*.log; systemctl --failed')
    throw new Error(`${commandLine}\nended with ${code}\n${stdout}${stderr}\n${logs.stdout}`)
  }

  async write(path: string, ...lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `'${line.replaceAll("'", "'\\''")}'`).join(' ')
    await this.runOk(`printf '%s\\n' ${text} >${path}`)
  }

  /** A property of a unit, as systemd has it. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.runOk(`systemctl show --value -p ${name} ${unit}`)).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    killTree(this.#holder.pid)
    await this.#holder[Symbol.asyncDispose]()
    await waitFor(() => removeGroups(groupOf(this.#hierarchy)), {
      what: 'its processes to be gone',
    })
    execFileSync('umount', [this.#hierarchy.path])
    this.#hierarchy[Symbol.dispose]()
  }
}

function groupOf(hierarchy: TemporaryDirectory): string {
  return hierarchy.join(`mezite-test-${process.pid}`)
}

function removeGroups(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeGroups(join(path, entry.name))) return false
    }
    rmdirSync(path)
    return true
  } catch {
    return false
  }
}
