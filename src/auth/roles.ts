/** Roles: kept as YAML documents, read through `src/policy`. */

import type { Role } from '../policy/role.ts'
import { formatRole } from '../policy/role-document.ts'
import type { Caller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import type { AuthContext } from './context.ts'
import { eventBy } from './context.ts'
import type { RoleRecord } from './records.ts'
import { roleMissing } from './refusals.ts'
import { readRole } from './role-reader.ts'
import type { PageRequest } from './storage.ts'

export interface Roles {
  /** @throws AuthError `invalid-request`, `already-exists` */
  create(caller: Caller, document: string): Promise<RoleRecord>
  /** @throws AuthError `invalid-request`, `not-found` */
  update(caller: Caller, document: string): Promise<RoleRecord>
  /** @throws AuthError `not-found` */
  get(name: string): Promise<RoleRecord>
  list(page: PageRequest): Promise<readonly RoleRecord[]>
  /** @throws AuthError `not-found`, `in-use` */
  remove(caller: Caller, name: string): Promise<void>
  /**
   * The roles of these names, ready to evaluate.
   *
   * @throws AuthError `not-found`
   */
  resolve(names: readonly string[]): Promise<readonly Role[]>
}

export function createRoles(context: AuthContext): Roles {
  const { store, clock } = context
  const read = createRoleReader()

  async function get(name: string): Promise<RoleRecord> {
    const role = await store.roles.get(name)
    if (!role) throw roleMissing(name)
    return role
  }

  return {
    async create(caller, document) {
      const role = readRole(document)
      const now = clock.now()
      const record = { ...toRecord(role), revision: 1, createdAt: now, updatedAt: now }
      await decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'insert-role', role: record }],
          events: [eventBy(context, caller, 'role.create', { fields: { role: role.name } })],
        }),
      )
      return record
    },

    async update(caller, document) {
      const role = readRole(document)
      return decideAndCommit(async () => {
        const stored = await get(role.name)
        const record = {
          ...toRecord(role),
          revision: stored.revision + 1,
          createdAt: stored.createdAt,
          updatedAt: clock.now(),
        }
        const fields = { role: role.name, revision: String(record.revision) }
        await store.commit({
          changes: [{ kind: 'replace-role', role: record }],
          events: [eventBy(context, caller, 'role.update', { fields })],
        })
        return record
      })
    },

    get,
    list: (page) => store.roles.list(page),

    remove: (caller, name) =>
      decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'delete-role', name }],
          events: [eventBy(context, caller, 'role.remove', { fields: { role: name } })],
        }),
      ),

    resolve: async (names) => (await Promise.all(names.map(get))).map(read),
  }
}

/** Reads each revision of a role once. */
function createRoleReader(): (record: RoleRecord) => Role {
  const known = new Map<string, { readonly document: string; readonly role: Role }>()
  return ({ name, document }) => {
    const hit = known.get(name)
    if (hit?.document === document) return hit.role
    const role = readRole(document)
    known.set(name, { document, role })
    return role
  }
}

function toRecord(role: Role): Pick<RoleRecord, 'name' | 'description' | 'document'> {
  return { name: role.name, description: role.description, document: formatRole(role) }
}
