/**
 * Everything that decides who may enter where, in memory, kept by the store's changes; and what of
 * it has changed since the watchers were last told. It has no clock and nothing asynchronous.
 *
 * Applying a change that is known already does no harm, so that what was read while changes were
 * under way is brought up to date by applying them again.
 */
import { grantsFor } from '../../policy/grants.ts'
import { type Labels, matchesLabels } from '../../policy/labels.ts'
import type { CertificateRecord, LockRecord, RoleRecord, SessionRecord } from '../records.ts'
import { readRole } from '../role-reader.ts'
import type { Change } from '../storage.ts'
import { BotGroups, type Group, type GroupGrants, nothingEvaluated } from './bot-groups.ts'
import { CertificateIndex } from './certificate-index.ts'
import type { LabelView } from './label-views.ts'
import { LockIndex } from './lock-index.ts'
import { NodeIndex } from './node-index.ts'
import { PendingChanges } from './pending-changes.ts'
import { RoleIndex } from './role-index.ts'
import { matchRole, type RoleMatch } from './role-match.ts'
import { SessionIndex } from './session-index.ts'

export class AccessState {
  readonly locks = new LockIndex()
  readonly roles = new RoleIndex(this.locks)
  readonly bots = new BotGroups()
  readonly nodes = new NodeIndex((labels) => this.roles.matchesOf(labels))
  readonly certificates = new CertificateIndex()
  readonly sessions = new SessionIndex()
  #pending = new PendingChanges()
  /** Counts what may change the roles of a bot as they count: see `RoleIndex.restrict`. */
  #restrictions = 0

  get restrictions(): number {
    return this.#restrictions
  }

  get pending(): PendingChanges {
    return this.#pending
  }

