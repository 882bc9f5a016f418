import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { matchOutput, withSamples } from './expected.ts'

const NOTHING = new Map<string, string>()
const TOKEN = `tok-bot-${'a2b3'.repeat(14)}`

function matches(shown: string, real: string): boolean {
  return matchOutput(shown, real, NOTHING) !== undefined
}

describe('matchOutput', () => {
  it('takes the same text, whatever the width of its columns', () => {
    assert.ok(matches('NAME   STATE\nweb    online\n', 'NAME            STATE\nweb   online\n'))
    assert.ok(!matches('NAME STATE\n', 'NAMESTATE\n'))
  })

  for (const [shown, real] of [
    ['Role created: a', 'Role created: b'],
    ['a', 'a\nb'],
    ['a\nb', 'a'],
    ['a', 'xa'],
    ['a.c', 'abc'],
    ['2026-03-24T15:00:00Z', 'never'],
    ['tok-bot-a1b2c3d4e5f6', 'tok-node-a1b2c3d4e5f6'],
    ['restrict,pty bot:a', 'restrict bot:a'],
    ['10.0.0.0/8', '10.1.0.0/8'],
    ['exit code 3', 'exit code 4'],
  ] as const) {
    it(`doesn't take ${JSON.stringify(real)} for ${JSON.stringify(shown)}`, () => {
      assert.ok(!matches(shown, real))
    })
  }

  for (const [shown, real] of [
    ['until 2026-03-24T15:00:00Z', 'until 2031-01-02T03:04:05Z'],
    ['Serial: 5119004433897786804', 'Serial: 12'.padEnd(25, '3')],
    ['web-server-01.example.com:22 10.0.0.11', 'web-server-01.example.com:22 127.0.0.1'],
    ['pid 4711 since', 'pid 3 since'],
    ['29m58s left', '1h0m1s left'],
    ['sshd 9.2p1', 'sshd 10.0p2'],
    ['error: …used…', 'error: this join token was used already'],
    ['a\n…\nb', 'a\nb'],
    ['a\n…\nb', 'a\n1\n2\nb'],
  ] as const) {
    it(`takes ${JSON.stringify(real)} for ${JSON.stringify(shown)}`, () => {
      assert.ok(matches(shown, real))
    })
  }

  it('learns what a sample stands for, and puts it into commands', () => {
    const learnt = matchOutput('Join token: tok-bot-a1b2 (x)', `Join token: ${TOKEN} (x)`, NOTHING)
    assert.deepEqual(learnt, new Map([['tok-bot-a1b2', TOKEN]]))
    assert.equal(
      withSamples('--join-token=tok-bot-a1b2', learnt ?? NOTHING),
      `--join-token=${TOKEN}`,
    )
  })

  it('holds a page to what a sample stood for before', () => {
    const [one, other] = ['1', '2'].map((it) => `${it.repeat(8)}-0000-4000-8000-000000000000`)
    const known = new Map([[one ?? '', other ?? '']])
    assert.ok(matchOutput(`lock ${one}`, `lock ${other}`, known))
    assert.equal(matchOutput(`lock ${one}`, `lock ${one}`, known), undefined)
  })
})
