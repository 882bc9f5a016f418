import { parseAddress } from '../../base/address.ts'
import {
  homesFor,
  install,
  installParameters,
  programPath,
  readServiceSettings,
  type ServiceSettings,
  userParameter,
} from '../systemd/install.ts'
import { NOTIFIES, RELOADS, RESTARTS, sandbox, USUAL_DIRECTORIES } from '../systemd/sandbox.ts'
import { type UnitSection, unitPaths, unitWord } from '../systemd/unit.ts'
import { defineVerb } from '../verb.ts'
import { DEFAULT_PORT } from './parameters.ts'

const DATA_DIRECTORY = '/var/lib/mezite/hub'
const FIRST_FREE_PORT = 1024

export const hubInstallSystemd = defineVerb({
  name: 'systemd',
  summary: 'print or write a systemd unit for this hub',
  description:
    'Prints a unit that runs mezhub start with the settings of a file, confined to what a hub has to do. With --write it goes to /etc/systemd/system; a unit that somebody has edited is left alone. What is to be otherwise goes into a drop-in: systemctl edit mezhub.',
  parameters: {
    ...installParameters('mezhub', 'mezhub', '/etc/mezite/mezhub.yaml'),
    ...userParameter,
  },
  examples: [
    { command: 'mezhub install systemd', does: 'look at the unit' },
    { command: 'mezhub install systemd --user=mezite --write', does: 'write it' },
  ],
  seeAlso: ['mezhub start', 'mezhub config check'],
  async run(values, invocation) {
    const settings = await readServiceSettings(values.config, invocation)
    const program = programPath('mezhub', values, invocation)
    await install(values, hubUnit(values, program, settings), invocation)
  },
})

export function hubUnit(
  { config, user }: { readonly config: string; readonly user: string | undefined },
  program: string,
  settings: ServiceSettings,
): readonly UnitSection[] {
  const data = settings.path('data-dir') ?? DATA_DIRECTORY
  const isUsual = data === DATA_DIRECTORY
  const { port } = parseAddress(
    settings.text('listen-addr') ?? `0.0.0.0:${DEFAULT_PORT}`,
    DEFAULT_PORT,
  )
  const capabilities = port > 0 && port < FIRST_FREE_PORT ? ['CAP_NET_BIND_SERVICE'] : []
  return [
    {
      name: 'Unit',
      lines: [
        ['Description', 'Mezite hub'],
        ['Wants', 'network-online.target'],
        ['After', 'network-online.target'],
      ],
    },
    {
      name: 'Service',
      lines: [
        ...NOTIFIES,
        USUAL_DIRECTORIES,
        ['ExecStart', `${unitWord(program)} start --config ${unitWord(config)}`],
        RELOADS,
        ...RESTARTS,
        user === undefined ? undefined : ['User', user],
        isUsual ? undefined : 'It must be there before the start.',
        isUsual ? ['StateDirectory', 'mezite/hub'] : ['ReadWritePaths', unitPaths([data])],
        isUsual ? ['StateDirectoryMode', '0700'] : undefined,
        ['LimitNOFILE', '65536'],
        capabilities.length > 0 ? ['AmbientCapabilities', capabilities.join(' ')] : undefined,
        ...sandbox({
          capabilities,
          addressFamilies: ['AF_UNIX', 'AF_INET', 'AF_INET6'],
          protectHome: homesFor([data, config, program]),
        }),
      ],
    },
    { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]
}
