/** What the verbs that end in a program of OpenSSH have in common. */
import { optional, type Parameter, withDefault } from '../../base/parameter.ts'
import { boolean, directory, file, integer, text, type ValueKind } from '../../base/value-kind.ts'

const IDENTITY = 'Identity:'

export const identityParameters = {
  cert: optional(file, {
    help: 'use this certificate, and the private key of the same name without -cert.pub',
    group: IDENTITY,
  }),
  identity: optional(directory, {
    help: 'use the identity in this destination',
    env: 'MEZITE_IDENTITY',
    defaultText: 'the last that this user published, or that of a service',
    group: IDENTITY,
  }),
}

export const clientParameters = {
  ...identityParameters,
  login: optional(text('USER'), {
    help: 'enter as this account',
    short: 'l',
    defaultText: "the certificate's only login",
  }),
  option: repeated(text('OPTION'), {
    help: 'pass an option to ssh, Port=2222; it wins over what msh sets; may be repeated',
    short: 'o',
  }),
  knownHosts: repeated(file, {
    help: 'know the hosts in this file too: servers without a host certificate; may be repeated',
  }),
  sshConfig: optional(file, {
    help: 'have ssh read this ssh_config',
    short: 'F',
    defaultText: 'none',
  }),
  compress: flag('compress the connection', 'C'),
  quiet: flag('print no warnings', 'q'),
  verbose: counted('print what is run, and have ssh say what it does; twice for more', 'v'),
}

export function port(short: string): Parameter<number | undefined> {
  return optional(integer(1, 65_535, 'PORT'), {
    help: 'connect to this port',
    short,
    defaultText: "the node's, or 22",
  })
}

export function flag(help: string, short: string): Parameter<boolean> {
  return withDefault(boolean, () => false, { help, short })
}

/** How often a switch was given, for those that mean more when repeated. */
export function counted(help: string, short: string): Parameter<number> {
  const count: ValueKind<number> = { ...boolean, many: true, parse: (texts) => texts.length }
  return withDefault(count, () => 0, { help, short })
}

/** Each value as it stands, commas and all. */
export function repeated(
  kind: ValueKind<string>,
  details: { readonly help: string; readonly short?: string },
): Parameter<readonly string[]> {
  const each: ValueKind<readonly string[]> = {
    ...kind,
    many: true,
    parse: (texts, where) => texts.map((it) => kind.parse([it], where)),
  }
  return withDefault(each, () => [], details)
}
