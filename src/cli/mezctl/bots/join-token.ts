/** The one time that a join token is shown. */
import { optional } from '../../../base/parameter.ts'
import { duration, integer } from '../../../base/value-kind.ts'
import type { Bot, JoinToken } from '../../../gen/mezite/v1/admin_pb.js'
import { printable } from '../../printable.ts'
import { newTokenLine, tokenValueJson } from '../token-view.ts'
import { toSeconds } from '../wire-values.ts'
import { botJson } from './view.ts'

export const tokenParameters = {
  tokenTtl: optional(duration, {
    help: 'how long the join token can be used',
    defaultText: '1h',
    group: 'Join token:',
  }),
  tokenUses: optional(integer(1, 10_000), {
    help: 'how many machines may join with it',
    defaultText: '1',
    group: 'Join token:',
  }),
}

/** For the request; what isn't given is the hub's default. */
export function tokenRequest(values: {
  readonly tokenTtl: number | undefined
  readonly tokenUses: number | undefined
}) {
  return {
    ...(values.tokenTtl !== undefined && { tokenTtl: toSeconds(values.tokenTtl) }),
    ...(values.tokenUses !== undefined && { tokenUses: values.tokenUses }),
  }
}

export interface NewToken {
  readonly bot?: Bot | undefined
  readonly token?: JoinToken | undefined
  readonly publicAddress: string
}

export function newTokenJson({ bot, token, publicAddress }: NewToken) {
  return {
    bot: bot ? botJson(bot) : null,
    token: tokenValueJson(token),
    hub: { address: publicAddress },
  }
}

export function newTokenText(headline: string, { token, publicAddress }: NewToken): string {
  const value = printable(token?.value ?? '')
  return [
    printable(headline),
    newTokenLine(token),
    '',
    'Use this token with mezd identity:',
    `mezd identity start --auth-server=${printable(publicAddress)} --join-token=${value}`,
    '',
  ].join('\n')
}

/** What an administrator should know about the roles just given, one line for each. */
export function withheldText(bot: Bot | undefined): string {
  return (bot?.withheldLogins ?? [])
    .map(({ login, reason }) =>
      printable(`note: certificates won't carry the login ${login}: ${reason}`),
    )
    .map((line) => `${line}\n`)
    .join('')
}
