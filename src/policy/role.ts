/**
 * Policy: who may log in where. This folder is the whole of role-based access control, and pure.
 *
 * A role document (`role-document.ts`) becomes a `Role`, which is always valid and ready to match.
 * `grants.ts` decides on one node; `certificate-access.ts` says what a bot's certificate may carry
 * for servers where nothing but the certificate decides.
 *
 * Invariants:
 * - Nothing is granted that some role doesn't allow, and a deny of any role beats every allow.
 * - An unknown key, a misspelt pattern, a value of the wrong type is an error, never a hole.
 * - A hostile document, expression or alias is refused or read at a bounded cost.
 */
import type { Selector } from './labels.ts'
import type { RoleOptions } from './options.ts'
import type { Pattern } from './pattern.ts'

export interface Role {
  readonly name: string
  /** Empty when the document has none. */
  readonly description: string
  readonly options: RoleOptions
  /** Undefined for a role that only limits or denies. */
  readonly allow: Allow | undefined
  readonly deny: Deny
}

/** These logins on the nodes that the selector matches. */
export interface Allow {
  readonly nodeLabels: Selector
  /** Literal: certificates carry them as they are. */
  readonly logins: readonly string[]
}

/** Either suffices: every login on these nodes, and these logins on every node. */
export interface Deny {
  readonly nodeLabels: Selector | undefined
  readonly logins: readonly Pattern[]
}
