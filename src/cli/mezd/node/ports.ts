import * as proc from 'node:fs'
import { systemFileSystem } from '../../../base/file-system.ts'
import { createGrpcNodeHub } from '../../../client/grpc-node-hub.ts'
import { systemDirectoryWatch } from '../../../node/directory-watch.ts'
import type { NodePorts } from '../../../node/ports.ts'
import { systemPrograms } from '../../../node/programs.ts'
import type { Invocation } from '../../invocation.ts'
import { version } from '../../version.ts'

/** The real world for a node's agent. */
export function nodePorts({ clock, random, uid }: Invocation): NodePorts {
  const fs = systemFileSystem
  return {
    hub: createGrpcNodeHub({ clock, version }),
    fs,
    clock,
    random,
    self: { uid, gid: process.getegid?.() ?? -1, pid: process.pid },
    programs: systemPrograms,
    processes: { proc, fs, clock, kill: (pid, signal) => process.kill(pid, signal) },
    watchDirectory: systemDirectoryWatch,
  }
}
