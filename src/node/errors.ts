import { MeziteError } from '../base/errors.ts'

/**
 * - `invalid-parameters`: they contradict each other, or can't be carried out
 * - `token-needed`, `wrong-token`: no join token, or one that a node can't join with
 * - `not-root`: sshd's files are root's
 * - `sshd-missing`: there is no OpenSSH server, or its version can't be told
 * - `sshd-not-including`: sshd_config doesn't read the directory of drop-ins
 * - `sshd-occupied`: the administrator's own settings stand where the node's belong
 * - `sshd-refused`: sshd doesn't accept its configuration
 * - `sshd-failed`: a program of OpenSSH, or sshd itself, could not be run
 * - `no-host-key`: sshd has no host key that can be certified
 * - `bad-issue`: the hub issued something else than it was asked for
 * - `state-corrupt`: a file of the state directory that can't be used
 * - `not-joined`: there is no identity to act with
 */
export type NodeErrorCode =
  | 'invalid-parameters'
  | 'token-needed'
  | 'wrong-token'
  | 'not-root'
  | 'sshd-missing'
  | 'sshd-not-including'
  | 'sshd-occupied'
  | 'sshd-refused'
  | 'sshd-failed'
  | 'no-host-key'
  | 'bad-issue'
  | 'state-corrupt'
  | 'not-joined'

/**
 * The one error of this folder; what it takes from `src/identity` throws IdentityError. Never holds
 * key material or a token.
 */
export class NodeError extends MeziteError<NodeErrorCode> {}
