/** Whether each promise of SECURITY.md names tests, and whether those are there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { judgePromises, readPromises } from './security-promises.ts'

const root = join(import.meta.dirname, '..')

/** A test, or a folder that has some. */
function exists(path: string): boolean {
  const absolute = join(root, path)
  if (!existsSync(absolute)) return false
  if (!statSync(absolute).isDirectory()) return path.endsWith('.test.ts')
  return readdirSync(absolute, { recursive: true, encoding: 'utf8' }).some((name) =>
    name.endsWith('.test.ts'),
  )
}

const promises = readPromises(readFileSync(join(root, 'SECURITY.md'), 'utf8'))
const problems = judgePromises(promises, exists)
for (const problem of problems) process.stderr.write(`SECURITY.md: ${problem}\n`)
if (problems.length > 0) process.exitCode = 1
else process.stdout.write(`security: ${promises.length} promises name the tests that hold them\n`)
