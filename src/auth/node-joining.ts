/**
 * A node's join: a token for nodes becomes a managed node. As with bots, redeeming the token and
 * creating the node are one act.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Caller } from './caller.ts'
import { decideJoin } from './commit.ts'
import { eventBy, type LineageContext } from './context.ts'
import { AuthError } from './errors.ts'
import { checkClock } from './issuing.ts'
import { lockOnNode } from './locks.ts'
import { aboutNodeIssue, type IssuedNode, issueNode, nodeSeen } from './node-issuing.ts'
import {
  type CheckedNodeRequest,
  checkNodeRequest,
  type NodeCertificateRequest,
} from './node-request.ts'
import { RateTable, REPETITION_RATE, requireRate } from './rate.ts'
import type { NodeRecord, TokenRecord } from './records.ts'
import { locked, unknownToken } from './refusals.ts'
import { readToken, requireActive, requireForNodes } from './tokens.ts'

export interface NodeJoining {
  /**
   * @throws AuthError `already-exists` for a name that is taken, `token-unknown`, `token-used`,
   *   `token-expired`, `token-wrong-kind`, `node-locked`, `clock-skew`, `invalid-request`; each but
   *   the last is in the audit log, and none of them spends the token
   */
  join(caller: Caller, token: string, request: NodeCertificateRequest): Promise<IssuedNode>
}

export function createNodeJoining(context: LineageContext): NodeJoining {
  const { store, clock, refusals } = context
  const repetitions = new RateTable(REPETITION_RATE)

  async function attempt(
    caller: Caller,
    token: TokenRecord,
    request: CheckedNodeRequest,
  ): Promise<IssuedNode> {
    requireForNodes(token)
    const stored = await store.nodes.get(request.node.name)
    if (stored && (await joinedBefore(context, stored, token, request))) {
      const { instanceId } = stored
      requireRate(repetitions, instanceId, clock.monotonic(), 'repetitions of this join')
      return repeatJoin(context, caller, stored, request, token)
    }
    requireActive(token, clock.now())
    if (stored) throw nameTaken(stored)
    requireFreeNames(context, request)
    return firstJoin(context, caller, request, token)
  }

  return {
    async join(caller, text, unchecked) {
      const request = checkNodeRequest(unchecked)
      const secretHash = readToken(text, 'node')
      let token: TokenRecord | undefined
      return decideJoin(
        refusals,
        caller.address,
        async () => {
          checkClock(request.clientTime, clock.now())
          token = await store.tokens.find(secretHash)
          if (!token) throw unknownToken('node')
          return attempt(caller, token, request)
        },
        (reason) => {
          const fields = { reason, node: request.node.name, ...(token && { token: token.id }) }
          return eventBy(context, caller, 'node.join', { fields }, 'refused')
        },
      )
    },
  }
}

/** Whether these very keys joined as this node with this token, and it hasn't renewed since. */
async function joinedBefore(
  { store }: LineageContext,
  node: NodeRecord,
  token: TokenRecord,
  request: CheckedNodeRequest,
): Promise<boolean> {
  const redemption = await store.tokens.redemption(token.id, request.keyFingerprint)
  return (
    redemption?.instanceId === node.instanceId &&
    node.generation === 1n &&
    equalBytes(node.sshKeyFingerprint, request.sshKeyFingerprint)
  )
}

function nameTaken({ name }: NodeRecord): AuthError {
  return new AuthError('already-exists', `there is a node "${name}" already`, {
    hint: `if this is the same machine, set up anew: mezctl nodes rm ${name}; else choose another --name`,
  })
}

/**
 * A node's name belongs to one host certificate only. Names and addresses that aren't a node's name
 * may be shared: several sshd's can run on one machine.
 */
function requireFreeNames({ board }: LineageContext, { node }: CheckedNodeRequest): void {
  const [other] = board.nodesReachedAs(node.name)
  const host = node.hosts.find((each) => each !== node.name && board.nodesReachedAs(each).has(each))
  if (other === undefined && host === undefined) return
  const message =
    other === undefined
      ? `"${host}" is the name of another node`
      : `node "${other}" is reached as "${node.name}"`
  throw new AuthError('already-exists', message, {
    hint: 'no two nodes can be certified under one name: choose another --name, or other --hosts',
  })
}

async function firstJoin(
  context: LineageContext,
  caller: Caller,
  request: CheckedNodeRequest,
  token: TokenRecord,
): Promise<IssuedNode> {
  const { store, clock, random } = context
  const { name, labels, hosts } = request.node
  const { keyFingerprint, sshKeyFingerprint } = request
  const instanceId = random.uuid()
  const issued = issueNode(context, { name, hosts, instanceId, generation: 1n }, request)
  const node: NodeRecord = {
    name,
    labels,
    labelsPinned: false,
    hosts,
    instanceId,
    generation: 1n,
    keyFingerprint,
    previousKeyFingerprint: undefined,
    sshKeyFingerprint,
    revision: 1,
    joinedAt: clock.now(),
    ...nodeSeen(caller, issued, request),
  }
  await store.commit({
    changes: [
      { kind: 'redeem-token', redemption: { tokenId: token.id, keyFingerprint, instanceId } },
      { kind: 'insert-node', node },
    ],
    events: [eventBy(context, caller, 'node.join', aboutNodeIssue(issued, { token: token.id }))],
  })
  return issued
}

async function repeatJoin(
  context: LineageContext,
  caller: Caller,
  stored: NodeRecord,
  request: CheckedNodeRequest,
  token: TokenRecord,
): Promise<IssuedNode> {
  const { store, clock } = context
  const lock = lockOnNode(await store.locks.list(), clock.now(), stored.name)
  if (lock) throw locked(lock)
  const issued = issueNode(context, stored, request)
  const node = {
    ...stored,
    ...nodeSeen(caller, issued, request),
    revision: stored.revision + 1,
  }
  const fields = { token: token.id, repeated: 'true' }
  await store.commit({
    changes: [{ kind: 'replace-node', node }],
    events: [eventBy(context, caller, 'node.join', aboutNodeIssue(issued, fields))],
  })
  return issued
}
