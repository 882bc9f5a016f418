/** Accounts and groups by name or number, as the system's name service knows them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CliError } from '../../cli-error.ts'

const run = promisify(execFile)

/** @throws CliError `not-found` */
export async function resolveReaderUser(name: string): Promise<{ uid: number; gid: number }> {
  const [, , uid, gid] = await lookUp('passwd', name, '--reader-user')
  return { uid: Number(uid), gid: Number(gid) }
}

/** @throws CliError `not-found` */
export async function resolveReaderGroup(name: string): Promise<{ gid: number }> {
  const [, , gid] = await lookUp('group', name, '--reader-group')
  return { gid: Number(gid) }
}

async function lookUp(
  database: 'passwd' | 'group',
  name: string,
  flag: string,
): Promise<readonly string[]> {
  try {
    const { stdout } = await run('getent', [database, '--', name])
    return stdout.trim().split(':')
  } catch (cause) {
    const what = database === 'passwd' ? 'account' : 'group'
    throw new CliError('not-found', `${flag}: there is no ${what} ${JSON.stringify(name)}`, {
      hint: `getent ${database} lists those there are`,
      cause,
    })
  }
}
