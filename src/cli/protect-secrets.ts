import { keepMemoryOutOfDumps } from '../base/core-dump.ts'
import { withoutSecrets } from './own-secrets.ts'

/** What this process can do about its own command line and memory, before anything secret is read. */
export function protectSecrets(name: string, argv: readonly string[]): void {
  // Node would open its debugger on this signal, to everybody on this machine.
  process.on('SIGUSR1', () => {})
  // What msh becomes is the user's own ssh; of secrets it reads none.
  if (name !== 'msh') keepMemoryOutOfDumps()
  const shown = withoutSecrets(argv)
  // For `ps`: the title stands where the command line was.
  if (shown) process.title = [name, ...shown].join(' ')
}
