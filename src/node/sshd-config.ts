/** What sshd has to be told, as lines of sshd_config(5). Pure. */
import { dirname, isAbsolute, join } from 'node:path'
import type { NodePaths } from './node-paths.ts'

const HEADER = '# Written by mezd node; `mezd node leave` removes it.\n'

/** A keyword and its value. */
export type Setting = readonly [keyword: string, value: string]

/** The settings that make sshd a managed node. */
export function nodeSettings(
  paths: NodePaths,
  hostCertificates: readonly string[],
): readonly Setting[] {
  return [
    ['TrustedUserCAKeys', paths.userCa],
    ['AuthorizedPrincipalsFile', `${paths.principals}/%u`],
    ['RevokedKeys', paths.revokedKeys],
    ...hostCertificates.map((path): Setting => ['HostCertificate', path]),
    ['LogLevel', 'VERBOSE'],
  ]
}

export function dropIn(paths: NodePaths, hostCertificates: readonly string[]): string {
  return HEADER + configLines(nodeSettings(paths, hostCertificates))
}

export function configLines(settings: readonly Setting[]): string {
  return settings.map(([keyword, value]) => `${keyword} ${value}\n`).join('')
}

/** Settings of which sshd knows one only, with the value that stands for none. */
const EXCLUSIVE = {
  trustedusercakeys: 'none',
  authorizedprincipalsfile: 'none',
  revokedkeys: 'none',
}

/**
 * Settings of the administrator that the node's would push aside, as `Keyword value`.
 *
 * @param effective as `parseEffective` reads it
 */
export function occupiedSettings(
  effective: EffectiveSettings,
  paths: NodePaths,
): readonly string[] {
  const ours = new Map(nodeSettings(paths, []).map(([key, value]) => [key.toLowerCase(), value]))
  return Object.entries(EXCLUSIVE).flatMap(([keyword, none]) => {
    const value = effective.get(keyword)?.[0] ?? none
    return value === none || value === ours.get(keyword) ? [] : [`${keyword} ${value}`]
  })
}

/** The settings that sshd doesn't take from the drop-in, since something before it says otherwise. */
export function missingSettings(
  effective: EffectiveSettings,
  settings: readonly Setting[],
): readonly string[] {
  return settings
    .filter(([keyword, value]) => {
      const values = effective.get(keyword.toLowerCase()) ?? []
      return !values.some((it) => it.toLowerCase() === value.toLowerCase())
    })
    .map(([keyword]) => keyword)
}

export type EffectiveSettings = ReadonlyMap<string, readonly string[]>

/** What `sshd -T` prints: keywords in lower case, each with its values in their order. */
export function parseEffective(output: string): EffectiveSettings {
  const settings = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const [, keyword, value] = /^(\S+) (.*)$/.exec(line) ?? []
    if (keyword === undefined || value === undefined) continue
    settings.set(keyword, [...(settings.get(keyword) ?? []), value])
  }
  return settings
}

/** The line that an sshd_config without it needs, before its first `Match`. */
export function includeLine(dropInPath: string): string {
  return `Include ${dirname(dropInPath)}/*.conf`
}

/** Wherever the file itself stands. */
const RELATIVE_TO = '/etc/ssh'

/** Whether sshd_config, before any `Match`, includes a file of that path. */
export function includes(config: string, dropInPath: string): boolean {
  for (const line of config.split('\n')) {
    const [keyword = '', ...words] = line.trim().split(/[\s=]+/)
    if (/^match$/i.test(keyword)) return false
    if (!/^include$/i.test(keyword)) continue
    const patterns = words.map((word) => word.replace(/^"(.*)"$/, '$1'))
    const absolute = patterns.map((it) => (isAbsolute(it) ? it : join(RELATIVE_TO, it)))
    if (absolute.some((pattern) => matchesGlob(pattern, dropInPath))) return true
  }
  return false
}

/**
 * glob(7), as far as `*` and `?` go; neither matches a slash. Of several ways to match only the last
 * `*` is tried again, so that the time is bounded whatever the pattern is.
 */
function matchesGlob(pattern: string, path: string): boolean {
  const names = path.split('/')
  const patterns = pattern.split('/')
  return (
    names.length === patterns.length &&
    patterns.every((part, depth) => matchesName(part, names[depth] ?? ''))
  )
}

function matchesName(pattern: string, name: string): boolean {
  let [at, star, taken] = [0, -1, 0]
  for (let next = 0; next < name.length; ) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at
      taken = next
      at += 1
    } else if (wanted === '?' || wanted === name[next]) {
      at += 1
      next += 1
    } else if (star >= 0) {
      taken += 1
      next = taken
      at = star + 1
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}
