/** The real file system, on a disk that takes nothing new for a while: no new file, or no writing at all. */
import { constants } from 'node:fs'
import { type FileSystem, systemFileSystem } from '../../src/base/file-system.ts'

const { O_CREAT, O_RDWR, O_WRONLY } = constants

export class FailingDisk {
  /** `full`: what is there can be overwritten; `read-only`: nothing can. */
  state: 'good' | 'full' | 'read-only' = 'good'

  get fileSystem(): FileSystem {
    return {
      ...systemFileSystem,
      open: async (path, flags, mode) => {
        if (typeof flags === 'number') this.#check(flags)
        return await systemFileSystem.open(path, flags, mode)
      },
    }
  }

  #check(flags: number): void {
    const isNew = (flags & O_CREAT) !== 0
    const isWritten = (flags & (O_WRONLY | O_RDWR)) !== 0
    if (this.state === 'full' && isNew) throw failure('ENOSPC', 'no space left on device')
    if (this.state === 'read-only' && isWritten) throw failure('EROFS', 'read-only file system')
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}
