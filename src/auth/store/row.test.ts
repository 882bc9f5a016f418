import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Row } from './row.ts'

const damaged = { code: 'damaged', message: 'the column c holds an unexpected value' }

describe('Row', () => {
  it('reads a JSON array of texts, and nothing else', () => {
    assert.deepEqual(new Row({ c: '["a",""]' }).texts('c'), ['a', ''])
    assert.deepEqual(new Row({ c: '[]' }).texts('c'), [])
    for (const c of ['', '["a"', '["a",1]', '[null]', '{"a":"b"}', '"a"', 'null', null, 1n]) {
      assert.throws(() => new Row({ c }).texts('c'), damaged, `${c}`)
    }
  })

  it('reads a JSON object of texts, and nothing else', () => {
    assert.deepEqual(new Row({ c: '{"a":"b","":""}' }).textsByName('c'), { a: 'b', '': '' })
    assert.deepEqual(new Row({ c: '{}' }).textsByName('c'), {})
    for (const c of ['', '{', '{"a":1}', '{"a":null}', '[]', '["a"]', '"a"', 'null', null, 1n]) {
      assert.throws(() => new Row({ c }).textsByName('c'), damaged, `${c}`)
    }
  })
})
