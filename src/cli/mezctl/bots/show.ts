import type { Bot } from '../../../gen/mezite/v1/admin_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { formatDetails, formatTable } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockListing } from '../lock-view.ts'
import { READMISSION_COLUMNS } from '../readmission-view.ts'
import { TOKEN_COLUMNS } from '../token-view.ts'
import { durationText, timeText } from '../wire-values.ts'
import { nameParameter } from './parameters.ts'
import { botJson, stateOf } from './view.ts'

export const botsShow = defineVerb({
  name: 'show',
  summary: 'show all about one bot',
  description:
    'Shows a bot: its roles, the principals that its certificates carry, its join tokens (never their values), its open readmissions, and the locks on it and its instances.',
  parameters: { ...nameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl bots show github-deploy', does: 'one bot' }],
  seeAlso: ['mezctl bots instances', 'mezctl bots update', 'mezctl audit ls --bot NAME'],
  async run(values, invocation) {
    const { bot } = await withHub(values, invocation, (hub, options) =>
      hub.bots.getBot({ name: values.name }, options),
    )
    if (!bot) throw new Error('the hub sent no bot')
    invocation.stdout.write(values.format === 'json' ? formatJson(botJson(bot)) : botText(bot))
  },
})

function botText(bot: Bot): string {
  const withheld = bot.withheldLogins.map(({ login, reason }) => `${login} (${reason})`)
  const details = formatDetails([
    ['Bot', bot.name],
    ['State', stateOf(bot)],
    ['Roles', bot.roles.join(', ')],
    ['Principals', bot.principals.join(', ')],
    ['Withheld logins', withheld.join(', ')],
    ['Certificate TTL', `${durationText(bot.maxCertificateTtl) ?? 'the default'} at most`],
    ['Identity TTL', durationText(bot.identityTtl) ?? ''],
    ['Instances', String(bot.instanceCount)],
    ['Last seen', timeText(bot.lastSeen) ?? 'never'],
    ['Created', `${timeText(bot.createdAt)} by ${bot.createdBy}`],
  ])
  const tokens = bot.tokens.length > 0 ? `\n${formatTable(TOKEN_COLUMNS, bot.tokens)}` : ''
  const locks = bot.locks.length > 0 ? `\n${formatTable(lockListing.columns, bot.locks)}` : ''
  const { readmissions } = bot
  const readmitted =
    readmissions.length > 0 ? `\n${formatTable(READMISSION_COLUMNS, readmissions)}` : ''
  return `${details}${tokens}${readmitted}${locks}`
}
