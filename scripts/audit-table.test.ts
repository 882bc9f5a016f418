import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { withTables } from './audit-table.ts'

it('docs/audit.md has every event and field of the catalogue', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/audit.md'), 'utf8')
  const lines = new Set(page.split('\n'))
  const missing = withTables(page)
    .split('\n')
    .filter((line) => !lines.has(line))
  assert.deepEqual(missing, [], 'node scripts/audit-table.ts writes them')
  assert.ok(page === withTables(page), 'node scripts/audit-table.ts takes away what is no more')
})
