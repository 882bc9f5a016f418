import { formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { printList } from '../listing.ts'
import { nameParameter } from './parameters.ts'
import { instanceListing } from './view.ts'

export const botsInstances = defineVerb({
  name: 'instances',
  summary: "list a bot's instances",
  description:
    'Lists the instances of a bot: each machine or job that joined with one of its tokens, where it is, how often it has renewed, and until when it may.',
  parameters: { ...nameParameter, ...formatParameter, ...hubParameters },
  positional: ['name'],
  examples: [{ command: 'mezctl bots instances github-deploy', does: 'who joined as this bot' }],
  seeAlso: ['mezctl bots show', 'mezctl bots lock'],
  async run(values, invocation) {
    const { instances } = await withHub(values, invocation, (hub, options) =>
      hub.bots.listInstances({ bot: values.name }, options),
    )
    printList(instanceListing, instances, values.format, invocation)
  },
})
