import { shellLine } from '../shell-line.ts'
import { defineVerb } from '../verb.ts'
import { become, findProgram } from './become.ts'
import { clientParameters, flag, port } from './client-parameters.ts'
import { scpCommand } from './scp-command.ts'
import { openIdentity } from './usable-identity.ts'

export const scpParameters = {
  ...clientParameters,
  port: port('P'),
  recursive: flag('copy directories with what is in them', 'r'),
  preserve: flag('keep times and permissions', 'p'),
}

export const scpVerb = defineVerb({
  name: 'scp',
  summary: 'copy files to or from a node',
  description:
    'Finds an identity, checks that its certificate is valid, and becomes scp. The last operand is where the others are copied to; [USER@]HOST:PATH is a path on a node.',
  parameters: scpParameters,
  rest: { name: 'SOURCE… TARGET', help: 'FILE, or [USER@]HOST:PATH' },
  examples: [
    {
      command: 'msh scp --login=deploy -r build web-server-01:/srv/app',
      does: 'copy a directory to a node',
    },
  ],
  seeAlso: ['msh ssh'],
  async run(values, invocation, { rest }) {
    const { env, stderr } = invocation
    const identity = await openIdentity(values, invocation)
    const parameters = scpCommand(values, identity, findProgram('ssh', env), rest)
    const path = findProgram('scp', env)
    if (values.verbose > 0) stderr.write(`msh: ${shellLine([path, ...parameters])}\n`)
    become(path, parameters, env)
  },
})
