import { join } from 'node:path'
import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { shellLine } from '../../shell-line.ts'
import { defineVerb } from '../../verb.ts'
import { destinationParameter } from './destination-parameter.ts'

export const identityAnsibleConfig = defineVerb({
  name: 'ansible-config',
  summary: 'print the lines of ansible.cfg that use a destination',
  description:
    "Prints the [ssh_connection] section with which Ansible enters nodes as this bot: by the names in the destination's ssh_config, knowing each by its host certificate, over one connection for each node. Ansible shares that connection by host, port and login for 60 seconds: where playbooks of several bots run as the same user, give each ansible.cfg a control_path_dir of its own. It asks no hub.",
  parameters: { destination: destinationParameter, ...formatParameter },
  examples: [
    {
      command:
        'mezd identity ansible-config --destination=/var/lib/mezite/identity/certs >> ansible.cfg',
      does: 'for the playbooks in this directory',
    },
  ],
  seeAlso: ['mezd identity start', 'msh ls'],
  async run({ destination, format }, { stdout }) {
    const sshArgs = ansibleSshArgs(join(destination, 'ssh_config'))
    stdout.write(
      format === 'json'
        ? formatJson({ ssh_connection: { ssh_args: sshArgs, host_key_checking: true } })
        : `[ssh_connection]\nssh_args = ${sshArgs}\nhost_key_checking = True\n`,
    )
  },
})

/**
 * Ansible cuts them as a shell would, and has ssh, scp and sftp take them.
 *
 * @throws CliError `usage` for a path that would not survive in ansible.cfg
 */
function ansibleSshArgs(sshConfig: string): string {
  // There a semicolon after a blank starts a comment.
  if (/\p{Cc}|\s;/u.test(sshConfig)) {
    throw new CliError('usage', `ansible.cfg can't hold the path ${JSON.stringify(sshConfig)}`, {
      hint: 'use a destination without control characters and without " ;"',
    })
  }
  const words = ['-F', sshConfig, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=60s']
  return shellLine(words)
}
