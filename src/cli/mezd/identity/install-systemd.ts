import {
  homesFor,
  install,
  installParameters,
  isWithin,
  programPath,
  readServiceSettings,
  type ServiceSettings,
  userParameter,
} from '../../systemd/install.ts'
import { NOTIFIES, RELOADS, RESTARTS, sandbox, USUAL_DIRECTORIES } from '../../systemd/sandbox.ts'
import { type UnitSection, unitPaths, unitWord } from '../../systemd/unit.ts'
import { defineVerb } from '../../verb.ts'

const STATE = '/var/lib/mezite/identity'

export const identityInstallSystemd = defineVerb({
  name: 'systemd',
  summary: 'print or write a systemd unit for a bot on this machine',
  description:
    'Prints a unit that runs mezd identity start with the settings of a file, confined to what it has to do. Other units may have After=mezd-identity.service: it has started once a certificate is published, or could not be got at once. With --write it goes to /etc/systemd/system; a unit that somebody has edited is left alone. What is to be otherwise goes into a drop-in: systemctl edit mezd-identity.',
  parameters: {
    ...installParameters('mezd', 'mezd-identity', '/etc/mezite/identity.yaml'),
    ...userParameter,
  },
  examples: [
    { command: 'mezd identity install systemd', does: 'look at the unit' },
    { command: 'mezd identity install systemd --write', does: 'write it' },
    {
      command:
        'mezd identity install systemd --name=mezd-backup --config=/etc/mezite/backup.yaml --user=backup --write',
      does: 'a second bot, of another account',
    },
  ],
  seeAlso: ['mezd identity start', 'mezd identity wait', 'mezd identity config check'],
  async run(values, invocation) {
    const settings = await readServiceSettings(values.config, invocation)
    const program = programPath('mezd', values, invocation)
    await install(values, identityUnit(values, program, settings), invocation)
  },
})

export function identityUnit(
  {
    config,
    name,
    user,
  }: { readonly config: string; readonly name: string; readonly user: string | undefined },
  program: string,
  settings: ServiceSettings,
): readonly UnitSection[] {
  const destination = settings.path('destination') ?? `${STATE}/certs`
  const directories = [destination, settings.path('state-dir')].filter((it) => it !== undefined)
  const elsewhere = directories.filter((it) => !isWithin(it, STATE))
  const hasReader =
    settings.text('reader-user') !== undefined || settings.text('reader-group') !== undefined
  const hook = settings.text('on-renew')
  return [
    {
      name: 'Unit',
      lines: [
        ['Description', 'Mezite identity of a bot on this machine'],
        ['Wants', 'network-online.target'],
        ['After', 'network-online.target'],
      ],
    },
    {
      name: 'Service',
      lines: [
        ...NOTIFIES,
        'MEZITE_JOIN_TOKEN, for the first start.',
        ['EnvironmentFile', '-/etc/mezite/join.env'],
        USUAL_DIRECTORIES,
        ['ExecStart', `${unitWord(program)} identity start --config ${unitWord(config)}`],
        RELOADS,
        ...RESTARTS,
        user === undefined ? undefined : ['User', user],
        ['StateDirectory', 'mezite/identity'],
        ...(elsewhere.length > 0
          ? ([
              'They must be there before the start.',
              ['ReadWritePaths', unitPaths(elsewhere)],
            ] as const)
          : []),
        hook === undefined
          ? undefined
          : `The command of on-renew may do what this unit may, and no more: see systemctl edit ${name}.`,
        ...sandbox({
          // Files are given to the reader, and their modes set afterwards.
          capabilities: hasReader && user === undefined ? ['CAP_CHOWN', 'CAP_FOWNER'] : [],
          addressFamilies: ['AF_UNIX', 'AF_INET', 'AF_INET6'],
          protectHome: homesFor([...directories, config, program]),
        }),
      ],
    },
    { name: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]
}
