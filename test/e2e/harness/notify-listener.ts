import { type Child, startChild } from './child.ts'
import { programPath } from './requirements.ts'
import { waitFor } from './wait.ts'

/** Prints every datagram that comes to a unix socket, one word a line. */
const LISTENER = `
import socket, sys
at = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + at[1:] if at[0] == '@' else at)
print('listening', flush=True)
while True:
    print(s.recv(65536).decode(), flush=True)
`

/** What systemd is at the other end of NOTIFY_SOCKET. */
export class NotifyListener implements AsyncDisposable {
  readonly #child: Child

  constructor(child: Child) {
    this.#child = child
  }

  /** @param address a path, or a name of the abstract kind, `@…` */
  static async start(address: string): Promise<NotifyListener> {
    const child = startChild([programPath('python3'), '-c', LISTENER, address], {
      env: { PATH: '/usr/bin:/bin' },
    })
    await waitFor(() => child.stdout.includes('listening\n'), {
      what: 'the listener',
      context: () => child.stderr,
    })
    return new NotifyListener(child)
  }

  /** In the order in which they came: `READY=1`. */
  get notices(): readonly string[] {
    return this.#child.stdout.split('\n').slice(1).filter(Boolean)
  }

  async waitFor(notice: string | RegExp): Promise<void> {
    await waitFor(
      () =>
        this.notices.some((it) => (typeof notice === 'string' ? it === notice : notice.test(it))),
      { what: `the notice ${notice}`, context: () => this.#child.stdout },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}
