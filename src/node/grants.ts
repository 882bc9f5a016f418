/**
 * What the hub has told this node, accumulated. No files, no clock: updates in, and out comes what
 * each login's file has to say and which of them a step has changed.
 *
 * What can't stand in a file of sshd's is left out, which only ever closes, and is told.
 */
import type { GrantGroup, LoginGrant, NodeLock, NodeTrust, NodeUpdate } from '../client/node-hub.ts'
import { problemWithGrant } from './principals-file.ts'
import type { Judgement } from './session-map.ts'

/** As in the names of OS accounts; it becomes the name of a file. */
const LOGIN = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$/
const PRINCIPAL = /^bot:[A-Za-z0-9._:/@+-]{1,250}$/

/** What a step changed. */
export interface GrantsDelta {
  readonly logins: ReadonlySet<string>
  readonly revoked: boolean
  readonly trust: boolean
  readonly locks: boolean
  /** What was left out, in words. */
  readonly problems: readonly string[]
}

/** The principals that enter as one login with the same options. */
export interface LoginEntry {
  readonly grant: LoginGrant
  /** Sorted. */
  readonly principals: readonly string[]
}

interface Group {
  readonly grants: ReadonlyMap<string, LoginGrant>
  readonly principals: Set<string>
}

export class Grants {
  readonly #groups = new Map<string, Group>()
  readonly #revoked = new Set<bigint>()
  #locks: readonly NodeLock[] = []
  #trust: NodeTrust | undefined
  #isKnown = false

  /** Whether a full update has come: before it, nothing is known, which is not the same as nothing. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  get revoked(): ReadonlySet<bigint> {
    return this.#revoked
  }

  get locks(): readonly NodeLock[] {
    return this.#locks
  }

  get trust(): NodeTrust | undefined {
    return this.#trust
  }

  /** The logins that anybody may enter as. */
  logins(): ReadonlySet<string> {
    const groups = [...this.#groups.values()].filter(({ principals }) => principals.size > 0)
    return new Set(groups.flatMap(({ grants }) => [...grants.keys()]))
  }

  /** Who may enter as a login, and how; in an order that depends on nothing else. */
  entries(login: string): readonly LoginEntry[] {
    return [...this.#groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { grants, principals }]) => {
        const grant = grants.get(login)
        if (grant === undefined || principals.size === 0) return []
        return [{ grant, principals: [...principals].sort() }]
      })
  }

  isGranted(login: string, principal: string): boolean {
    return [...this.#groups.values()].some(
      ({ grants, principals }) => grants.has(login) && principals.has(principal),
    )
  }

  /** What live sessions are judged by. */
  judgement(): Judgement {
    return {
      locks: this.#locks,
      revoked: this.#revoked,
      isGranted: (login, principal) => this.isGranted(login, principal),
    }
  }

  /** Takes one update, in the order in which they come. */
  apply(update: NodeUpdate): GrantsDelta {
    const logins = new Set<string>()
    const problems: string[] = []
    const touch = (group: Group | undefined) => {
      for (const login of group?.grants.keys() ?? []) logins.add(login)
    }
    if (update.full) this.#forget(touch)
    for (const id of update.removedGroups) {
      touch(this.#groups.get(id))
      this.#groups.delete(id)
    }
    for (const group of update.groups) this.#putGroup(group, touch, problems)
    for (const { group, added, removed } of update.memberships) {
      const members = this.#groups.get(group)
      if (members === undefined) continue
      for (const principal of removed) members.principals.delete(principal)
      addPrincipals(members.principals, added, problems)
      touch(members)
    }
    const revoked = this.#revoke(update)
    if (update.locks !== undefined) this.#locks = update.locks
    if (update.trust !== undefined) this.#trust = update.trust
    return {
      logins,
      revoked: revoked || update.trust !== undefined,
      trust: update.trust !== undefined,
      locks: update.full || update.locks !== undefined,
      problems,
    }
  }

  #forget(touch: (group: Group) => void): void {
    this.#isKnown = true
    for (const group of this.#groups.values()) touch(group)
    this.#groups.clear()
    this.#revoked.clear()
    this.#locks = []
  }

  #putGroup(
    group: GrantGroup,
    touch: (group: Group | undefined) => void,
    problems: string[],
  ): void {
    const before = this.#groups.get(group.id)
    const grants = new Map<string, LoginGrant>()
    for (const grant of group.grants) {
      const problem = LOGIN.test(grant.login) ? problemWithGrant(grant) : 'it is no login'
      if (problem === undefined) grants.set(grant.login, grant)
      else problems.push(`a grant of ${JSON.stringify(grant.login)} is left out: ${problem}`)
    }
    const principals = before?.principals ?? new Set()
    if (before === undefined) addPrincipals(principals, group.principals, problems)
    const after = { grants, principals }
    touch(before)
    touch(after)
    this.#groups.set(group.id, after)
  }

  #revoke({ full, revoked, forgotten }: NodeUpdate): boolean {
    // Serial 0 would make the list invalid, and sshd then refuses everyone.
    for (const serial of revoked) if (serial > 0n) this.#revoked.add(serial)
    for (const serial of forgotten) this.#revoked.delete(serial)
    return full || revoked.length > 0 || forgotten.length > 0
  }
}

function addPrincipals(to: Set<string>, added: readonly string[], problems: string[]): void {
  for (const principal of added) {
    if (PRINCIPAL.test(principal)) to.add(principal)
    else problems.push(`the principal ${JSON.stringify(principal)} is left out`)
  }
}
