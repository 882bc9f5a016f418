import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anchorOf, markdownPage } from './markdown-page.ts'
import { PROGRAMS } from './programs.ts'
import { referenceOf } from './reference.ts'

describe('a page of the reference', () => {
  for (const program of PROGRAMS) {
    it(`of ${program.name} has every verb and flag, and leads to each`, () => {
      const reference = referenceOf(program)
      const page = markdownPage(reference, ['other'])
      const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading)
      const anchors = headings.map(anchorOf)
      assert.equal(new Set(anchors).size, anchors.length)
      for (const { name, usage, flags } of reference.verbs) {
        assert.ok(headings.includes(name), name)
        assert.ok(page.includes(`\n${usage}\n`), usage)
        assert.ok(page.includes(`](#${anchorOf(name)})`), name)
        for (const flag of flags) assert.ok(page.includes(`- \`${flag.flags}\`: `), flag.flags)
      }
      for (const [, anchor = ''] of page.matchAll(/\]\(#([^)]*)\)/g)) {
        assert.ok(anchors.includes(anchor), anchor)
      }
    })
  }

  it('shows what was written by people as it was written', () => {
    const written = 'a *b* _c_ d_e <f> [g](h) `i` \\j'
    const page = markdownPage(
      { ...{ name: 'x', summary: '', description: written, flags: [] }, verbs: [] },
      [],
    )
    assert.match(page, /^a \\\*b\\\* \\_c\\_ d_e \\<f> \\\[g\]\(h\) \\`i\\` \\\\j$/m)
  })
})
