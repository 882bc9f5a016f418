/** Where the files of a node stand. */
import { basename, join } from 'node:path'

/** Root's, and readable for everyone: sshd opens some of them as the login. */
export interface NodePaths {
  /** What holds all the others. */
  readonly directory: string
  readonly userCa: string
  readonly principals: string
  readonly revokedKeys: string
  readonly noFileCopy: string
  readonly sessionHook: string
  /** There while sshd has yet to read its configuration again. */
  readonly reloadDue: string
  hostCertificate(hostKey: string): string
}

/** @param directory absolute; `/etc/ssh/mezite` unless it is moved */
export function nodePaths(directory: string): NodePaths {
  return {
    directory,
    userCa: join(directory, 'user_ca.pub'),
    principals: join(directory, 'principals'),
    revokedKeys: join(directory, 'revoked.krl'),
    noFileCopy: join(directory, 'no-file-copy'),
    sessionHook: join(directory, 'session-hook'),
    reloadDue: join(directory, 'reload-due'),
    hostCertificate: (hostKey) => join(directory, `${basename(hostKey)}-cert.pub`),
  }
}
