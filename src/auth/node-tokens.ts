/** Join tokens for nodes. A bot's tokens are made, shown and invalidated with the bot. */
import type { Caller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventBy } from './context.ts'
import { AuthError } from './errors.ts'
import type { TokenRecord } from './records.ts'
import { aboutToken, createToken, FOR_NODES, type NewToken, type TokenOptions } from './tokens.ts'

export interface NodeTokens {
  /** @throws AuthError `invalid-request` */
  create(caller: Caller, options: TokenOptions): Promise<NewToken>
  /** Newest first, also those that can't be used any more. */
  list(): Promise<readonly TokenRecord[]>
  /** Nobody joins with it from the return on; who joined with it stays. @throws AuthError `not-found` */
  remove(caller: Caller, id: string): Promise<void>
}

export function createNodeTokens(context: AuthContext): NodeTokens {
  const { store } = context
  return {
    async create(caller, options) {
      const token = createToken(context, caller, FOR_NODES, options)
      await decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'insert-token', token: token.record }],
          events: [eventBy(context, caller, 'token.create', aboutToken(token))],
        }),
      )
      return token
    },

    list: () => store.tokens.listForNodes(),

    remove: (caller, id) =>
      decideAndCommit(async () => {
        const tokens = await store.tokens.listForNodes()
        if (!tokens.some((token) => token.id === id)) throw tokenMissing(id)
        await store.commit({
          changes: [{ kind: 'delete-token', id }],
          events: [eventBy(context, caller, 'token.remove', { fields: { token: id } })],
        })
      }),
  }
}

function tokenMissing(id: string): AuthError {
  return new AuthError('not-found', `there is no join token "${id}" for nodes`, {
    hint: "mezctl tokens ls shows those there are; a bot's is invalidated by mezctl bots rotate-token",
  })
}
