/** A hub with the role and the bot that a deploy pipeline has. */
import { writeFileSync } from 'node:fs'
import { TemporaryDirectory } from './directory.ts'
import { type Hub, type HubOptions, startHub } from './hub.ts'
import { type Sshd, type SshdOptions, startSshd } from './sshd.ts'

export interface RoleOptions {
  readonly name?: string
  readonly logins: readonly string[]
  readonly deniedLogins?: readonly string[]
  readonly maxSessionTtl?: string
}

/** The text of a role, as an administrator writes it. */
export function roleDocument(options: RoleOptions): string {
  const { name = 'ci-deployer', logins, deniedLogins = ['root'], maxSessionTtl = '1h' } = options
  const items = (values: readonly string[]) => values.map((it) => `\n      - ${it}`).join('')
  return `kind: role
metadata:
  name: ${name}
  description: "CI/CD deploy pipeline SSH access"
spec:
  options:
    max_session_ttl: ${maxSessionTtl}
  allow:
    node_labels:
      env:
        - staging
        - production
    logins:${items(logins)}
  deny:
    logins:${items(deniedLogins)}
`
}

export interface ClusterOptions extends RoleOptions {
  readonly bot?: string
  readonly hubFlags?: HubOptions['flags']
  readonly hubEnv?: HubOptions['env']
  /** Of `mezctl bots add`. */
  readonly botFlags?: string
}

/** Everything that one test needs of a hub, gone when the test is over. */
export class Cluster implements AsyncDisposable {
  readonly hub: Hub
  readonly bot: string
  readonly directory: TemporaryDirectory

  constructor(hub: Hub, bot: string, directory: TemporaryDirectory) {
    this.hub = hub
    this.bot = bot
    this.directory = directory
  }

  /** A join token that was not used yet; those before it no longer work. */
  async newToken(flags = ''): Promise<string> {
    const answer = await this.hub.json(`mezctl bots rotate-token ${this.bot} ${flags}`)
    return textAt(answer, 'token', 'value')
  }

  /** A line of an authorized_keys file. */
  async userCa(): Promise<string> {
    return await this.hub.runOk('mezctl ca export --type=user')
  }

  /** An sshd that trusts this cluster's User CA. */
  async startSshd(options: SshdOptions = {}): Promise<Sshd> {
    return await startSshd({ ...options, userCas: [await this.userCa()] })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]()
    this.directory[Symbol.dispose]()
  }
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { bot = 'github-deploy', name = 'ci-deployer' } = options
  const directory = new TemporaryDirectory()
  const { hubFlags, hubEnv, botFlags = '' } = options
  const hub = await startHub({
    directory,
    ...(hubFlags && { flags: hubFlags }),
    ...(hubEnv && { env: hubEnv }),
  })
  const cluster = new Cluster(hub, bot, directory)
  const file = directory.join('role.yaml')
  writeFileSync(file, roleDocument(options))
  await hub.runOk(`mezctl roles create --from-file=${file}`)
  await hub.runOk(`mezctl bots add --name=${bot} --roles=${name} --token-ttl=1h ${botFlags}`)
  return cluster
}

/** The text at that path of a JSON document. */
export function textAt(document: unknown, ...path: readonly (string | number)[]): string {
  const value = valueAt(document, ...path)
  if (typeof value === 'string') return value
  throw new Error(`no text at ${path.join('.')} in ${JSON.stringify(document)}`)
}

export function valueAt(document: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined,
    document,
  )
}

/** The rows of a list that `mezctl … --format=json` printed. */
export function rows(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document
  throw new Error(`not a list: ${JSON.stringify(document)}`)
}
