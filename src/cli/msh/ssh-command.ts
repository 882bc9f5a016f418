import type { Values } from '../../base/parameter.ts'
import { CliError } from '../cli-error.ts'
import type { HostBlock } from './host-block.ts'
import { findHostBlock, onlyLoginAt } from './host-block.ts'
import type { IdentityFiles } from './identity-files.ts'
import { parseTarget } from './login.ts'
import { clientOptions } from './ssh-options.ts'
import type { sshParameters } from './ssh-parameters.ts'

export type SshValues = Values<typeof sshParameters>

/** What the files of an identity have to say. */
export interface UsableIdentity {
  readonly files: IdentityFiles
  readonly blocks: readonly HostBlock[]
  /** The login where the certificate leaves no choice. */
  readonly onlyLogin: string | undefined
}

/**
 * The parameters of ssh.
 *
 * @param rest what follows HOST on the command line
 * @throws CliError `usage`
 */
export function sshCommand(
  values: SshValues,
  identity: UsableIdentity,
  rest: readonly string[],
): readonly string[] {
  const target = parseTarget(values.host, values.login)
  const block = findHostBlock(identity.blocks, target.host)
  return [
    ...clientOptions({
      identity: identity.files,
      block,
      options: values.option,
      knownHosts: values.knownHosts,
      sshConfig: values.sshConfig,
    }),
    ...letters(values),
    ...given('-p', values.port?.toString()),
    ...given('-l', target.login ?? onlyLoginAt(block) ?? identity.onlyLogin),
    ...values.localForward.flatMap((it) => ['-L', it]),
    ...values.remoteForward.flatMap((it) => ['-R', it]),
    ...values.dynamicForward.flatMap((it) => ['-D', it]),
    ...given('-W', values.stdioForward),
    // After this ssh takes nothing more for an option, in the command neither.
    '--',
    target.host,
    ...commandOf(rest),
  ]
}

function letters(values: SshValues): readonly string[] {
  return [
    ...Array.from({ length: values.verbose }, () => '-v'),
    ...Array.from({ length: values.tty }, () => '-t'),
    ...(values.withoutTty ? ['-T'] : []),
    ...(values.forwardOnly ? ['-N'] : []),
    ...(values.background ? ['-f'] : []),
    ...(values.withoutInput ? ['-n'] : []),
    ...(values.compress ? ['-C'] : []),
    ...(values.quiet ? ['-q'] : []),
  ]
}

function given(letter: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [letter, value]
}

/** The words after HOST, with or without `--` before them. */
function commandOf(rest: readonly string[]): readonly string[] {
  const [first = ''] = rest
  if (first === '--') return rest.slice(1)
  if (first.startsWith('-')) {
    throw new CliError('usage', `${first} stands after HOST`, {
      hint: `put flags before HOST; write -- before a command that begins with -`,
    })
  }
  return rest
}
