import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import type { CheckAccessResponse } from '../../../gen/mezite/v1/node_pb.js'
import { EXIT } from '../../exit-codes.ts'
import { ExitStatus } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { formatDetails } from '../../table.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { durationText } from '../wire-values.ts'
import { optionsJson } from './view.ts'

interface Question {
  readonly bot: string
  readonly node: string
  readonly login: string
}

export const accessCheck = defineVerb({
  name: 'check',
  summary: 'tell whether a bot may enter, and by which rule',
  description:
    'Tells whether a bot may enter a node as a login, and which rule of which role decided it. Exits with 0 when it may, with 3 when it may not.',
  parameters: {
    bot: required(text('NAME'), { help: 'who' }),
    node: required(text('NAME'), { help: 'where' }),
    login: required(text('LOGIN'), { help: 'as which account' }),
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    {
      command: 'mezctl access check --bot github-deploy --node web-server-01 --login deploy',
      does: 'may it?',
    },
  ],
  seeAlso: ['mezctl access ls', 'mezctl roles get', 'mezctl locks ls'],
  async run(values, invocation) {
    const { bot, node, login, format } = values
    const question: Question = { bot, node, login }
    const answer = await withHub(values, invocation, (hub, options) =>
      hub.access.checkAccess(question, options),
    )
    invocation.stdout.write(
      format === 'json' ? formatJson(answerJson(question, answer)) : answerText(question, answer),
    )
    if (!answer.allowed) throw new ExitStatus(EXIT.refused)
  },
})

function answerJson(question: Question, answer: CheckAccessResponse) {
  return {
    ...question,
    allowed: answer.allowed,
    effect: answer.effect,
    by: answer.by || null,
    roles: answer.roles,
    reason: answer.reason,
    options: answer.grant ? optionsJson(answer.grant) : null,
    max_certificate_ttl: durationText(answer.maxCertificateTtl),
  }
}

function answerText({ bot, node, login }: Question, answer: CheckAccessResponse): string {
  const { allowed, reason, roles, grant } = answer
  const headline = allowed
    ? `Allowed: ${bot} may enter ${node} as ${login}`
    : `Denied: ${bot} may not enter ${node} as ${login}`
  const options = grant && allowed ? optionsJson(grant) : undefined
  const ttl = durationText(answer.maxCertificateTtl)
  return `${printable(headline)}\n${formatDetails([
    ['Because', reason],
    ['Roles', roles.join(', ')],
    ['Terminal', options && yesOrNo(options.pty)],
    ['File copy', options && yesOrNo(options.file_copy)],
    ['Port forwarding', options && yesOrNo(options.port_forwarding)],
    ['From', options && (options.source_cidrs.join(', ') || 'anywhere')],
    ['Command', options && (options.force_command ?? 'any')],
    ['Certificate TTL', allowed && ttl ? `${ttl} at most` : undefined],
  ])}`
}

function yesOrNo(it: boolean): string {
  return it ? 'yes' : 'no'
}
