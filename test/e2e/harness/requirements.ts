import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Something that these tests can't do without is missing from the machine. */
export class RequirementError extends Error {
  constructor(what: string, remedy: string) {
    super(`${what}\nhint: ${remedy}`)
    this.name = 'RequirementError'
  }
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Debian's packages of the programs that are used. */
const PACKAGES = {
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  scp: 'openssh-client',
  sftp: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  rsync: 'rsync',
  ansible: 'ansible-core',
  'ansible-playbook': 'ansible-core',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  mmdebstrap: 'mmdebstrap',
  buildah: 'buildah',
  script: 'bsdutils',
  faketime: 'faketime',
  flock: 'util-linux',
  ip: 'iproute2',
  jq: 'jq',
  'dpkg-deb': 'dpkg',
  openssl: 'openssl',
  runuser: 'util-linux',
  mandoc: 'mandoc',
  'qemu-aarch64': 'qemu-user',
  strace: 'strace',
  useradd: 'passwd',
  promtool: 'prometheus',
  python3: 'python3',
  'systemd-notify': 'systemd',
  'systemd-analyze': 'systemd',
  curl: 'curl',
  userdel: 'passwd',
} as const

export type Program = keyof typeof PACKAGES

/**
 * The absolute path of a program of the system.
 *
 * @throws RequirementError that says what to install
 */
export function programPath(program: Program): string {
  const path = findProgram(program)
  if (path !== undefined) return path
  throw new RequirementError(
    `${program} is not installed`,
    `apt-get install -y ${PACKAGES[program]}`,
  )
}

/** Fails once, with everything that is missing, instead of in each test. */
export function requirePrograms(...programs: readonly Program[]): void {
  const missing = programs.filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return
  const packages = new Set(missing.map((program) => PACKAGES[program]))
  throw new RequirementError(
    `${missing.join(', ')}: not installed`,
    `apt-get install -y ${[...packages].join(' ')}`,
  )
}

/** @throws RequirementError unless accounts can be made and entered */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new RequirementError(
    'this test makes throwaway accounts and logs in to them, which takes root',
    'run it as root, in a container for example',
  )
}

function findProgram(program: Program): string | undefined {
  const directories = `${process.env['PATH'] ?? ''}${delimiter}${SYSTEM_PATH}`.split(delimiter)
  return directories
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, program))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
