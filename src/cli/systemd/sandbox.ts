/** What the services of Mezite may do: the settings of systemd.exec(5), beyond each one's own. */
import type { UnitLine } from './unit.ts'

export interface SandboxOptions {
  /** `CAP_KILL`; the least that it does its work with. */
  readonly capabilities: readonly string[]
  readonly addressFamilies: readonly string[]
  /** `read-only` where it has to reach something in a home directory. */
  readonly protectHome: 'yes' | 'read-only'
}

export function sandbox(options: SandboxOptions): readonly UnitLine[] {
  const { capabilities, addressFamilies, protectHome } = options
  return [
    'What it may do. Not MemoryDenyWriteExecute: the JavaScript engine compiles code.',
    ['CapabilityBoundingSet', capabilities.join(' ')],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', protectHome],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['ProtectClock', 'yes'],
    ['ProtectHostname', 'yes'],
    ['ProtectControlGroups', 'yes'],
    ['ProtectKernelLogs', 'yes'],
    ['ProtectKernelModules', 'yes'],
    ['ProtectKernelTunables', 'yes'],
    ['RestrictAddressFamilies', addressFamilies.join(' ')],
    ['RestrictNamespaces', 'yes'],
    ['RestrictRealtime', 'yes'],
    ['RestrictSUIDSGID', 'yes'],
    ['LockPersonality', 'yes'],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '@system-service'],
    ['SystemCallErrorNumber', 'EPERM'],
    'No memory on the disk: it holds keys.',
    ['LimitCORE', '0'],
  ]
}

/** `Type=notify`, and what goes with it. */
export const NOTIFIES: readonly UnitLine[] = [
  'Its notices come from a child, systemd-notify.',
  ['Type', 'notify'],
  ['NotifyAccess', 'all'],
  ['WatchdogSec', '3min'],
]

/** A wrong setting isn't mended by another start. */
export const RESTARTS: readonly UnitLine[] = [
  ['Restart', 'on-failure'],
  ['RestartSec', '5s'],
  ['RestartPreventExitStatus', '2'],
  ['TimeoutStartSec', '2min'],
  ['TimeoutStopSec', '30s'],
]

export const RELOADS: UnitLine = ['ExecReload', '/bin/kill -HUP $MAINPID']

/** Where programs of another user than root keep their state unless they are told; as root does. */
export const USUAL_DIRECTORIES: UnitLine = ['Environment', 'XDG_STATE_HOME=/var/lib']