  /** What is pending, which isn't from then on. */
  takePending(): PendingChanges {
    const taken = this.#pending
    this.#pending = new PendingChanges()
    return taken
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'insert-role':
      case 'replace-role':
        this.setRole(change.role)
        break
      case 'delete-role':
        this.#deleteRole(change.name)
        break
      case 'insert-bot':
      case 'replace-bot':
        this.setBot(change.bot)
        break
      case 'delete-bot':
        this.#deleteBot(change.name)
        break
      case 'insert-instance':
      case 'replace-instance':
        this.addInstance(change.instance.bot, change.instance.id)
        break
      case 'insert-certificate':
        this.addCertificate(change.certificate)
        break
      case 'forget-certificates':
        this.#forgetCertificates(change.expiredBy)
        break
      case 'insert-node':
      case 'replace-node':
        if (this.nodes.set(change.node)) this.#pending.nodes.add(change.node.name)
        break
      case 'delete-node':
        this.#deleteNode(change.name)
        break
      case 'insert-session':
        this.addSession(change.session)
        break
      case 'delete-session':
        this.sessions.remove(change.node, change.id)
        break
      case 'insert-lock':
        this.addLock(change.lock)
        break
      case 'delete-lock':
        this.removeLock(change.id)
        break
      case 'expect-bot':
      case 'touch-bot':
      case 'insert-token':
      case 'redeem-token':
      case 'invalidate-tokens':
      case 'delete-token':
      case 'put-readmission':
      case 'use-readmission':
      case 'delete-readmission':
      case 'insert-admin':
      case 'delete-admin':
      case 'insert-authority':
      case 'move-authority':
      case 'delete-authority':
      case 'reseal-keys':
      case 'put-trust-report':
      case 'clear-trust-reports':
      case 'record-restore':
      case 'insert-audit-key':
      case 'insert-checkpoint':
      case 'prune-events':
      case 'drop-pruned-events':
        break
      default:
        change satisfies never
    }
  }

  setRole(record: RoleRecord): void {
    const role = readRole(record.document)
    this.roles.set(role)
    this.#rematch(record.name, (labels) => matchRole(role, labels))
    this.#reevaluate(record.name)
  }

  setBot(bot: { readonly name: string; readonly roles: readonly string[] }): void {
    const before = this.bots.get(bot.name)
    if (before && before.roles.join() === bot.roles.join()) return
    if (before) this.#takeOut(bot.name)
    const { group } = this.bots.add(bot)
    if (group.bots.size === 1) this.#pending.groups.add(group.id)
    this.#pending.bots.add(bot.name)
    this.#setMember(group, bot.name)
  }

  addInstance(bot: string, id: string): void {
    if (this.certificates.addInstance(bot, id)) this.#setRevokedOf(bot)
  }

  addCertificate(certificate: CertificateRecord): void {
    const { serial, bot, instanceId, expiresAt } = certificate
    // What else is known of it stays in the store: there are many.
    this.certificates.add({ serial, bot, instanceId, expiresAt })
    this.#setRevoked(certificate)
  }

  addSession(session: SessionRecord): void {
    if (this.sessions.add(session)) this.#pending.sessionNodes.add(session.node)
  }

  addLock(lock: LockRecord): void {
    if (this.locks.add(lock)) this.#relock(lock)
  }

  removeLock(id: string): void {
    const lock = this.locks.remove(id)
    if (lock) this.#relock(lock)
  }

  /** Ends the locks whose time is over, and brings back those that ended too early. */
  setTime(now: number): void {
    for (const lock of this.locks.resumedAt(now)) this.addLock(lock)
    for (const { id } of this.locks.expiredBy(now)) {
      const lock = this.locks.end(id)
      if (lock) this.#relock(lock)
    }
  }

  /** False where there is no such session. */
  endSession(node: string, id: string): boolean {
    const found = this.sessions.end(node, id)
    if (found) this.#pending.sessionNodes.add(node)
    return found
  }

  /** What the group may do on nodes with these labels, whichever of them; node locks apart. */
  grants(group: Group, view: LabelView): GroupGrants {
    const { byView, byKey } = group.evaluated
    const known = byView.get(view)
    if (known) return known
    const grants = grantsFor(this.roles.inForce(group.roles), view.labels)
    const key = JSON.stringify(grants)
    const evaluated = byKey.get(key) ?? { grants, logins: grants.map(({ login }) => login), key }
    byKey.set(key, evaluated)
    byView.set(view, evaluated)
    return evaluated
  }

  /** The groups that may do something on nodes with these labels. */
  groupsOn(view: LabelView): ReadonlyMap<Group, GroupGrants> {
    const found = new Map<Group, GroupGrants>()
    const matching = this.roles.matching(
      ({ allow }) => allow !== undefined && matchesLabels(allow.nodeLabels, view.labels),
    )
    for (const role of matching) {
      for (const group of this.bots.withRole(role)) {
        if (found.has(group)) continue
        const granted = this.grants(group, view)
        if (granted.grants.length > 0) found.set(group, granted)
      }
    }
    return found
  }

  isNodeLocked(node: string): boolean {
    return this.locks.has('node', node)
  }

  #rematch(role: string, matchOf: (labels: Labels) => RoleMatch): void {
    for (const { view, from } of this.nodes.rematch(role, matchOf)) this.#pending.split(view, from)
  }

  #reevaluate(role: string): void {
    this.#restrictions++
    for (const group of this.bots.withRole(role)) {
      group.evaluated = nothingEvaluated()
      group.introductions.clear()
      this.#pending.groups.add(group.id)
    }
  }

  #deleteRole(name: string): void {
    for (const { id } of this.locks.on('role', name)) this.removeLock(id)
    this.locks.forgetEnded((target) => target.kind === 'role' && target.role === name)
    this.roles.delete(name)
    this.#rematch(name, () => 'none')
    this.#reevaluate(name)
  }

  #deleteBot(name: string): void {
    if (this.bots.get(name)) this.#pending.goneBots.add(name)
    this.#takeOut(name)
    this.#pending.bots.add(name)
    this.certificates.dropInstances(name)
    for (const lock of this.locks.list()) {
      const { target } = lock
      if ((target.kind === 'bot' || target.kind === 'instance') && target.bot === name) {
        this.removeLock(lock.id)
      }
    }
    this.locks.forgetEnded((target) => 'bot' in target && target.bot === name)
    this.#setRevokedOf(name)
    this.sessions.endOfBot(name)
    for (const node of this.sessions.nodes()) this.#pending.sessionNodes.add(node)
  }

  #deleteNode(name: string): void {
    for (const { id } of this.locks.on('node', name)) this.removeLock(id)
    this.locks.forgetEnded((target) => target.kind === 'node' && target.node === name)
    this.sessions.removeNode(name)
    if (!this.nodes.delete(name)) return
    this.#pending.nodes.add(name)
    this.#pending.goneNodes.add(name)
  }

  #takeOut(bot: string): void {
    const entry = this.bots.get(bot)
    if (!entry) return
    const { group } = entry
    this.bots.remove(entry)
    if (group.bots.size === 0) this.#pending.groups.add(group.id)
    if (!group.members.delete(bot)) return
    group.introductions.clear()
    this.#pending.member(group.id, bot, true)
  }

  #setMember(group: Group, bot: string): void {
    const is = !this.locks.has('bot', bot)
    if (group.members.has(bot) === is) return
    group.introductions.clear()
    this.#pending.member(group.id, bot, !is)
    if (is) group.members.add(bot)
    else group.members.delete(bot)
  }

  #setRevokedOf(bot: string): void {
    for (const certificate of this.certificates.ofBot(bot)) this.#setRevoked(certificate)
  }

  #setRevoked({ serial, bot, instanceId }: CertificateRecord): void {
    const revoked =
      !this.certificates.hasInstance(bot, instanceId) ||
      this.locks.has('bot', bot) ||
      this.locks.has('instance', instanceId)
    if (this.certificates.setRevoked(serial, revoked)) this.#pending.serial(serial, !revoked)
  }

  #forgetCertificates(expiredBy: number): void {
    for (const serial of this.certificates.forget(expiredBy)) this.#pending.serial(serial, true)
  }

  /** After this lock came or went. */
  #relock({ target }: LockRecord): void {
    if (target.kind === 'node') {
      this.#pending.nodes.add(target.node)
      this.#pending.lockedNodes.add(target.node)
      return
    }
    this.#pending.locks = true
    switch (target.kind) {
      case 'bot': {
        const entry = this.bots.get(target.bot)
        if (entry) this.#setMember(entry.group, target.bot)
        this.#pending.bots.add(target.bot)
        this.#setRevokedOf(target.bot)
        break
      }
      case 'instance':
        this.#setRevokedOf(target.bot)
        break
      case 'role':
        this.roles.relock(target.role)
        this.#reevaluate(target.role)
        break
      case 'login':
        for (const role of this.roles.allowing(target.login)) {
          this.roles.relock(role)
          this.#reevaluate(role)
        }
    }
  }
}
