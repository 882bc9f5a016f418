/** `install systemd` of the three programs that stay: print the unit, or write it. */
import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { ConfigError } from '../../base/config.ts'
import { messageOf, systemErrorCode } from '../../base/errors.ts'
import { systemFileSystem } from '../../base/file-system.ts'
import { optional, type Values, withDefault } from '../../base/parameter.ts'
import { boolean, directory, file, text } from '../../base/value-kind.ts'
import type { Invocation } from '../invocation.ts'
import { formatJson, formatParameter } from '../output-format.ts'
import { formatUnit, type UnitSection } from './unit.ts'
import { signedUnit, writeUnit } from './write-unit.ts'

const UNIT = 'Unit:'

/** @param configFile where the service finds its settings unless it is told */
export function installParameters(program: string, unit: string, configFile: string) {
  return {
    config: withDefault(file, configFile, {
      help: 'the settings of the service, read when it starts; what it says of directories is in the unit',
      group: UNIT,
    }),
    name: withDefault(text('NAME'), unit, { help: 'what the unit is called', group: UNIT }),
    program: optional(file, {
      help: 'the program that the unit starts',
      defaultText: `${program} as found in PATH, or /usr/local/bin/${program}`,
      group: UNIT,
    }),
    write: withDefault(boolean, () => false, {
      help: 'write the unit; without it, it is printed',
      group: UNIT,
    }),
    force: withDefault(boolean, () => false, {
      help: 'write it also in the place of one that somebody has written or edited',
      group: UNIT,
    }),
    unitDir: withDefault(directory, '/etc/systemd/system', {
      help: 'where units are',
      group: UNIT,
    }),
    ...formatParameter,
  }
}

export const userParameter = {
  user: optional(text('USER'), {
    help: 'account that the service runs as; it must be there',
    defaultText: 'root, without its rights',
    group: UNIT,
  }),
}

type InstallValues = Values<ReturnType<typeof installParameters>>

/** @throws CliError */
export async function install(
  values: InstallValues,
  sections: readonly UnitSection[],
  { stdout }: Pick<Invocation, 'stdout'>,
): Promise<void> {
  const { format, write, force, unitDir } = values
  const name = `${values.name}.service`
  const path = join(unitDir, name)
  const unit = formatUnit(sections)
  if (!write) {
    stdout.write(
      format === 'json' ? formatJson({ path, unit: signedUnit(unit) }) : signedUnit(unit),
    )
    return
  }
  const options = { fs: systemFileSystem, directory: unitDir, name, unit, force }
  const outcome = await writeUnit(options)
  stdout.write(
    format === 'json'
      ? formatJson({ path, outcome })
      : `${path}: ${outcome}\nUse it: systemctl daemon-reload && systemctl enable --now ${values.name}\n`,
  )
}

/** Absolute. @param program `mezd` */
export function programPath(
  program: string,
  { program: given }: Pick<InstallValues, 'program'>,
  { env }: Pick<Invocation, 'env'>,
): string {
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((it) => it.startsWith('/'))
    .map((it) => join(it, program))
    .find(isExecutable)
  return given ?? found ?? join('/usr/local/bin', program)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What the file of a service's settings says, as far as its unit has to know. */
export interface ServiceSettings {
  /** Undefined: it says nothing of it. */
  text(key: string): string | undefined
  /** Absolute. */
  path(key: string): string | undefined
}

/** @throws ConfigError; a file that isn't there yet says nothing */
export async function readServiceSettings(
  path: string,
  { stderr }: Pick<Invocation, 'stderr'>,
): Promise<ServiceSettings> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (systemErrorCode(cause) === 'ENOENT') return undefined
    throw new ConfigError('unreadable', `can't read ${path}: ${messageOf(cause)}`, { cause })
  })
  if (content === undefined) {
    stderr.write(`note: ${path} is not there yet: the unit has the usual directories\n`)
    return { text: () => undefined, path: () => undefined }
  }
  const { parseConfigFile } = await import('../../base/config-file.ts')
  const { entries } = parseConfigFile(path, dirname(path), content)
  const find = (key: string) => entries.find((entry) => entry.key === key)?.texts[0]
  return {
    text: find,
    path(key) {
      const found = find(key)
      return found === undefined ? undefined : resolve(dirname(path), found)
    },
  }
}

/** Whether it is the directory, or in it. */
export function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`)
}

const HOMES = ['/home', '/root', '/run/user']

/** How much of home directories a service with these directories must see. */
export function homesFor(paths: readonly string[]): 'yes' | 'read-only' {
  return paths.some((path) => HOMES.some((home) => isWithin(path, home))) ? 'read-only' : 'yes'
}
