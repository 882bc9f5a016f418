import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nearestKey } from '../base/nearest-key.ts'
import { checkDescription, checkLogin, checkName } from './names.ts'

it('takes names that are safe in files, flags and principals', () => {
  for (const text of ['a', '0', 'github-deploy', 'web.server_01', 'a'.repeat(63)]) {
    assert.equal(checkName('bot', text), text)
  }
  for (const text of [
    '',
    'A',
    '-a',
    'a-',
    '.',
    '..',
    'a/b',
    'a b',
    'a\n',
    'é',
    'a:b',
    'a'.repeat(64),
  ]) {
    assert.throws(() => checkName('bot', text), { code: 'malformed-name' }, JSON.stringify(text))
  }
  assert.throws(() => checkName('role', 'X'), /"X" can't be the name of a role/)
})

it('takes the names of OS accounts as logins', () => {
  for (const text of ['root', '_apt', 'Deploy.2-x', 'a'.repeat(32)])
    assert.equal(checkLogin(text), text)
  for (const text of ['', '1a', '-a', 'a$', 'bot:a', '*', '^a$', 'a b', 'root\n', 'a'.repeat(33)]) {
    assert.throws(() => checkLogin(text), { code: 'malformed-name' }, JSON.stringify(text))
  }
})

it('takes as a description what a terminal shows as it is', () => {
  assert.equal(checkDescription('CI/CD: "deploy" äöü\nand more'), 'CI/CD: "deploy" äöü\nand more')
  for (const text of ['a\u001b[31m', 'a\r', 'a\u2028b', 'a\u202eb', 'a'.repeat(1_025)]) {
    assert.throws(() => checkDescription(text), { code: 'malformed-name' }, JSON.stringify(text))
  }
})

it('finds the key that was meant', () => {
  const keys = ['node_labels', 'logins', 'pty', 'max_session_ttl']
  assert.equal(nearestKey('login', keys), 'logins')
  assert.equal(nearestKey('Node_Labels', keys), 'node_labels')
  assert.equal(nearestKey('max_sesion_tl', keys), 'max_session_ttl')
  assert.equal(nearestKey('tty', keys), 'pty')
  assert.equal(nearestKey('x', keys), undefined)
  assert.equal(nearestKey('description', keys), undefined)
})
