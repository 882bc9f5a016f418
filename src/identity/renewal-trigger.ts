/** Renew now: what SIGHUP, SIGUSR1 or an administrator asks a running daemon for. */
export class RenewalTrigger {
  #controller = new AbortController()
  #replaceSshKey = false

  /** @param options.replaceSshKey whether the SSH key shall be replaced too */
  renewNow(options: { readonly replaceSshKey?: boolean } = {}): void {
    this.#replaceSshKey ||= options.replaceSshKey ?? false
    this.#controller.abort()
  }

  /** Aborted by the next request. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Takes what was asked for since the last call; undefined when nothing was. */
  take(): { readonly replaceSshKey: boolean } | undefined {
    if (!this.#controller.signal.aborted) return undefined
    const replaceSshKey = this.#replaceSshKey
    this.#controller = new AbortController()
    this.#replaceSshKey = false
    return { replaceSshKey }
  }
}
