/** Managed nodes, as administrators see them and as their agents take leave. */
import type { Caller, NodeCaller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type BoardContext, eventBy } from './context.ts'
import { isCurrent } from './generation.ts'
import { isInForce, lockOnNode } from './locks.ts'
import { checkLabels } from './node-request.ts'
import { isOpen } from './readmission.ts'
import type { LockRecord, NodeRecord, ReadmissionRecord, SessionRecord } from './records.ts'
import {
  generationOutdated,
  instanceUnknown,
  locked,
  nodeIdentityExpired,
  nodeMissing,
  nodeRemoved,
} from './refusals.ts'
import { endedSession } from './session-events.ts'
import type { PageRequest } from './storage.ts'

export interface NodeView {
  readonly node: NodeRecord
  /** Its agent is connected to this hub. */
  readonly isOnline: boolean
  /** Those in force on it. */
  readonly locks: readonly LockRecord[]
  /** While it lasts, used or not. */
  readonly readmission: ReadmissionRecord | undefined
}

export interface Nodes {
  /** @throws AuthError `not-found` */
  get(name: string): Promise<NodeView>
  list(page: PageRequest): Promise<readonly NodeView[]>
  /**
   * Replaces the labels. What the agent says of them doesn't count from then on.
   *
   * @throws AuthError `not-found`, `invalid-request`
   */
  update(caller: Caller, name: string, labels: Readonly<Record<string, string>>): Promise<NodeView>
  /** Its identity is worthless from the return on. @throws AuthError `not-found` */
  remove(caller: Caller, name: string): Promise<void>
  /** The same at the node's own wish. @throws AuthError as `requireCurrent`; `node-locked` */
  leave(caller: NodeCaller): Promise<void>
  /**
   * That the caller's certificate is still that of the node: to be asked at every call, and good for
   * a locked node too, which has to hear of its lock.
   *
   * @throws AuthError `identity-expired`, `node-removed`, `instance-unknown`, `generation-mismatch`
   */
  requireCurrent(caller: NodeCaller): Promise<NodeRecord>
}

export function createNodes(context: BoardContext): Nodes {
  const { store, clock, board } = context

  async function stored(name: string): Promise<NodeRecord> {
    const node = await store.nodes.get(name)
    if (!node) throw nodeMissing(name)
    return node
  }

  async function view(...nodes: readonly NodeRecord[]): Promise<readonly NodeView[]> {
    const now = clock.now()
    const locks = (await store.locks.list()).filter((lock) => isInForce(lock, now))
    return Promise.all(
      nodes.map(async (node) => {
        const readmission = await store.readmissions.get(node.instanceId)
        return {
          node,
          isOnline: board.isOnline(node.name),
          locks: locks.filter(({ target }) => target.kind === 'node' && target.node === node.name),
          readmission: readmission && isOpen(readmission, now) ? readmission : undefined,
        }
      }),
    )
  }

  async function viewOne(node: NodeRecord): Promise<NodeView> {
    const [one] = await view(node)
    if (!one) throw nodeMissing(node.name)
    return one
  }

  /** The node and its sessions go together, on condition that it still is as it was read. */
  async function drop(
    caller: Caller,
    node: NodeRecord,
    type: 'node.remove' | 'node.leave',
  ): Promise<void> {
    const sessions = await store.sessions.list({ node: node.name })
    const end = (session: SessionRecord) =>
      endedSession(context, caller, session, clock.now(), 'node-removed')
    await store.commit({
      changes: [
        { kind: 'replace-node', node: { ...node, revision: node.revision + 1 } },
        { kind: 'delete-node', name: node.name },
      ],
      events: [
        ...sessions.map(end),
        eventBy(context, caller, type, {
          instanceId: node.instanceId,
          fields: { node: node.name, generation: String(node.generation) },
        }),
      ],
    })
  }

  async function requireCurrent(caller: NodeCaller): Promise<NodeRecord> {
    const now = clock.now()
    if (caller.expiresAt <= now) throw nodeIdentityExpired(caller, now)
    const node = await store.nodes.get(caller.node)
    if (!node) throw nodeRemoved(caller.node)
    if (node.instanceId !== caller.instanceId) throw instanceUnknown(caller)
    if (!isCurrent(node, caller)) throw generationOutdated(caller, node.generation)
    return node
  }

  return {
    get: async (name) => viewOne(await stored(name)),
    list: async (page) => view(...(await store.nodes.list(page))),

    async update(caller, name, unchecked) {
      const labels = checkLabels(unchecked)
      return decideAndCommit(async () => {
        const before = await stored(name)
        const node = { ...before, labels, labelsPinned: true, revision: before.revision + 1 }
        const fields = {
          node: name,
          labels: formatLabels(labels),
          labels_before: formatLabels(before.labels),
        }
        await store.commit({
          changes: [{ kind: 'replace-node', node }],
          events: [eventBy(context, caller, 'node.update', { fields })],
        })
        return viewOne(node)
      })
    },

    remove: (caller, name) =>
      decideAndCommit(async () => drop(caller, await stored(name), 'node.remove')),

    leave: (caller) =>
      decideAndCommit(async () => {
        const node = await requireCurrent(caller)
        // Whoever used a credential twice must not take the traces with him.
        const lock = lockOnNode(await store.locks.list(), clock.now(), node.name)
        if (lock) throw locked(lock)
        await drop(caller, node, 'node.leave')
      }),

    requireCurrent,
  }
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join()
}
