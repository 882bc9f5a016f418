import { required } from '../../../base/parameter.ts'
import { text } from '../../../base/value-kind.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { lockJson, targetText } from '../lock-view.ts'

export const locksRm = defineVerb({
  name: 'rm',
  summary: 'remove a lock',
  description:
    'Removes a lock; within a second every node knows. An instance that the hub locked because its credential was used twice should be understood first: see the audit log.',
  parameters: {
    id: required(text('ID'), { help: "the lock's ID, as in mezctl locks ls" }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['id'],
  examples: [{ command: 'mezctl locks rm ID', does: 'let in again' }],
  seeAlso: ['mezctl locks ls', 'mezctl bots unlock', 'mezctl audit ls --outcome refused'],
  async run(values, invocation) {
    const { id, format } = values
    const { lock } = await withHub(values, invocation, (hub, options) =>
      hub.locks.deleteLock({ id }, options),
    )
    const what = lock ? `${targetText(lock)} (${lock.id})` : id
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ removed: lock ? lockJson(lock) : { id } })
        : `Lock removed: ${printable(what)}\n`,
    )
  },
})
