import { formatJson, formatParameter } from './output-format.ts'
import { defineVerb } from './verb.ts'
import { version } from './version.ts'

export const versionVerb = defineVerb({
  name: 'version',
  summary: 'print the version',
  description: 'Prints the version of this program and of the Node that runs it.',
  parameters: { ...formatParameter },
  async run({ format }, { stdout }, { program }) {
    const node = process.versions.node
    stdout.write(
      format === 'json'
        ? formatJson({ program: program.name, version, node })
        : `${program.name} ${version} (Node ${node})\n`,
    )
  },
})
