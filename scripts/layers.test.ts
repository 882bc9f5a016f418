import assert from 'node:assert/strict'
import { it } from 'node:test'
import { judgeImport } from './layers.ts'

it('lets a layer import itself and what stands under it', () => {
  assert.equal(judgeImport('src/ssh/a.ts', 'src/ssh/b.ts'), undefined)
  assert.equal(judgeImport('src/ssh/a.ts', 'src/base/b.ts'), undefined)
  assert.equal(judgeImport('src/auth/rpc/a.ts', 'src/auth/b.ts'), undefined)
  assert.equal(judgeImport('src/ssh/a.ts', 'node:crypto'), undefined)
})

it('names the rule that an import breaks', () => {
  assert.match(judgeImport('src/ssh/a.ts', 'src/auth/b.ts') ?? '', /src\/ssh may import src\/base/)
  assert.match(judgeImport('src/auth/a.ts', 'src/auth/store/b.ts') ?? '', /not src\/auth\/store/)
  assert.match(judgeImport('src/ssh/a.ts', 'node:fs/promises') ?? '', /pure/)
  assert.match(judgeImport('src/identity/a.ts', '@grpc/grpc-js') ?? '', /only src\/rpc/)
  assert.match(judgeImport('src/other/a.ts', 'node:fs') ?? '', /in no layer/)
})
