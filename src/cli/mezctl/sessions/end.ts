import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'

export const sessionsEnd = defineVerb({
  name: 'end',
  summary: 'end a session',
  description:
    "Has the node end a session with all that runs in it, within two seconds; a node whose agent is offline can't be told, which is an error. The bot may enter again: to keep it out, lock it.",
  parameters: {
    id: required(text('ID'), { help: "the session's ID, as in mezctl sessions ls" }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['id'],
  examples: [{ command: 'mezctl sessions end web-server-01/7', does: 'end it' }],
  seeAlso: ['mezctl sessions ls', 'mezctl locks add'],
  async run(values, invocation) {
    const { id, format } = values
    await withHub(values, invocation, (hub, options) => hub.sessions.endSession({ id }, options))
    invocation.stdout.write(
      format === 'json' ? formatJson({ ending: id }) : `Session ending: ${printable(id)}\n`,
    )
  },
})
