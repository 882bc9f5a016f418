import assert from 'node:assert/strict'
import { nodePaths } from '../../../src/node/node-paths.ts'
import { withHook, withoutHook } from '../../../src/node/pam-config.ts'
import { findProcess } from '../../../src/node/proc.ts'
import {
  includes,
  missingSettings,
  nodeSettings,
  occupiedSettings,
  parseEffective,
} from '../../../src/node/sshd-config.ts'
import { parseSshdVersion } from '../../../src/node/sshd-version.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf } from '../engine/target.ts'

const HOOK = '/etc/ssh/mezite/session-hook'
const DROP_IN = '/etc/ssh/sshd_config.d/10-mezite.conf'
const PATHS = nodePaths('/etc/ssh/mezite')

const SEEDS = [
  `Include /etc/ssh/sshd_config.d/*.conf\nPort 22\nMatch User a\n  Include x\n`,
  `include "sshd_config.d/10-*.conf" /etc/?/x`,
  `port 22\nhostkey /etc/ssh/a\nhostkey /etc/ssh/b\ntrustedusercakeys none\n`,
  withHook('@include common-account\nsession required pam_permit.so\n', HOOK),
  'OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15',
  `4711 (a) b) S 1 ${'0 '.repeat(17)}98765 0\n`,
]

/** What the agent reads of the machine's own sshd, PAM and kernel. */
export const nodeTexts: FuzzTarget = {
  name: 'node-texts',
  largest: 16_384,
  words: [
    ...['Include ', 'Match ', '"', '*', '?', '[a-', '\\', '= ', '/etc/ssh/', '.conf', '**/**/**/'],
    ...['# mezd node tells its hub of sessions; `mezd node leave` removes these two lines.\n'],
    ...['session optional pam_exec.so quiet ', ') S ', 'OpenSSH_', 'p1'],
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () => SEEDS.map((text) => Buffer.from(text)),
  async run(input) {
    const text = textOf(input)
    // The administrator's file comes back to the byte.
    const without = withoutHook(text)
    assert.equal(withoutHook(without), without)
    assert.equal(withoutHook(withHook(text, HOOK)), without)
    assert.equal(withHook(withHook(text, HOOK), HOOK), withHook(text, HOOK))
    const included = includes(text, DROP_IN)
    const settings = parseEffective(text)
    const occupied = occupiedSettings(settings, PATHS)
    assert.ok(missingSettings(settings, nodeSettings(PATHS, [])).length <= 4)
    const version = parseSshdVersion(text)
    const proc = { readFileSync: () => text, readdirSync: () => [], readlinkSync: () => '' }
    const found = findProcess(Object.assign(Object.create(null), proc), 4_711)
    const isSomething = included || occupied.length > 0 || version !== undefined
    return isSomething || found !== undefined ? 'accepted' : 'refused'
  },
}
