import { shellLine } from '../shell-line.ts'
import { defineVerb } from '../verb.ts'
import { become, findProgram } from './become.ts'
import { sshCommand } from './ssh-command.ts'
import { sshParameters } from './ssh-parameters.ts'
import { openIdentity } from './usable-identity.ts'

export const sshVerb = defineVerb({
  name: 'ssh',
  summary: 'enter a node, or run a command there',
  description:
    'Finds an identity, checks that its certificate is valid, and becomes ssh: exit status, terminal and signals are those of ssh. ssh reads neither its own configuration files nor an agent.',
  parameters: sshParameters,
  positional: ['host'],
  rest: { name: 'COMMAND', help: 'what to run on the node, after --', verbatim: true },
  examples: [
    {
      command: 'msh ssh --login=deploy web-server-01 -- ./deploy.sh',
      does: 'run a command with the identity that was published last',
    },
    {
      command:
        'msh ssh --cert=/var/lib/mezite/identity/certs/ssh_key-cert.pub --login=deploy web-server-01',
      does: 'open a shell with that certificate',
    },
  ],
  seeAlso: ['msh scp', 'msh ls', 'mezd identity start'],
  async run(values, invocation, { rest }) {
    const { env, stderr } = invocation
    const parameters = sshCommand(values, await openIdentity(values, invocation), rest)
    const path = findProgram('ssh', env)
    if (values.verbose > 0) stderr.write(`msh: ${shellLine([path, ...parameters])}\n`)
    become(path, parameters, env)
  },
})
