import type { LabelView } from './label-views.ts'

/** What has changed since the watchers were last told; nothing that came to be as it was counts. */
export class PendingChanges {
  /** Groups that came or went, or whose grants may have changed. */
  readonly groups = new Set<string>()
  /** Bots that came or went, changed groups, or were locked or unlocked. */
  readonly bots = new Set<string>()
  /** Nodes that came or went, changed labels, hosts or port, or were locked or unlocked. */
  readonly nodes = new Set<string>()
  /** Bots and nodes that went, even if others of the same name have come since. */
  readonly goneBots = new Set<string>()
  readonly goneNodes = new Set<string>()
  /** Nodes whose own locks changed. */
  readonly lockedNodes = new Set<string>()
  /** Nodes on which sessions came or are to end. */
  readonly sessionNodes = new Set<string>()
  /** New views, each with the one that its nodes were in when the watchers were last told. */
  readonly splits = new Map<LabelView, LabelView>()
  /** Locks on anything but a node changed. */
  locks = false
  /** The CAs changed. */
  trust = false
  readonly #members = new Map<string, Map<string, boolean>>()
  readonly #serials = new Map<bigint, boolean>()

  isEmpty(): boolean {
    return (
      !this.locks &&
      !this.trust &&
      [
        this.groups,
        this.bots,
        this.nodes,
        this.lockedNodes,
        this.sessionNodes,
        this.splits,
        this.#members,
        this.#serials,
      ].every(({ size }) => size === 0)
    )
  }

  split(view: LabelView, from: LabelView): void {
    this.splits.set(view, this.splits.get(from) ?? from)
  }

  /** @param was whether the bot was a member before this change */
  member(group: string, bot: string, was: boolean): void {
    const bots = this.#members.get(group)
    if (!bots) this.#members.set(group, new Map([[bot, was]]))
    else if (!bots.has(bot)) bots.set(bot, was)
  }

  /** @param was whether it was revoked before this change */
  serial(serial: bigint, was: boolean): void {
    if (!this.#serials.has(serial)) this.#serials.set(serial, was)
  }

  /** The groups whose members may have changed, with what each bot in question was before. */
  members(): Iterable<readonly [group: string, before: ReadonlyMap<string, boolean>]> {
    return this.#members
  }

  serials(): Iterable<readonly [serial: bigint, before: boolean]> {
    return this.#serials
  }
}
