import { MeziteError, messageOf, systemErrorCode } from './errors.ts'

/**
 * - `address-in-use`, `address-forbidden`, `address-unknown`: of the TCP address
 * - `socket-in-use`: another program answers on the unix socket
 * - `socket-blocked`: something that isn't a socket is in its place, or it can't be made there
 * - `socket-path-too-long`: longer than the kernel takes
 */
export type ListenErrorCode =
  | 'address-in-use'
  | 'address-forbidden'
  | 'address-unknown'
  | 'socket-in-use'
  | 'socket-blocked'
  | 'socket-path-too-long'

export class ListenError extends MeziteError<ListenErrorCode> {}

/** @param flag names the setting that the address is from */
export function addressError(where: string, cause: unknown, flag: string): ListenError {
  switch (systemErrorCode(cause)) {
    case 'EADDRINUSE':
      return new ListenError('address-in-use', `${where} is in use by another program`, {
        hint: `stop it (ss -ltnp shows it), or choose another ${flag}`,
        cause,
      })
    case 'EACCES':
    case 'EPERM':
      return new ListenError('address-forbidden', `this user may not listen on ${where}`, {
        hint: `ports below 1024 are for root: choose another ${flag}`,
        cause,
      })
    default:
      return new ListenError('address-unknown', `cannot listen on ${where}: ${messageOf(cause)}`, {
        hint: 'name an address of this machine, or 0.0.0.0 or [::] for all',
        cause,
      })
  }
}
