/** Whether docs/reference is what the programs' help says; with `--write` makes it so. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markdownPage } from './reference/markdown-page.ts'
import { PROGRAMS } from './reference/programs.ts'
import { referenceOf } from './reference/reference.ts'

const folder = join(import.meta.dirname, '../docs/reference')
const names = PROGRAMS.map(({ name }) => name)
const pages = new Map(
  PROGRAMS.map((program) => {
    const others = names.filter((name) => name !== program.name)
    return [`${program.name}.md`, markdownPage(referenceOf(program), others)]
  }),
)

mkdirSync(folder, { recursive: true })
const found = new Map(
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
)
const stale = [...new Set([...pages.keys(), ...found.keys()])].filter(
  (name) => pages.get(name) !== found.get(name),
)
if (process.argv.includes('--write')) {
  for (const name of stale) {
    const page = pages.get(name)
    if (page === undefined) rmSync(join(folder, name))
    else writeFileSync(join(folder, name), page)
  }
  process.stdout.write(`reference: ${stale.length} of ${pages.size} pages written anew\n`)
} else {
  process.stdout.write(
    stale.length > 0
      ? `docs/reference is stale (${stale.join(', ')}): run npm run reference\n`
      : `reference: ${pages.size} pages are as the help says\n`,
  )
  process.exitCode = stale.length > 0 ? 1 : 0
}
