import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printable, printableLines } from './printable.ts'
import { type Column, formatDetails, formatTable, hasStyles } from './table.ts'

interface Row {
  readonly name: string
  readonly note: string
}

const columns: readonly Column<Row>[] = [
  { header: 'NAME', cell: ({ name }) => name },
  { header: 'NOTE', cell: ({ note }) => note },
]

describe('a table', () => {
  it('has aligned columns, and a dash for nothing', () => {
    const rows = [
      { name: 'a-long-name', note: '' },
      { name: 'b', note: 'x' },
    ]
    assert.equal(
      formatTable(columns, rows),
      'NAME          NOTE\na-long-name   -\nb             x\n',
    )
  })

  it('keeps each row on its line, whatever the cells hold', () => {
    const table = formatTable<Row>(columns, [{ name: 'a\nroot', note: '\u001b]0;x\u0007' }])
    assert.equal(table.split('\n').length, 3)
    assert.ok(table.includes('a\\u{a}root'))
    assert.ok(table.includes('\\u{1b}]0;x\\u{7}'))
  })

  it('has a bold header only where somebody can see it', () => {
    const terminal = { write() {}, isClosed: false, isTerminal: true, columns: 80, rows: 24 }
    assert.equal(hasStyles(terminal, {}), true)
    assert.equal(hasStyles(terminal, { NO_COLOR: '1' }), false)
    assert.equal(hasStyles(terminal, { TERM: 'dumb' }), false)
    assert.equal(hasStyles({ ...terminal, isTerminal: false }, {}), false)
    assert.ok(formatTable(columns, [], { bold: true }).startsWith('\u001b[1mNAME'))
  })
})

it('details leave out what is empty', () => {
  assert.equal(
    formatDetails([
      ['Bot', 'a'],
      ['Roles', ''],
      ['Identity TTL', '1d'],
    ]),
    'Bot:          a\nIdentity TTL: 1d\n',
  )
})

describe('printable text', () => {
  it('has no control, override or invisible character', () => {
    assert.equal(printable('é 日本 ok'), 'é 日本 ok')
    for (const character of [
      '\u0000',
      '\u007f',
      '\u009b',
      '\u202e',
      '\u200b',
      '\u2028',
      '\ud800',
    ]) {
      assert.match(printable(`a${character}b`), /^a\\u\{[0-9a-f]+\}b$/)
    }
  })

  it('of several lines keeps their ends', () => {
    assert.equal(printableLines('a: 1\n\tb\n'), 'a: 1\n\\u{9}b\n')
  })
})
