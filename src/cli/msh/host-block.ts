import { readLinkedFileSync } from '../../base/plain-file.ts'

/** What the destination's ssh_config says about one node. */
export interface HostBlock {
  readonly names: readonly string[]
  /** From the comment that stands before a node with several. */
  readonly logins: readonly string[]
  /** Keywords in lower case, with their values as ssh_config(5) writes them. */
  readonly values: ReadonlyMap<string, string>
}

/**
 * The keywords that say where a node is and how it proves itself. The files are named anew, by the
 * paths of one generation.
 */
const TAKEN = ['HostName', 'Port', 'HostKeyAlias', 'HostKeyAlgorithms'] as const

const LOGINS = /^# Logins: (.+)$/

/** Bytes; 10,000 nodes take a third of it. */
const LIMITS = { largest: 16 * 1024 * 1024 }

export function readHostBlocks(sshConfigFile: string | undefined): readonly HostBlock[] {
  return sshConfigFile === undefined
    ? []
    : parseHostBlocks(readLinkedFileSync(sshConfigFile, LIMITS))
}

/** The `Host` blocks of a file that Mezite wrote: one keyword a line, names without wildcards. */
export function parseHostBlocks(text: string): readonly HostBlock[] {
  const blocks: {
    names: readonly string[]
    logins: readonly string[]
    values: Map<string, string>
  }[] = []
  let logins: readonly string[] = []
  for (const line of text.split('\n')) {
    logins = LOGINS.exec(line)?.[1]?.split(', ') ?? logins
    const [, keyword = '', value = ''] = /^\s*([A-Za-z]+)\s+(\S.*?)\s*$/.exec(line) ?? []
    if (keyword.toLowerCase() === 'host') {
      blocks.push({ names: value.split(/\s+/), logins, values: new Map() })
      logins = []
    } else if (keyword !== '') {
      blocks.at(-1)?.values.set(keyword.toLowerCase(), value)
    }
  }
  return blocks
}

/** The login where the node leaves no choice. */
export function onlyLoginAt(block: HostBlock | undefined): string | undefined {
  return block?.values.get('user')
}

/** As whom the bot may enter the node. */
export function loginsAt(block: HostBlock): readonly string[] {
  const only = onlyLoginAt(block)
  return only === undefined ? block.logins : [only]
}

export function findHostBlock(blocks: readonly HostBlock[], host: string): HostBlock | undefined {
  return blocks.find(({ names }) => names.includes(host))
}

/** `KEYWORD=VALUE` for `-o`. */
export function hostBlockOptions(block: HostBlock | undefined): readonly string[] {
  return TAKEN.flatMap((keyword) => {
    const value = block?.values.get(keyword.toLowerCase())
    return value === undefined ? [] : [`${keyword}=${value}`]
  })
}
