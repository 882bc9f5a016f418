import { hostname } from 'node:os'
import { join } from 'node:path'
import { systemFileSystem } from '../../../base/file-system.ts'
import { createGrpcIdentityHub } from '../../../client/grpc-identity-hub.ts'
import type { IdentityPorts } from '../../../identity/daemon.ts'
import type { Invocation } from '../../invocation.ts'
import { version } from '../../version.ts'

/** The real world for an identity. */
export function identityPorts({ clock, random, uid }: Invocation): IdentityPorts {
  const client = { version, hostname: hostname() }
  return {
    hub: createGrpcIdentityHub({ clock, client }),
    fs: systemFileSystem,
    clock,
    random,
    self: { uid, gid: process.getegid?.() ?? -1, pid: process.pid },
  }
}

/** Where programs keep a user's state: the base directory of `last-destination`. */
export function userStateDirectory({ env, home }: Pick<Invocation, 'env' | 'home'>): string {
  return env['XDG_STATE_HOME'] || join(home, '.local', 'state')
}
