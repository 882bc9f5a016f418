/** Names by first appearance, so that what differs in names alone looks the same. */
import type { Certificate, HubState, Keys, Newest, Request } from './hub-state.ts'

export class Renaming {
  readonly #keys = new Names()
  readonly #sshKeys = new Names()
  readonly #lineages = new Names()

  key(name: number): number {
    return this.#keys.rename(name)
  }

  ssh(name: number): number {
    return this.#sshKeys.rename(name)
  }

  lineage(name: number): number {
    return this.#lineages.rename(name)
  }

  /** The name before. */
  lineageOf(renamed: number): number {
    return this.#lineages.restore(renamed)
  }

  hub(hub: HubState): HubState {
    const { tokens, redemptions, newest, removed, restores } = hub
    return {
      newest: newest.map((each) => this.newest(each)),
      redemptions: redemptions.map(({ token, key, lineage }) => ({
        ...{ token, key: this.key(key), lineage: this.lineage(lineage) },
      })),
      removed: removed.map((lineage) => this.lineage(lineage)),
      ...{ tokens, restores },
    }
  }

  /** With the names before. */
  restored({ tokens, redemptions, newest, removed, restores }: HubState): HubState {
    return {
      newest: newest.map((each) => ({
        ...each,
        ...{ lineage: this.lineageOf(each.lineage), key: this.#keys.restore(each.key) },
        previous: each.previous === undefined ? undefined : this.#keys.restore(each.previous),
        ssh: this.#sshKeys.restore(each.ssh),
      })),
      redemptions: redemptions.map(({ token, key, lineage }) => ({
        ...{ token, key: this.#keys.restore(key), lineage: this.lineageOf(lineage) },
      })),
      removed: removed.map((lineage) => this.lineageOf(lineage)),
      ...{ tokens, restores },
    }
  }

  newest(newest: Newest): Newest {
    const { lineage, previous } = newest
    return {
      ...newest,
      ...this.#both(newest),
      lineage: this.lineage(lineage),
      previous: previous === undefined ? undefined : this.key(previous),
    }
  }

  /** With an epoch of 0 for certificates that are good now, and -1 for those that have expired. */
  request(request: Request, epoch: number): Request {
    return request.kind === 'join'
      ? { ...request, ...this.#both(request) }
      : { ...request, by: this.#certificate(request.by, epoch), ...this.#both(request) }
  }

  #certificate(certificate: Certificate, epoch: number): Certificate {
    return {
      ...certificate,
      ...this.#both(certificate),
      lineage: this.lineage(certificate.lineage),
      epoch: certificate.epoch < epoch ? -1 : 0,
    }
  }

  #both({ key, ssh }: Keys): Keys {
    return { key: this.key(key), ssh: this.ssh(ssh) }
  }
}

class Names {
  readonly #names: number[] = []

  rename(name: number): number {
    const index = this.#names.indexOf(name)
    return index < 0 ? this.#names.push(name) - 1 : index
  }

  restore(renamed: number): number {
    const name = this.#names[renamed]
    if (name === undefined) throw new Error(`${renamed} stands for nothing`)
    return name
  }
}
