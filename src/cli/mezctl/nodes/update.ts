import { optional, withDefault } from '../../../base/parameter.ts'
import { boolean, labels } from '../../../base/value-kind.ts'
import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { nodeNameParameter } from './parameters.ts'
import { labelsText, nodeJson } from './view.ts'

export const nodesUpdate = defineVerb({
  name: 'update',
  summary: "change a node's labels",
  description:
    'Gives a node these labels in place of those it has. From then on the labels that its agent is started with no longer count. Who may enter follows within a second.',
  parameters: {
    ...nodeNameParameter,
    labels: optional(labels, { help: 'all the labels that the node has from now on' }),
    clearLabels: withDefault(boolean, () => false, { help: 'leave it without any label' }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    {
      command: 'mezctl nodes update web-server-01 --labels=env=production,tier=web',
      does: 'two labels',
    },
    { command: 'mezctl nodes update web-server-01 --clear-labels', does: 'none' },
  ],
  seeAlso: ['mezctl nodes show', 'mezctl access ls --node NAME'],
  async run(values, invocation) {
    const { name, format } = values
    const wanted = wantedLabels(values)
    const { node } = await withHub(values, invocation, (hub, options) =>
      hub.nodes.updateNode({ name, labels: wanted }, options),
    )
    const now = labelsText(node?.labels ?? wanted) || 'none'
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ node: node ? nodeJson(node) : null })
        : `Node updated: ${printable(`${name} (labels: ${now})`)}\n`,
    )
  },
})

/** @throws CliError `usage` unless exactly one of the two is given */
function wantedLabels(values: {
  readonly labels: Readonly<Record<string, string>> | undefined
  readonly clearLabels: boolean
}): Record<string, string> {
  if ((values.labels === undefined) === values.clearLabels) return { ...values.labels }
  throw new CliError('usage', 'there must be either --labels or --clear-labels', {
    hint: 'write --labels=env=staging,tier=web, or --clear-labels for none',
  })
}
