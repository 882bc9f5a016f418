/** The same text for worlds that differ in names alone. */
import { type Disk, type Effect, type Identity, lineageOf } from './daemon.ts'
import type { Certificate, HubState, Keys, Newest, Reply, Request } from './hub-state.ts'
import { Renaming } from './renaming.ts'
import type { Flight, World } from './world.ts'

/** @param withBudget whether what may still go wrong counts */
export function worldKey(world: World, withBudget = true): string {
  const key = new WorldKey()
  const text = key.world(world)
  return withBudget ? `${text}|${Object.values(world.left).join()}` : text
}

class WorldKey {
  readonly #names = new Renaming()

  world(world: World): string {
    const { hub, backup, disk, durable, published, process, call, late, thief, history } = world
    const shown = this.#disk(disk)
    const kept = durable === disk ? shown : this.#disk(durable)
    return [
      this.#hub(hub),
      backup === undefined ? '' : `${this.#hub(backup.hub)}@${backup.takenAt}`,
      world.time,
      world.epoch,
      shown,
      kept === shown ? '' : kept,
      this.#identity(published),
      world.token,
      process &&
        `${process.token}${process.isPublished}${this.#identity(process.identity)}${this.#effect(process.running?.effect)}${process.running?.operation.kind}`,
      call && `${this.#flight(call)}${this.#reply(call.reply)}`,
      late.map((flight) => this.#flight(flight)).join(';'),
      `${thief.knowsToken},${thief.keys.map((key) => this.#names.key(key))}/${thief.sshKeys.map((ssh) => this.#names.ssh(ssh))}`,
      thief.certificates.map((it) => this.#certificate(it)).join(';'),
      this.#lineages(history.ownerAlone),
      this.#lineages(history.thiefAlone),
      history.joins
        .map(({ token, lineage, from }) => `${token}.${this.#names.lineage(lineage)}${from[0]}`)
        .join(),
      history.isCopied,
      history.locks,
      history.unlocks,
      history.restores,
      history.filesPutBack,
    ].join('|')
  }

  #hub({ tokens, redemptions, newest, removed, restores }: HubState): string {
    return [
      tokens.map(({ token, state }) => `${token}${state}`).join(),
      newest.map((it) => this.#newest(it)).join(),
      redemptions
        .map((it) => `${it.token}.${this.#names.key(it.key)}.${this.#names.lineage(it.lineage)}`)
        .join(),
      this.#lineages(removed),
      restores.map(({ takenAt, restoredAt }) => `${takenAt}-${restoredAt}`).join(),
    ].join(' ')
  }

  #newest(newest: Newest | undefined): string {
    if (newest === undefined) return '-'
    const { lineage, generation, previous, joinedAt, lockedAt, leave } = newest
    const before = previous === undefined ? '' : this.#names.key(previous)
    return `${this.#names.lineage(lineage)}:${generation}${this.#keys(newest)}<${before}@${joinedAt}!${lockedAt}${leave}`
  }

  #keys({ key, ssh }: Keys): string {
    return `k${this.#names.key(key)}s${this.#names.ssh(ssh)}`
  }

  #disk({ identity, join, renewal }: Disk): string {
    const renews =
      renewal &&
      `${this.#names.lineage(lineageOf(renewal))}.${renewal.generation}${this.#keys(renewal)}`
    return `${this.#identity(identity)}/${join ? join.tokenId + this.#keys(join) : ''}/${renews ?? ''}`
  }

  #identity(identity: Identity | undefined): string {
    if (identity === undefined) return '-'
    const { generation, issuedAt, epoch, tokenId } = identity
    const lineage = this.#names.lineage(lineageOf(identity))
    return `${lineage}:${generation}${this.#keys(identity)}@${issuedAt}e${epoch}${tokenId}`
  }

  #effect(effect: Effect | undefined): string {
    switch (effect?.kind) {
      case undefined:
        return '.'
      case 'settle':
        return 's'
      case 'write':
        return `w${Object.keys(effect.disk)}${this.#disk({ identity: undefined, join: undefined, renewal: undefined, ...effect.disk })}`
      case 'ask':
        return `a${this.#keys(effect.keys)}${this.#identity(effect.previous)}`
      case 'publish':
        return `p${this.#identity(effect.identity)}`
    }
  }

  #flight({ from, request, before, holdsSsh }: Flight): string {
    return `${from[0]}${holdsSsh ? '' : '?'}${this.#request(request)}@${before === 'nothing' ? before : this.#newest(before)}`
  }

  #request(request: Request): string {
    const by = request.kind === 'join' ? request.token : this.#certificate(request.by)
    return `${by}>${this.#keys(request)}${request.proves ? '' : '?'}`
  }

  #reply(reply: Reply | undefined): string {
    if (reply === undefined) return ''
    return reply.kind === 'issued' ? `=${this.#certificate(reply.certificate)}` : reply.code
  }

  #certificate(certificate: Certificate): string {
    const { lineage, generation, issuedAt, epoch } = certificate
    return `${this.#names.lineage(lineage)}:${generation}${this.#keys(certificate)}@${issuedAt}e${epoch}`
  }

  #lineages(lineages: readonly number[]): string {
    return lineages.map((lineage) => this.#names.lineage(lineage)).join()
  }
}
