/**
 * A node's renewal: one generation becomes the next, decided by `decideGeneration` as with bots. Each
 * generation has a new identity key; the host key is sshd's own and may stay.
 */
import type { NodeCaller } from './caller.ts'
import { decideOrRecord } from './commit.ts'
import { eventBy, type LineageContext } from './context.ts'
import { AuthError } from './errors.ts'
import { type DoubleUse, decideGeneration } from './generation.ts'
import { afterIssue, type Issue, issueFields, lockForDoubleUse, presentedBy } from './lineage.ts'
import { aboutLock, lockOnNode } from './locks.ts'
import { aboutNodeIssue, type IssuedNode, issueNode, nodeSeen } from './node-issuing.ts'
import {
  type CheckedNodeRequest,
  checkNodeRequest,
  type NodeCertificateRequest,
} from './node-request.ts'
import { RateTable, RENEWAL_RATE, requireRate } from './rate.ts'
import { type ReadmissionUse, requireValidOrReadmitted } from './readmission.ts'
import type { NodeRecord } from './records.ts'
import {
  instanceUnknown,
  locked,
  nodeGenerationMismatch,
  nodeRemoved,
  overtaken,
} from './refusals.ts'
import { dropForgottenUnlocks, forgottenNode } from './restoring.ts'
import type { Act } from './storage.ts'

export interface NodeRenewal {
  /**
   * @throws AuthError `generation-mismatch` (and the node is locked from then on), `node-removed`,
   *   `node-locked`, `instance-unknown`, `identity-expired`, `invalid-request`; each but the last is
   *   in the audit log
   */
  renew(caller: NodeCaller, request: NodeCertificateRequest): Promise<IssuedNode>
}

/** @param decide another decision, for tests that show what it would break */
export function createNodeRenewal(context: LineageContext, decide = decideGeneration): NodeRenewal {
  const { store, clock, refusals, recent } = context
  const renewals = new RateTable(RENEWAL_RATE)

  async function attempt(caller: NodeCaller, request: CheckedNodeRequest): Promise<IssuedNode> {
    const readmission = await requireValidOrReadmitted(context, caller)
    requireRate(renewals, caller.instanceId, clock.monotonic(), 'renewals of this node')
    await dropForgottenUnlocks(context, caller)
    const known = await store.nodes.get(caller.node)
    const isKnown = known?.instanceId === caller.instanceId
    const stored = isKnown ? known : ((await forgottenNode(context, caller, known)) ?? known)
    if (!stored) throw nodeRemoved(caller.node)
    const lock = lockOnNode(await store.locks.list(), clock.now(), caller.node)
    if (lock) throw locked(lock)
    if (stored.instanceId !== caller.instanceId) throw instanceUnknown(caller)

    const before = recent.at(caller.instanceId, caller.connectedAt)
    const decision = decide(stored, presentedBy(caller, request), before)
    if (decision.action === 'late') throw overtaken(caller)
    const use = readmission.use(decision)
    if (decision.action === 'lock') {
      const lockId = await lockNode(context, caller, stored, decision.reason, use)
      throw nodeGenerationMismatch(caller, stored.generation, lockId)
    }
    const { hosts, withheld } = nextHosts(context, stored, request)
    const { name, instanceId } = stored
    const { generation } = decision
    const issued = issueNode(context, { name, hosts, instanceId, generation }, request)
    const node = nextNode(caller, { ...stored, hosts }, decision, issued, request)
    const fields = {
      ...issueFields(decision, stored),
      ...(withheld.length > 0 && { withheld_hosts: withheld.join() }),
    }
    const act: Act = {
      changes: [{ kind: known ? 'replace-node' : 'insert-node', node }, ...use.changes],
      events: [
        ...use.events,
        eventBy(context, caller, 'node.renew', aboutNodeIssue(issued, fields)),
      ],
    }
    await recent.replacing(instanceId, stored, () => store.commit(act))
    return issued
  }

  return {
    async renew(caller, unchecked) {
      const request = checkNodeRequest(unchecked)
      if (request.node.name !== caller.node) throw otherName(caller, request)
      return decideOrRecord(
        refusals,
        () => attempt(caller, request),
        (reason) => {
          const { node, instanceId, generation } = caller
          const fields = { reason, node, presented_generation: String(generation) }
          return eventBy(context, caller, 'node.renew', { instanceId, fields }, 'refused')
        },
      )
    },
  }
}

function otherName({ node }: NodeCaller, request: CheckedNodeRequest): AuthError {
  return new AuthError(
    'invalid-request',
    `node "${node}" can't renew as "${request.node.name}": a node keeps its name`,
    { hint: 'to rename it: mezd node leave, then join with a new token' },
  )
}

/**
 * The hosts for which the next host certificate is. A token vouched for those of the join; a host
 * that comes later must not be another node's, or one node that was broken into could pose as every
 * other.
 */
function nextHosts({ board }: LineageContext, stored: NodeRecord, { node }: CheckedNodeRequest) {
  const isFree = (host: string) =>
    stored.hosts.includes(host) ||
    [...board.nodesReachedAs(host)].every((name) => name === stored.name)
  const free = node.hosts.filter(isFree)
  return {
    hosts: free.length > 0 ? free : stored.hosts,
    withheld: node.hosts.filter((host) => !isFree(host)),
  }
}

function nextNode(
  caller: NodeCaller,
  stored: NodeRecord,
  decision: Issue,
  issued: IssuedNode,
  request: CheckedNodeRequest,
): NodeRecord {
  return {
    ...stored,
    ...nodeSeen(caller, issued, request),
    ...afterIssue(stored, caller, decision, request),
    labels: stored.labelsPinned ? stored.labels : request.node.labels,
    revision: stored.revision + 1,
  }
}

/** Returns the lock's identifier. It rests on that nobody moved or locked the node meanwhile. */
async function lockNode(
  context: LineageContext,
  caller: NodeCaller,
  stored: NodeRecord,
  reason: DoubleUse,
  use: ReadmissionUse,
): Promise<string> {
  const target = { kind: 'node', node: stored.name } as const
  const { lock, fields } = lockForDoubleUse(context, target, caller, stored, reason)
  const about = { ...aboutLock(lock, fields), instanceId: stored.instanceId }
  await context.store.commit({
    changes: [
      { kind: 'replace-node', node: { ...stored, revision: stored.revision + 1 } },
      { kind: 'insert-lock', lock },
      ...use.changes,
    ],
    events: [{ ...eventBy(context, caller, 'lock.create', about), actor: 'hub' }],
  })
  return lock.id
}
