/** A node's agent that remembers what it was told, and objects to what it knew already. */
import assert from 'node:assert/strict'
import type {
  MembershipUpdate,
  NodeListener,
  NodeUpdate,
} from '../../src/auth/board/node-update.ts'
import type { Grant } from '../../src/policy/grants.ts'

interface ToldGroup {
  grants: readonly Grant[]
  readonly principals: Set<string>
}

export class ToldNode implements NodeListener {
  readonly groups = new Map<string, ToldGroup>()
  readonly revoked = new Set<bigint>()
  readonly ending = new Set<string>()
  locks: readonly string[] = []
  updates: NodeUpdate[] = []
  isGone = false

  update(update: NodeUpdate): void {
    assert.ok(!this.isGone, 'nothing follows the end')
    this.updates.push(update)
    if (update.full) this.#forgetAll()
    for (const id of update.removedGroups)
      assert.ok(this.groups.delete(id), 'removes what is known')
    for (const { id, grants, principals } of update.groups) {
      assert.ok(grants.length > 0, 'a group has grants')
      const known = this.groups.get(id)
      assert.equal(principals === undefined, known !== undefined, 'principals of new groups only')
      if (known) {
        assert.notDeepEqual(known.grants, grants, 'the grants have changed')
        known.grants = grants
      } else this.groups.set(id, { grants, principals: new Set(principals) })
    }
    for (const membership of update.memberships) this.#setMembers(membership)
    for (const serial of update.revoked) {
      assert.ok(!this.revoked.has(serial), 'revoked once')
      this.revoked.add(serial)
    }
    for (const serial of update.forgotten) assert.ok(this.revoked.delete(serial), 'was revoked')
    for (const id of update.endSessions) this.ending.add(id)
    if (update.locks) this.locks = update.locks.map(({ id }) => id)
    assert.equal(update.trust !== undefined, update.full)
  }

  gone(): void {
    this.isGone = true
  }

  /** `login principal options`, sorted: what the files of its sshd would say. */
  lines(): readonly string[] {
    return [...this.groups.values()]
      .flatMap(({ grants, principals }) =>
        [...principals].flatMap((principal) =>
          grants.map(({ login, options }) => `${login} ${principal} ${JSON.stringify(options)}`),
        ),
      )
      .sort()
  }

  #setMembers({ group, added, removed }: MembershipUpdate): void {
    const principals = this.groups.get(group)?.principals
    assert.ok(principals, 'members of a known group')
    assert.ok(added.length + removed.length > 0)
    for (const principal of added) {
      assert.ok(!principals.has(principal), 'was no member')
      principals.add(principal)
    }
    for (const principal of removed) assert.ok(principals.delete(principal), 'was a member')
  }

  #forgetAll(): void {
    this.groups.clear()
    this.revoked.clear()
    this.locks = []
  }
}
