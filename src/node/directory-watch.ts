import { watch } from 'node:fs'

export type DirectoryWatch = (path: string, onChange: () => void) => Disposable

/** Where the kernel can't watch, nothing is told: whoever asks looks for himself now and then, too. */
export const systemDirectoryWatch: DirectoryWatch = (path, onChange) => {
  try {
    const watcher = watch(path, onChange)
    watcher.on('error', onChange)
    return { [Symbol.dispose]: () => watcher.close() }
  } catch {
    return { [Symbol.dispose]: () => undefined }
  }
}
