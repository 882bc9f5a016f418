/**
 * The hub's domain: joining, renewal, and the administration of bots, nodes, roles, locks and admins.
 *
 * Invariants of this folder:
 * - Every act is one commit, together with the audit events that tell of it.
 * - What is decided from a read is committed on condition that it is still so.
 * - A certificate leaves only after the commit that its generation rests on is durable.
 * - A lock that has been set is obeyed by every act that ends after it.
 * - Who may enter where is asked of the access board (board/), and of nothing else.
 */
import type { Admins } from './admins.ts'
import { createAdmins } from './admins.ts'
import { Attendance } from './attendance.ts'
import { type Audit, type AuditOptions, createAudit } from './audit.ts'
import { type AccessBoard, openAccessBoard } from './board/board.ts'
import type { Bots } from './bots.ts'
import { createBots } from './bots.ts'
import type { AuthContext } from './context.ts'
import { type ClockStep, createHubClock, type HubClock } from './hub-clock.ts'
import { createInstances, type Instances } from './instances.ts'
import { createInventory, type Inventory } from './inventory.ts'
import { trustBundle } from './issuing.ts'
import type { Joining } from './joining.ts'
import { createJoining } from './joining.ts'
import type { Locks } from './locks.ts'
import { createLocks } from './locks.ts'
import { createNodeJoining, type NodeJoining } from './node-joining.ts'
import { createNodeRenewal, type NodeRenewal } from './node-renewal.ts'
import { createNodeTokens, type NodeTokens } from './node-tokens.ts'
import { createNodes, type Nodes } from './nodes.ts'
import { createReadmissions, type Readmissions } from './readmissions.ts'
import { RecentGenerations } from './recent-generations.ts'
import { createRefusalLog, type RefusalLog } from './refusal-log.ts'
import type { Renewal } from './renewal.ts'
import { createRenewal } from './renewal.ts'
import { RenewalTimes } from './renewal-times.ts'
import type { Roles } from './roles.ts'
import { createRoles } from './roles.ts'
import { createRotations, type Rotations } from './rotations.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Status } from './status.ts'
import { createStatus } from './status.ts'

export interface Auth {
  readonly context: AuthContext
  readonly joining: Joining
  readonly renewal: Renewal
  readonly instances: Instances
  readonly bots: Bots
  readonly roles: Roles
  readonly readmissions: Readmissions
  readonly locks: Locks
  readonly admins: Admins
  readonly rotations: Rotations
  readonly nodeJoining: NodeJoining
  readonly nodeRenewal: NodeRenewal
  readonly nodes: Nodes
  readonly nodeTokens: NodeTokens
  readonly sessions: Sessions
  readonly board: AccessBoard
  readonly refusals: RefusalLog
  readonly audit: Audit
  readonly inventory: Inventory
  readonly renewalTimes: RenewalTimes
  readonly recent: RecentGenerations
  readonly hubClock: HubClock
  /** What has to go on in the background, until aborted. */
  run(signal: AbortSignal): Promise<void>
  readonly status: () => Promise<Status>
}

export interface AuthOptions {
  readonly audit?: AuditOptions
  /** Told of every step of the clock that is in the audit log. */
  readonly onClockStep?: ((step: ClockStep) => void) | undefined
}

/**
 * Reads the store for the board. `run` has to go on in the background; `board.close` lets go of the
 * store.
 *
 * @throws StoreError
 */
export async function createAuth(context: AuthContext, options: AuthOptions = {}): Promise<Auth> {
  const { store, clock } = context
  const hubClock = await createHubClock(context, options.onClockStep)
  const steady = () => hubClock.steady()
  const board = await openAccessBoard({
    ...{ store, clock, steady },
    trust: () => trustBundle(context),
  })
  context.authorities.subscribe(() => board.tellTrust())
  const refusals = createRefusalLog(context)
  const renewalTimes = new RenewalTimes(context.random)
  const recent = new RecentGenerations(clock)
  const restores = await store.restores.list()
  const whole = { ...context, board, refusals, renewalTimes, recent, restores }
  const roles = createRoles(context)
  const nodes = createNodes(whole)
  const locks = createLocks(context, steady)
  const audit = createAudit(context, { ...options.audit, steady })
  return {
    context,
    roles,
    joining: createJoining(whole, roles),
    renewal: createRenewal(whole, roles),
    instances: createInstances(context),
    bots: createBots(whole, roles),
    readmissions: createReadmissions(context),
    locks,
    admins: createAdmins(context),
    rotations: createRotations(context, new Attendance()),
    nodeJoining: createNodeJoining(whole),
    nodeRenewal: createNodeRenewal(whole),
    nodes,
    nodeTokens: createNodeTokens(context),
    sessions: createSessions(whole, nodes),
    board,
    refusals,
    renewalTimes,
    recent,
    audit,
    hubClock,
    inventory: createInventory(context),
    async run(signal) {
      const parts = [hubClock, board, refusals, locks, audit]
      await Promise.all(parts.map((part) => part.run(signal)))
    },
    status: createStatus({ ...whole, audit }),
  }
}
