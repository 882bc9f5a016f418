import { stringify } from 'yaml'
import { formatDuration } from '../base/duration.ts'
import { type Selector, selectorSource } from './labels.ts'
import { DEFAULT_OPTIONS, type RoleOptions } from './options.ts'
import type { Role } from './role.ts'

/**
 * The canonical document of a role: keys in a fixed order, labels sorted, nothing that the default
 * says already. `parseRoleDocuments` reads it back as the same role.
 */
export function formatRole(role: Role): string {
  const { name, description, options, allow, deny } = role
  const document = {
    kind: 'role',
    metadata: { name, ...(description === '' ? {} : { description }) },
    spec: {
      ...section('options', optionsSource(options)),
      ...section('allow', allow && { ...labels(allow.nodeLabels), logins: allow.logins }),
      ...section('deny', {
        ...labels(deny.nodeLabels),
        ...section(
          'logins',
          deny.logins.map(({ text }) => text),
        ),
      }),
    },
  }
  return stringify(document, { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false })
}

function labels(selector: Selector | undefined) {
  return selector && { node_labels: selectorSource(selector) }
}

/** `key: value`, or nothing for an empty value. */
function section(key: string, value: object | undefined) {
  return value === undefined || Object.keys(value).length === 0 ? {} : { [key]: value }
}

function optionsSource(options: RoleOptions): object {
  const { maxSessionTtlMs, portForwarding, fileCopy, pty, sourceCidrs, forceCommand } = options
  const changed = (key: string, value: boolean, usual: boolean) =>
    value === usual ? {} : { [key]: value }
  return {
    ...(maxSessionTtlMs === undefined ? {} : { max_session_ttl: formatDuration(maxSessionTtlMs) }),
    ...changed('port_forwarding', portForwarding, DEFAULT_OPTIONS.portForwarding),
    ...changed('file_copy', fileCopy, DEFAULT_OPTIONS.fileCopy),
    ...changed('pty', pty, DEFAULT_OPTIONS.pty),
    ...section('source_cidrs', sourceCidrs),
    ...(forceCommand === undefined ? {} : { force_command: forceCommand }),
  }
}
