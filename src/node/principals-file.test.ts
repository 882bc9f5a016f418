import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plainGrant } from '../../test/fakes/node-hub.ts'
import { lineOptions, principalsFile, problemWithGrant } from './principals-file.ts'

const OPTIONS = { noFileCopy: '/etc/ssh/mezite/no-file-copy', expiresAt: undefined }

describe('a line of a principals file', () => {
  it('takes everything, and gives back what is granted', () => {
    assert.equal(lineOptions(plainGrant('deploy'), OPTIONS), 'restrict,pty')
    const open = plainGrant('deploy', { portForwarding: true })
    assert.equal(lineOptions(open, OPTIONS), 'restrict,pty,port-forwarding')
    assert.equal(lineOptions(plainGrant('deploy', { pty: false }), OPTIONS), 'restrict')
  })

  it('forces the fence where files are not copied, unless a command is forced anyway', () => {
    const fenced = plainGrant('deploy', { fileCopy: false })
    const fence = 'restrict,pty,command="/etc/ssh/mezite/no-file-copy"'
    assert.equal(lineOptions(fenced, OPTIONS), fence)
    const forced = { ...fenced, forceCommand: 'backup' }
    assert.equal(lineOptions(forced, OPTIONS), 'restrict,pty,command="backup"')
  })

  it('quotes quotes, and nothing else', () => {
    const grant = plainGrant('deploy', { forceCommand: 'echo "a\\b" \\"c' })
    assert.equal(lineOptions(grant, OPTIONS), 'restrict,pty,command="echo \\"a\\b\\" \\\\"c"')
  })

  it('names networks and the minute at which it ends, which has begun', () => {
    const grant = plainGrant('deploy', { sourceCidrs: ['10.0.0.0/8', '2001:db8::/32'] })
    const expiresAt = Date.UTC(2026, 2, 4, 5, 6, 59, 999)
    assert.equal(
      lineOptions(grant, { ...OPTIONS, expiresAt }),
      'restrict,pty,from="10.0.0.0/8,2001:db8::/32",expiry-time="202603040506Z"',
    )
  })

  it('stands once for each principal', () => {
    const entries = [{ grant: plainGrant('deploy'), principals: ['bot:a', 'bot:b'] }]
    assert.equal(principalsFile(entries, OPTIONS), 'restrict,pty bot:a\nrestrict,pty bot:b\n')
    assert.equal(principalsFile([], OPTIONS), '')
  })
})

describe('a grant that sshd would misread', () => {
  const problems = [
    { forceCommand: 'echo #1' },
    { forceCommand: 'echo\nbot:root' },
    { forceCommand: 'echo \\' },
    { forceCommand: ' ' },
    { sourceCidrs: ['10.0.0.0/8",command="sh'] },
    { sourceCidrs: ['!10.0.0.1'] },
  ]
  for (const options of problems) {
    it(`is found: ${JSON.stringify(options)}`, () => {
      assert.notEqual(problemWithGrant(plainGrant('deploy', options)), undefined)
    })
  }
})
