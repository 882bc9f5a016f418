import type { Labels } from '../../policy/labels.ts'
import type { Role } from '../../policy/role.ts'
import type { LockIndex } from './lock-index.ts'
import { matchRole, type RoleMatch } from './role-match.ts'

/** The cluster's roles, as they are written and as they count while locks are on them. */
export class RoleIndex {
  readonly #locks: LockIndex
  readonly #written = new Map<string, Role>()
  readonly #restricted = new Map<string, Role>()

  constructor(locks: LockIndex) {
    this.#locks = locks
  }

  set(role: Role): void {
    this.#written.set(role.name, role)
    this.#restricted.delete(role.name)
  }

  delete(name: string): void {
    this.#written.delete(name)
    this.#restricted.delete(name)
  }

  /** After a lock on the role, or on one of its logins, came or went. */
  relock(name: string): void {
    this.#restricted.delete(name)
  }

  written(names: readonly string[]): readonly Role[] {
    return names.flatMap((name) => this.#written.get(name) ?? [])
  }

  /** What the locks leave of these roles. */
  inForce(names: readonly string[]): readonly Role[] {
    return names.flatMap((name) => {
      const known = this.#restricted.get(name)
      if (known) return known
      const written = this.#written.get(name)
      if (!written) return []
      const restricted = this.restrict(written)
      this.#restricted.set(name, restricted)
      return restricted
    })
  }

  /**
   * The role without what a lock on it, or on logins of its, takes away. Its denials and its limits
   * stay: a lock never opens anything.
   */
  restrict(role: Role): Role {
    const { allow } = role
    if (!allow) return role
    if (this.#locks.has('role', role.name)) return { ...role, allow: undefined }
    const logins = allow.logins.filter((login) => !this.#locks.has('login', login))
    if (logins.length === allow.logins.length) return role
    return { ...role, allow: logins.length > 0 ? { ...allow, logins } : undefined }
  }

  /** How the roles, as they are written, stand to nodes with these labels; without those at `none`. */
  matchesOf(labels: Labels): Map<string, RoleMatch> {
    const matches = new Map<string, RoleMatch>()
    for (const role of this.#written.values()) {
      const match = matchRole(role, labels)
      if (match !== 'none') matches.set(role.name, match)
    }
    return matches
  }

  /** The roles that allow this login somewhere. */
  *allowing(login: string): Iterable<string> {
    for (const { name, allow } of this.#written.values()) {
      if (allow?.logins.includes(login)) yield name
    }
  }

  /** The roles in force that allow something on nodes for whose labels `matches` holds. */
  *matching(matches: (role: Role) => boolean): Iterable<string> {
    for (const role of this.inForce([...this.#written.keys()])) if (matches(role)) yield role.name
  }
}
