import assert from 'node:assert/strict'
import { it } from 'node:test'
import { checkForceCommand, parseMaxSessionTtl } from './options.ts'

it('takes lives from one minute to seven days', () => {
  assert.equal(parseMaxSessionTtl('1m'), 60_000)
  assert.equal(parseMaxSessionTtl('7d'), 604_800_000)
  for (const text of ['0s', '59s', '7d1ms']) {
    assert.throws(() => parseMaxSessionTtl(text), { code: 'malformed-option' }, text)
  }
  assert.throws(() => parseMaxSessionTtl('soon'), { code: 'malformed' })
})

it('takes the commands that sshd reads back as they are', () => {
  for (const text of ['/usr/bin/backup --all', 'echo "a b" \\"x', 'a'.repeat(1_024)]) {
    assert.equal(checkForceCommand(text), text)
  }
  for (const text of [
    '',
    ' ',
    'a\nb',
    'a\u0000',
    'a\tb',
    'a\u2028b',
    'a # b',
    'a\\',
    'a'.repeat(1_025),
  ]) {
    assert.throws(() => checkForceCommand(text), { code: 'malformed-option' }, JSON.stringify(text))
  }
})
