import { IdentityService } from '../../../gen/mezite/v1/identity_pb.js'
import type { Auth } from '../../auth.ts'
import type { BotUpdate } from '../../board/bot-watches.ts'
import type { BotCaller, Caller } from '../../caller.ts'
import { AuthError } from '../../errors.ts'
import type { TrustBundle } from '../../issuing.ts'
import { botRemoved } from '../../refusals.ts'
import type { RotationDuties } from '../../rotations.ts'
import { type Rpc, rpc, stream } from '../rpc.ts'
import { readCertificateRequest, toIssuedIdentity } from './certificates.ts'
import { readDigest, toDuties, toReachableNode, toTrust } from './trust-messages.ts'

export function identityRpcs({ renewal, instances, board, rotations }: Auth): readonly Rpc[] {
  const { method } = IdentityService
  const share = createSharing()
  return [
    rpc(method.renew, async ({ request }, caller) => {
      const issued = await renewal.renew(botCaller(caller), readCertificateRequest(request))
      return { identity: toIssuedIdentity(issued) }
    }),
    stream(method.watchIdentity, toSurroundings, async (_request, caller, outlet) => {
      const bearer = botCaller(caller)
      await instances.requireCurrent(bearer)
      outlet.subscribe(() => rotations.attendance.enter(bearer))
      outlet.subscribe(() =>
        board.watchBot(bearer.bot, {
          update: (update) => outlet.send(withDuties(share(update), bearer)),
          gone: () => outlet.end(botRemoved(bearer.bot)),
        }),
      )
    }),
    rpc(method.reportTrust, async ({ trustDigest }, caller) => {
      const bearer = botCaller(caller)
      await instances.requireCurrent(bearer)
      await rotations.report(bearer, readDigest(trustDigest), undefined)
      return {}
    }),
  ]

  function withDuties(update: BotUpdate, bearer: BotCaller): Told {
    const duties = rotations.duties(bearer)
    return duties ? { ...update, duties } : update
  }
}

type Told = BotUpdate & { readonly duties?: RotationDuties }

function toSurroundings({ trust, nodes, duties }: Told) {
  return { trust: toTrust(trust), nodes: nodes.map(toReachableNode), ...toDuties(duties) }
}

/** One object for all updates that say the same, so that it is encoded once. */
function createSharing(): (update: BotUpdate) => BotUpdate {
  const shared = new WeakMap<BotUpdate['nodes'], BotUpdate>()
  return (update) => {
    const before = shared.get(update.nodes)
    if (before && isSameTrust(before.trust, update.trust)) return before
    shared.set(update.nodes, update)
    return update
  }
}

function isSameTrust(a: TrustBundle, b: TrustBundle): boolean {
  return (['user', 'host', 'tls'] as const).every(
    (type) => a[type].length === b[type].length && a[type].every((key, i) => key === b[type][i]),
  )
}

/** The access table lets no other caller through. */
function botCaller(caller: Caller): BotCaller {
  if (caller.kind === 'bot') return caller
  throw new AuthError('internal', 'only a bot has this call')
}
