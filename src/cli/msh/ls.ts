import { formatTime, SECOND } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'
import type { SshCertificate } from '../../ssh/certificate.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { formatDetails, formatTable, hasStyles } from '../table.ts'
import { defineVerb } from '../verb.ts'
import { readCertificate } from './certificate-check.ts'
import { identityParameters } from './client-parameters.ts'
import { type HostBlock, loginsAt, readHostBlocks } from './host-block.ts'
import type { IdentityFiles } from './identity-files.ts'
import { botOf, loginsOf } from './login.ts'
import { chooseIdentity } from './usable-identity.ts'

/** A node as the destination describes it. */
interface ListedNode {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly logins: readonly string[]
}

const SSH_PORT = 22

export const lsVerb = defineVerb({
  name: 'ls',
  summary: 'show an identity, the nodes that it may enter, and as whom',
  description:
    'Prints what the published files say: the bot, its certificate, its logins, and each node that it may enter with the logins there. The daemon keeps them as the hub has them; it asks no hub itself.',
  parameters: { ...identityParameters, ...formatParameter },
  examples: [
    { command: 'msh ls', does: 'with the identity that was published last' },
    {
      command: "msh ls --format json | jq -r '.nodes[].name'",
      does: 'the names of the nodes, for a script',
    },
  ],
  seeAlso: ['msh ssh', 'mezd identity ansible-config', 'mezctl access ls'],
  async run(values, invocation) {
    const { clock, stdout, env } = invocation
    const files = await chooseIdentity(values, invocation)
    const certificate = readCertificate(files)
    const nodes = readHostBlocks(files.sshConfigFile).map(listed)
    if (values.format === 'json') {
      stdout.write(formatJson(asJson(files, certificate, nodes)))
      return
    }
    stdout.write(
      formatDetails([
        ['Bot', botOf(certificate)],
        ['Certificate', files.certificateName],
        ['Serial', String(certificate.serial)],
        ['Valid', validity(certificate, clock.now())],
        ['Logins', loginsOf(certificate).join(', ')],
        ['Nodes', nodes.length === 0 ? 'none' : undefined],
      ]),
    )
    if (nodes.length > 0) stdout.write(`\n${nodeTable(nodes, hasStyles(stdout, env))}`)
  },
})

function nodeTable(nodes: readonly ListedNode[], bold: boolean): string {
  return formatTable(
    [
      { header: 'NODE', cell: ({ name }) => name },
      { header: 'ADDRESS', cell: ({ host, port }) => addressOf(host, port) },
      { header: 'LOGINS', cell: ({ logins }) => logins.join(', ') },
    ],
    nodes,
    { bold },
  )
}

function listed(block: HostBlock): ListedNode {
  const { names, values } = block
  const [name = ''] = names
  return {
    name,
    host: (values.get('hostname') ?? name).replaceAll('%%', '%'),
    port: Number(values.get('port') ?? SSH_PORT),
    logins: loginsAt(block),
  }
}

function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function validity({ validAfter, validBefore }: SshCertificate, now: number): string {
  const from = Number(validAfter) * SECOND
  const to = Number(validBefore) * SECOND
  const seconds = (ms: number): string => formatDuration(Math.floor(ms / SECOND) * SECOND)
  if (now < from) return `not before ${formatTime(from)}`
  if (now >= to) return `expired at ${formatTime(to)}, ${seconds(now - to)} ago`
  return `until ${formatTime(to)}, ${seconds(to - now)} left`
}

function asJson(
  { certificateName }: IdentityFiles,
  certificate: SshCertificate,
  nodes: readonly ListedNode[],
): unknown {
  return {
    bot: botOf(certificate),
    certificate: certificateName,
    serial: String(certificate.serial),
    valid_after: formatTime(Number(certificate.validAfter) * SECOND),
    valid_before: formatTime(Number(certificate.validBefore) * SECOND),
    logins: loginsOf(certificate),
    nodes,
  }
}
