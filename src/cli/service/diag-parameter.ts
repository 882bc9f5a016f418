/** `--diag-addr`, for the programs that stay. */
import { formatAddress, parseAddress } from '../../base/address.ts'
import { optional } from '../../base/parameter.ts'
import { file, type ValueKind } from '../../base/value-kind.ts'
import type { DiagAddress } from '../../diag/server.ts'

const diagAddress: ValueKind<DiagAddress> = {
  placeholder: 'ADDR:PORT',
  many: false,
  completion: 'nothing',
  parse: ([text = ''], where) => {
    const path = /^(?:unix:)?(\/.*)$/.exec(text)?.[1]
    return path === undefined
      ? { kind: 'tcp', ...parseAddress(text) }
      : { kind: 'unix', path: file.parse([path], where) }
  },
}

export const diagParameters = {
  diagAddr: optional(diagAddress, {
    help: 'serve /livez, /readyz and /metrics there, to whoever asks: best 127.0.0.1:PORT, or the path of a unix socket',
    defaultText: 'not served',
    group: 'Diagnostics:',
  }),
}

export function formatDiagAddress(address: DiagAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `http://${formatAddress(address)}`
}
