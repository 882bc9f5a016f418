/** Generates the messages anew beside the ones in src/gen; fails where they differ. */
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const fresh = mkdtempSync(join(tmpdir(), 'mezite-gen-'))
try {
  execFileSync('buf', ['lint'], { cwd: root, stdio: 'inherit' })
  execFileSync('buf', ['generate', '--output', fresh], { cwd: root, stdio: 'inherit' })
  const expected = contents(join(fresh, 'src/gen'))
  const actual = contents(join(root, 'src/gen'))
  const names = [...new Set([...expected.keys(), ...actual.keys()])]
  const stale = names.filter((name) => expected.get(name) !== actual.get(name))
  process.stdout.write(
    stale.length > 0
      ? `src/gen is stale (${stale.join(', ')}): run npm run gen\n`
      : `gen: ${names.length} files are as proto/ says\n`,
  )
  process.exitCode = stale.length > 0 ? 1 : 0
} finally {
  rmSync(fresh, { recursive: true })
}

function contents(folder: string): ReadonlyMap<string, string> {
  const files = globSync('**/*.{js,ts}', { cwd: folder })
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}
