/** Holds every import under src/ against scripts/layers.ts; names the rule that one breaks. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { judgeImport } from './layers.ts'

const root = join(import.meta.dirname, '..')
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|(?:^|\n)import\s+['"]([^'"]+)['"]/g

const problems: string[] = []
const files = globSync('src/**/*.{ts,js}', { cwd: root }).filter(
  (file) => !/\.test\.ts$|\.d\.ts$|\/testing\//.test(file),
)
for (const file of files.sort()) {
  const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  for (const match of text.matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    const target = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier
    const problem = judgeImport(file, target)
    if (problem) problems.push(`${file}: imports ${specifier}: ${problem}`)
  }
}

process.stdout.write(
  problems.length > 0
    ? `${problems.join('\n')}\n`
    : `layers: ${files.length} files keep the rules\n`,
)
process.exitCode = problems.length > 0 ? 1 : 0
