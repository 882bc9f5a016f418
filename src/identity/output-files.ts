/** The text of the output files. Pure. */
import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import type { ReachableNode } from '../client/identity-hub.ts'
import { encodeCertificateLine } from '../ssh/certificate.ts'
import { SshFormatError } from '../ssh/errors.ts'
import { encodeKnownHost } from '../ssh/known-hosts.ts'
import { encodePrivateKey } from '../ssh/private-key.ts'
import { encodePublicKeyLine, publicKeyFrom } from '../ssh/public-key.ts'
import { encodeSshConfig, HOST_CERTIFICATE_ALGORITHMS } from '../ssh/ssh-config.ts'
import { certificateEndsAt, type Identity } from './identity.ts'

export const OUTPUT_NAMES = [
  'ssh_key',
  'ssh_key.pub',
  'ssh_key-cert.pub',
  'known_hosts',
  'ssh_config',
] as const

export type OutputName = (typeof OUTPUT_NAMES)[number]

export type OutputFiles = Readonly<Record<OutputName, string>>

/** @param directory the absolute path at which the files will stand, and stay as they are */
export function outputFiles(identity: Identity, directory: string): OutputFiles {
  const { bot, sshKey, sshCertificate } = identity
  return {
    ssh_key: encodePrivateKey(sshKey, bot),
    'ssh_key.pub': `${encodePublicKeyLine(publicKeyFrom(sshKey), bot)}\n`,
    'ssh_key-cert.pub': `${encodeCertificateLine(sshCertificate, bot)}\n`,
    known_hosts: knownHosts(identity),
    ssh_config: sshConfig(identity, directory),
  }
}

function knownHosts({ hostCas, clusterId }: Identity): string {
  const lines = hostCas.map((key) =>
    encodeKnownHost({ marker: 'cert-authority', patterns: ['*'], key, comment: clusterId }),
  )
  return lines.map((line) => `${line}\n`).join('')
}

function sshConfig(identity: Identity, directory: string): string {
  const { bot, nodes, generation } = identity
  const until = formatTime(certificateEndsAt(identity))
  const head = [
    `# Nodes that bot ${bot} may enter. mezd writes this file anew at every renewal.`,
    `# Generation ${generation}; its certificate is good until ${until}.`,
  ]
  return [`${head.join('\n')}\n`, ...nodes.map((node) => hostBlock(node, directory))].join('\n')
}

/**
 * The paths are those of this one generation: a process that has read the file opens a key and a
 * certificate that match, whatever is published in the meantime. One node that ssh can't be told of
 * doesn't keep the others out.
 */
function hostBlock(node: ReachableNode, directory: string): string {
  const [login, ...otherLogins] = node.logins
  try {
    const block = encodeSshConfig([
      {
        names: [node.name],
        hostName: node.host,
        port: node.port,
        ...(login !== undefined && otherLogins.length === 0 && { user: login }),
        identityFile: join(directory, 'ssh_key'),
        certificateFile: join(directory, 'ssh_key-cert.pub'),
        userKnownHostsFile: join(directory, 'known_hosts'),
        identitiesOnly: true,
        strictHostKeyChecking: true,
        hostKeyAlgorithms: HOST_CERTIFICATE_ALGORITHMS,
      },
    ])
    return otherLogins.length === 0
      ? block
      : `# Logins: ${node.logins.map(plain).join(', ')}\n${block}`
  } catch (error) {
    if (!(error instanceof SshFormatError)) throw error
    return `# A node is left out: ${plain(error.message)}\n`
  }
}

/** Text from the hub stays on the line of its comment. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
