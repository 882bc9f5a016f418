import type { Values } from '../../base/parameter.ts'
import { CliError } from '../cli-error.ts'
import { findHostBlock, onlyLoginAt } from './host-block.ts'
import { parseTarget, type Target } from './login.ts'
import type { scpParameters } from './scp.ts'
import type { UsableIdentity } from './ssh-command.ts'
import { clientOptions } from './ssh-options.ts'

export type ScpValues = Values<typeof scpParameters>

/** An operand of scp: a path here, or one on a host. */
type Operand =
  | { readonly kind: 'local'; readonly text: string }
  | { readonly kind: 'remote'; readonly target: Target; readonly path: string }

/**
 * The parameters of scp.
 *
 * @param ssh the absolute path of the ssh that scp runs
 * @throws CliError `usage`
 */
export function scpCommand(
  values: ScpValues,
  identity: UsableIdentity,
  ssh: string,
  rest: readonly string[],
): readonly string[] {
  const operands = rest.map((text) => parseOperand(text, values.login))
  const { host, login } = onlyTarget(operands)
  const block = findHostBlock(identity.blocks, host)
  const user = login ?? onlyLoginAt(block) ?? identity.onlyLogin
  return [
    ...['-S', ssh],
    ...clientOptions({
      identity: identity.files,
      block,
      options: values.option,
      knownHosts: values.knownHosts,
      sshConfig: values.sshConfig,
    }),
    ...(values.port === undefined ? [] : ['-P', String(values.port)]),
    ...Array.from({ length: values.verbose }, () => '-v'),
    ...(values.recursive ? ['-r'] : []),
    ...(values.preserve ? ['-p'] : []),
    ...(values.compress ? ['-C'] : []),
    ...(values.quiet ? ['-q'] : []),
    '--',
    ...operands.map((operand) => encodeOperand(operand, user)),
  ]
}

const BRACKETED = /^([^/@:]*@)?\[([^\]/]+)\]:(.*)$/s
const PLAIN = /^([^:/]*@)?([^:/@[\]]+):(.*)$/s

/** As scp itself decides: a colon before the first slash makes it remote. */
function parseOperand(text: string, separate: string | undefined): Operand {
  if (/^s(?:cp|ftp):\/\//.test(text)) {
    throw new CliError('usage', `${JSON.stringify(text)} is a URI`, {
      hint: 'write [USER@]HOST:PATH',
    })
  }
  const [, login = '', host = '', path = ''] = BRACKETED.exec(text) ?? PLAIN.exec(text) ?? []
  if (host === '') return { kind: 'local', text }
  return { kind: 'remote', target: parseTarget(`${login}${host}`, separate), path }
}

/** One host at a time: the destination says for each what its port and its keys are. */
function onlyTarget(operands: readonly Operand[]): Target {
  const [first, ...others] = operands
    .filter((operand) => operand.kind === 'remote')
    .map(({ target }) => target)
  if (operands.length < 2 || first === undefined) {
    throw new CliError('usage', 'there is nothing to copy to or from a node', {
      hint: 'write msh scp FILE… HOST:PATH, or msh scp HOST:PATH… DIR',
    })
  }
  const other = others.find(({ host, login }) => host !== first.host || login !== first.login)
  if (other !== undefined) {
    throw new CliError('usage', `two hosts or logins: ${first.host} and ${other.host}`, {
      hint: 'copy to this machine first, and from here in a second step',
    })
  }
  return first
}

function encodeOperand(operand: Operand, login: string | undefined): string {
  if (operand.kind === 'local') return operand.text
  const { host } = operand.target
  const name = host.includes(':') ? `[${host}]` : host
  return `${login === undefined ? '' : `${login}@`}${name}:${operand.path}`
}
