import { hostname } from 'node:os'
import { systemFileSystem } from '../../../base/file-system.ts'
import { createGrpcIdentityHub } from '../../../client/grpc-identity-hub.ts'
import type { IdentityPorts } from '../../../identity/ports.ts'
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
