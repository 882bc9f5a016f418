import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nodePaths } from './node-paths.ts'
import { withHook, withoutHook } from './pam-config.ts'
import * as config from './sshd-config.ts'
import { isAtLeast, parseSshdVersion } from './sshd-version.ts'

const PATHS = nodePaths('/etc/ssh/mezite')
const DROP_IN = '/etc/ssh/sshd_config.d/10-mezite.conf'

describe('an sshd_config', () => {
  const including = [
    'Include /etc/ssh/sshd_config.d/*.conf',
    '# a comment\n  include sshd_config.d/*.conf\nPort 22',
    'Port 22\nInclude /etc/ssh/other.conf "/etc/ssh/sshd_config.d/*.conf"',
    'Include=/etc/ssh/sshd_config.d/10-*',
    'Include /etc/ss?/*/*m*z*.conf',
  ]
  const others = [
    '',
    '#Include /etc/ssh/sshd_config.d/*.conf',
    'Include /etc/ssh/*.conf',
    'Include /etc/ssh/sshd_config.d/20*.conf',
    'Include /etc/ssh/sshd_config.d/*.con',
    `Include /etc/ssh/sshd_config.d/${'*m'.repeat(40)}*x`,
    'Match User git\nInclude /etc/ssh/sshd_config.d/*.conf',
  ]
  it('includes the drop-in, or not', () => {
    for (const text of including) assert.ok(config.includes(text, DROP_IN), text)
    for (const text of others) assert.ok(!config.includes(text, DROP_IN), text)
    assert.ok(config.includes(config.includeLine(DROP_IN), DROP_IN))
  })

  it("is occupied where its administrator's settings stand, not where ours do", () => {
    const none = config.parseEffective('port 22\ntrustedusercakeys none\nrevokedkeys none\n')
    assert.deepEqual(config.occupiedSettings(none, PATHS), [])
    const own = config.parseEffective('trustedusercakeys /etc/ssh/ca.pub\nrevokedkeys none\n')
    assert.deepEqual(config.occupiedSettings(own, PATHS), ['trustedusercakeys /etc/ssh/ca.pub'])
    const text = config.dropIn(PATHS, ['/etc/ssh/mezite/k-cert.pub'])
    const settings = config.nodeSettings(PATHS, ['/etc/ssh/mezite/k-cert.pub'])
    const ours = text.replaceAll(/^\w+/gm, (keyword) => keyword.toLowerCase())
    assert.deepEqual(config.occupiedSettings(config.parseEffective(ours), PATHS), [])
    assert.deepEqual(config.missingSettings(config.parseEffective(ours), settings), [])
    const shadowed = config.parseEffective(ours.replace('revoked.krl', 'other.krl'))
    assert.deepEqual(config.missingSettings(shadowed, settings), ['RevokedKeys'])
  })
})

describe("PAM's service file", () => {
  it('gets the hook once, and is the same to the byte without it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const hooked = withHook(text, '/etc/ssh/mezite/session-hook')
        assert.match(hooked, /^session optional pam_exec\.so quiet \/etc\/ssh/m)
        assert.equal(withHook(hooked, '/etc/ssh/mezite/session-hook'), hooked)
        assert.equal(withoutHook(hooked), text)
        assert.equal(withoutHook(`# moved\n${hooked}`), `# moved\n${text}`)
      }),
    )
  })
})

describe("sshd's version", () => {
  it('is read from what old and new ones print', () => {
    const printed = {
      'OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15 3 Sep 2024': '9.2p1',
      'OpenSSH_9.2, OpenSSL 3.0.19 27 Jan 2026': '9.2',
      'unknown option -- V\nOpenSSH_8.4p1 Debian-5, OpenSSL 1.1.1\nusage: sshd': '8.4p1',
      'OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.1': '10.0p2',
    }
    for (const [text, version] of Object.entries(printed)) {
      assert.equal(parseSshdVersion(text)?.text, version)
    }
    assert.equal(parseSshdVersion('Dropbear v2022.83'), undefined)
  })

  it('is compared by number', () => {
    const at = (text: string) => parseSshdVersion(`OpenSSH_${text}`) ?? { major: 0, minor: 0, text }
    assert.ok(isAtLeast(at('10.0'), 9, 8) && isAtLeast(at('9.8'), 9, 8))
    assert.ok(!isAtLeast(at('9.7'), 9, 8) && !isAtLeast(at('8.9'), 9, 8))
  })
})
