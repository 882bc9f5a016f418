import assert from 'node:assert/strict'
import type { TestHub } from './test-hub.ts'

/** Runs of `mezctl` at a test's hub, of which it is known how they have to end. */
export function checkedRuns(hub: () => TestHub) {
  /** A verb that must succeed; what it printed. */
  async function run(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await hub().mezctl(argv)
    assert.equal(code, 0, stderr)
    return stdout
  }

  /** The same, parsed. */
  async function runJson(...argv: readonly string[]) {
    return JSON.parse(await run(...argv, '--format=json'))
  }

  /** A verb that must fail and print no result. */
  async function refusal(...argv: readonly string[]) {
    const { code, stdout, stderr } = await hub().mezctl([...argv, '--format=json'])
    assert.equal(stdout, '')
    return { exit: code, code: JSON.parse(stderr).error.code }
  }

  return { run, runJson, refusal }
}
