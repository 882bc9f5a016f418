import assert from 'node:assert/strict'
import { it } from 'node:test'
import { judgePromises, readPromises } from './security-promises.ts'

const PAGE = `# Security

An introduction.

## What is worth protecting

A table.

## Who can do what

**A thief** gets nothing. *Tests: \`src/a.test.ts\`,
\`test/b\`.*

**A fool** gets \`--help\`.
`

it('each promise names tests, and each of them is there', () => {
  const promises = readPromises(PAGE)
  assert.deepEqual(
    promises.map(({ tests }) => tests),
    [['src/a.test.ts', 'test/b'], []],
  )
  assert.deepEqual(
    judgePromises(promises, (path) => path === 'test/b'),
    [
      'there is no src/a.test.ts: **A thief** gets nothing. *Tests: `src/a.test.ts`, `test/b`.*',
      'no test holds it: **A fool** gets `--help`.',
    ],
  )
})
