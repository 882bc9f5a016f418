import { CliError } from '../../cli-error.ts'
import {
  homesFor,
  install,
  installParameters,
  isWithin,
  programPath,
  readServiceSettings,
  type ServiceSettings,
} from '../../systemd/install.ts'
import { NOTIFIES, RELOADS, RESTARTS, sandbox } from '../../systemd/sandbox.ts'
import { type UnitSection, unitPaths, unitWord } from '../../systemd/unit.ts'
import { defineVerb } from '../../verb.ts'

const STATE = '/var/lib/mezite/node'
const RUN = '/run/mezite'
const SSHD = '/etc/ssh'

export const nodeInstallSystemd = defineVerb({
  name: 'systemd',
  summary: "print or write a systemd unit for this machine's agent",
  description:
    "Prints a unit that runs mezd node start with the settings of a file, confined to what it has to do: write sshd's files, have sshd read them, end sessions. With --write it goes to /etc/systemd/system; a unit that somebody has edited is left alone. What is to be otherwise goes into a drop-in: systemctl edit mezd-node.",
  parameters: installParameters('mezd', 'mezd-node', '/etc/mezite/node.yaml'),
  examples: [
    { command: 'mezd node install systemd', does: 'look at the unit' },
    { command: 'mezd node install systemd --write', does: 'write it' },
  ],
  seeAlso: ['mezd node start', 'mezd node config check'],
  async run(values, invocation) {
    const settings = await readServiceSettings(values.config, invocation)
    const program = programPath('mezd', values, invocation)
    await install(values, nodeUnit(values, program, settings), invocation)
  },
})

/** @throws CliError `usage` for a node with an sshd of its own */
export function nodeUnit(
  { config }: { readonly config: string },
  program: string,
  settings: ServiceSettings,
): readonly UnitSection[] {
  if (settings.text('sshd-port') !== undefined) {
    throw new CliError('usage', `${config} has sshd-port, an sshd that the agent runs itself`, {
      hint: "its sessions would be confined as the agent is: use the machine's sshd, or write a unit without these limits",
    })
  }
  const state = settings.path('state-dir') ?? STATE
  const run = settings.path('run-dir') ?? (state === STATE ? RUN : `${state}/run`)
  const sshd = settings.path('sshd-dir') ?? SSHD
  const elsewhere = [state, run].filter((it) => !isWithin(it, STATE) && !isWithin(it, RUN))
  return [
    {
      name: 'Unit',
      lines: [
        ['Description', 'Mezite agent of this node'],
        ['Wants', 'network-online.target'],
        ['After', 'network-online.target ssh.service sshd.service'],
      ],
    },
    {
      name: 'Service',
      lines: [
        ...NOTIFIES,
        'MEZITE_JOIN_TOKEN, for the first start.',
        ['EnvironmentFile', '-/etc/mezite/join.env'],
        ['ExecStart', `${unitWord(program)} node start --config ${unitWord(config)}`],
        RELOADS,
        ...RESTARTS,
        ['StateDirectory', 'mezite/node'],
        'The records of sessions outlive the agent; sshd judges its files only with /run/sshd.',
        ['RuntimeDirectory', 'mezite sshd'],
        ['RuntimeDirectoryPreserve', 'yes'],
        ['ReadWritePaths', unitPaths([sshd, '/etc/pam.d', ...elsewhere])],
        'To read who runs what and end it, to give files back as they were, to judge as sshd does.',
        ...sandbox({
          capabilities: [
            'CAP_KILL',
            'CAP_SYS_PTRACE',
            'CAP_DAC_READ_SEARCH',
            'CAP_CHOWN',
            'CAP_FOWNER',
          ],
          addressFamilies: ['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK'],
          protectHome: homesFor([config, program]),
        }),
      ],
    },
    { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]
}
