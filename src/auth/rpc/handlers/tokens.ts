import { TokenService } from '../../../gen/mezite/v1/node_pb.js'
import type { Auth } from '../../auth.ts'
import { AuthError } from '../../errors.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { toJoinToken, toTokenSummary } from './bot-messages.ts'
import { optional, optionalDuration } from './fields.ts'

export function tokenRpcs({ nodeTokens, context }: Auth): readonly Rpc[] {
  const { method } = TokenService
  const { publicAddress, clock } = context
  return [
    rpc(method.createToken, async ({ role, ttl, uses }, caller) => {
      if (role !== 'node') throw unknownRole(role)
      const options = { ttl: optionalDuration('ttl', ttl), uses: optional(uses) }
      const token = await nodeTokens.create(caller, options)
      return { token: toJoinToken(token), publicAddress: publicAddress() }
    }),
    rpc(method.listTokens, async () => {
      const now = clock.now()
      return { tokens: (await nodeTokens.list()).map((token) => toTokenSummary(token, now)) }
    }),
    rpc(method.deleteToken, async ({ id }, caller) => {
      await nodeTokens.remove(caller, id)
      return {}
    }),
  ]
}

function unknownRole(role: string): AuthError {
  const message = `there are no join tokens for the role ${JSON.stringify(role)}`
  return new AuthError('invalid-request', message, {
    hint: "the only one is node; a bot's token comes with the bot: mezctl bots add",
  })
}
