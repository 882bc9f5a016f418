/** What holds for all pages together. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { CHECKOUT } from '../e2e/harness/run.ts'
import { readCheckout } from './machine.ts'
import { linksOf, parsePage } from './page.ts'

const PAGES = readdirSync(`${CHECKOUT}/docs`).filter((name) => name.endsWith('.md'))
const RECORDS = readdirSync(`${CHECKOUT}/docs/decisions`).filter((name) => name.endsWith('.md'))
const REFERENCE = readdirSync(`${CHECKOUT}/docs/reference`)
const ROOT = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CHANGELOG.md']
const EVERYTHING = [
  ...ROOT,
  ...PAGES.map((name) => `docs/${name}`),
  ...RECORDS.map((name) => `docs/decisions/${name}`),
  ...REFERENCE.map((name) => `docs/reference/${name}`),
]

describe('the documentation', () => {
  it('has a page in its index, and a test, for each page', () => {
    const listed = linksOf(readCheckout('docs/README.md'))
    for (const page of PAGES.filter((name) => name !== 'README.md')) {
      assert.ok(listed.includes(page), `docs/README.md names ${page}`)
      const test = `test/docs/${page.replace('.md', '.test.ts')}`
      assert.match(readCheckout(test), new RegExp(`page: '${page}'`))
    }
  })

  it('has the reference of each program in its index', () => {
    const listed = linksOf(readCheckout('docs/README.md'))
    for (const page of REFERENCE) assert.ok(listed.includes(`reference/${page}`), page)
  })

  it('has every decision record in their index', () => {
    const listed = linksOf(readCheckout('docs/decisions/README.md'))
    assert.deepEqual(listed.toSorted(), RECORDS.filter((name) => name !== 'README.md').sort())
  })

  for (const file of EVERYTHING) {
    it(`leads from ${file} to what is there`, () => {
      for (const target of linksOf(readCheckout(file))) {
        assert.ok(existsSync(join(CHECKOUT, dirname(file), target)), `${file} links to ${target}`)
      }
    })
  }

  for (const file of ROOT) {
    it(`names in ${file} only sources and tests that are there`, () => {
      for (const [, path = ''] of readCheckout(file).matchAll(/`((?:src|test)\/[\w./-]+)`/g)) {
        assert.ok(existsSync(join(CHECKOUT, path)), `${file} names ${path}`)
      }
    })
  }

  for (const page of PAGES) {
    it(`says of every block of ${page} where it belongs`, () => {
      parsePage(readCheckout(`docs/${page}`))
    })
  }
})
