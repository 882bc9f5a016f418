import { BotService } from '../../../gen/mezite/v1/admin_pb.js'
import type { Auth } from '../../auth.ts'
import type { TokenOptions } from '../../tokens.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { toBot, toInstance, toJoinToken } from './bot-messages.ts'
import { optional, optionalDuration } from './fields.ts'
import { toLock } from './locks.ts'
import { readPage } from './paging.ts'
import { toReadmission } from './readmission-messages.ts'

const LARGEST_PAGE = 500

export function botRpcs({ bots, locks, readmissions, context }: Auth): readonly Rpc[] {
  const { method } = BotService
  const { publicAddress, clock } = context
  const now = () => clock.now()
  return [
    rpc(method.createBot, async (request, caller) => {
      const { bot, token } = await bots.create(caller, {
        name: request.name,
        roles: request.roles,
        identityTtl: optionalDuration('identity_ttl', request.identityTtl),
        token: tokenOptions(request),
      })
      return { bot: toBot(bot, now()), token: toJoinToken(token), publicAddress: publicAddress() }
    }),
    rpc(method.updateBot, async ({ name, roles }, caller) => ({
      bot: toBot(await bots.update(caller, name, roles), now()),
    })),
    rpc(method.listBots, async (request) => {
      const page = await readPage(request, bots.list, ({ bot }) => bot.name, LARGEST_PAGE)
      return {
        bots: page.items.map((view) => toBot(view, now())),
        nextPageToken: page.nextPageToken,
      }
    }),
    rpc(method.getBot, async ({ name }) => ({ bot: toBot(await bots.get(name), now()) })),
    rpc(method.listInstances, async ({ bot }) => {
      const view = await bots.get(bot)
      return {
        instances: view.instances.map((instance) => toInstance(instance, view.locks, now())),
      }
    }),
    rpc(method.rotateToken, async (request, caller) => {
      const { bot, token, invalidated } = await bots.rotateToken(
        caller,
        request.name,
        tokenOptions(request),
      )
      return {
        bot: toBot(bot, now()),
        token: toJoinToken(token),
        publicAddress: publicAddress(),
        invalidated,
      }
    }),
    rpc(method.deleteBot, async ({ name }, caller) => ({
      instancesRemoved: await bots.remove(caller, name),
    })),
    rpc(method.lockBot, async (request, caller) => {
      const { name, message } = request
      const ttl = optionalDuration('ttl', request.ttl)
      return { lock: toLock(await locks.lockBot(caller, name, { message, ttl })) }
    }),
    rpc(method.unlockBot, async ({ name }, caller) => ({
      removed: (await locks.unlockBot(caller, name)).map(toLock),
    })),
    rpc(method.readmitBot, async ({ name, instanceIds, ttl }, caller) => {
      const options = { instanceIds, ttl: optionalDuration('ttl', ttl) }
      const granted = await readmissions.grantToBot(caller, name, options)
      return { readmissions: granted.map(toReadmission) }
    }),
    rpc(method.cancelReadmission, async ({ name, instanceIds }, caller) => ({
      cancelled: (await readmissions.cancelForBot(caller, name, instanceIds)).map(toReadmission),
    })),
  ]
}

function tokenOptions(request: {
  readonly tokenTtl?: Parameters<typeof optionalDuration>[1]
  readonly tokenUses: number
}): TokenOptions {
  return {
    ttl: optionalDuration('token_ttl', request.tokenTtl),
    uses: optional(request.tokenUses),
  }
}
