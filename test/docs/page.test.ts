import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linksOf, parsePage } from './page.ts'

function page(...lines: readonly string[]): string {
  return lines.join('\n')
}

describe('parsePage', () => {
  it('has commands with the output that follows them', () => {
    const text = page('# Title', '```sh hub', 'a', 'b', '```', 'so:', '```text', 'out', '```')
    assert.deepEqual(parsePage(text), [
      {
        kind: 'commands',
        ...{ line: 2, machine: 'hub', commands: 'a\nb\n' },
        ...{ exitCode: 0, isRepeated: false, output: 'out\n' },
      },
    ])
  })

  it('has commands without output, an exit code and repetition', () => {
    const [first, second] = parsePage(page('```sh hub exit=3', '```', '```sh hub until', '```'))
    assert.ok(first?.kind === 'commands' && second?.kind === 'commands')
    assert.deepEqual([first.exitCode, first.isRepeated, first.output], [3, false, undefined])
    assert.deepEqual([second.exitCode, second.isRepeated], [0, true])
  })

  it('has files', () => {
    assert.deepEqual(parsePage(page('', '```yaml hub a/b.yaml', 'kind: role', '```')), [
      { kind: 'file', line: 2, machine: 'hub', path: 'a/b.yaml', content: 'kind: role\n' },
    ])
  })

  it('leaves pictures out', () => {
    assert.deepEqual(parsePage(page('```text', '+--+', '```')), [])
  })

  for (const [why, ...lines] of [
    ['commands without a machine', '```sh', 'a', '```'],
    ['an unknown mark', '```sh hub later', '```'],
    ['a file without a path', '```yaml hub', '```'],
    ['a file without anything', '```yaml', '```'],
    ['a block without an end', '```sh hub'],
  ] as const) {
    it(`refuses ${why}, and says where`, () => {
      assert.throws(() => parsePage(page('text', ...lines)), /^Error: line 2: /)
    })
  }
})

describe('linksOf', () => {
  it('has the targets within the checkout', () => {
    const text = 'see [a](a.md), [b](../b.md#part) and [web](https://example.com/c.md)'
    assert.deepEqual(linksOf(text), ['a.md', '../b.md'])
  })
})
