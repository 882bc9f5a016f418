import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How a program of OpenSSH ended. */
export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** OpenSSH's own programs as oracles, in a temporary directory of their own. */
export interface OpenSsh {
  path(name: string): string
  write(name: string, content: string | Uint8Array): Promise<string>
  read(name: string): Promise<Buffer>
  readText(name: string): Promise<string>
  run(program: 'ssh' | 'ssh-keygen', ...args: readonly string[]): Promise<Outcome>
  /** The output of ssh-keygen, or its complaint as an error. */
  keygen(...args: readonly string[]): Promise<string>
  remove(): Promise<void>
}

export async function openSsh(): Promise<OpenSsh> {
  const directory = await mkdtemp(join(tmpdir(), 'mezite-ssh-'))
  const path = (name: string): string => join(directory, name)
  const run: OpenSsh['run'] = (program, ...args) =>
    new Promise((resolve) => {
      const options = { cwd: directory, env: { PATH: '/usr/bin:/bin', TZ: 'UTC', HOME: directory } }
      execFile(program, args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ status, stdout, stderr })
      }).stdin?.end()
    })
  return {
    path,
    run,
    async write(name, content) {
      await writeFile(path(name), content, { mode: 0o600 })
      return path(name)
    },
    read: (name) => readFile(path(name)),
    readText: (name) => readFile(path(name), 'utf8'),
    async keygen(...args) {
      const { status, stdout, stderr } = await run('ssh-keygen', ...args)
      if (status !== 0) throw new Error(`ssh-keygen ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    remove: () => rm(directory, { recursive: true }),
  }
}
