import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manPage } from './man-page.ts'
import { PROGRAMS } from './programs.ts'
import { referenceOf } from './reference.ts'

describe('a manual page', () => {
  for (const program of PROGRAMS) {
    it(`of ${program.name} has every verb and flag`, () => {
      const reference = referenceOf(program)
      const page = manPage(reference, { version: '1.2.3', date: '2026-01-31', others: ['other'] })
      const plain = page.replaceAll('\\-', '-')
      for (const { usage, flags } of reference.verbs) {
        assert.ok(plain.includes(`.SS "${usage}"`), usage)
        for (const flag of flags) assert.ok(plain.includes(`.B ${flag.flags}\n`), flag.flags)
      }
    })
  }

  it('has no requests or escapes in what was written by people', () => {
    const text = `.so /etc/passwd\n'br "quoted" \\fB`
    const page = manPage(
      {
        ...{ name: 'x', summary: text, description: text, flags: [] },
        verbs: [],
      },
      { version: '1', date: '2026-01-31', others: [] },
    )
    assert.doesNotMatch(page, /^\.so|^'br|\\f/m)
  })
})
