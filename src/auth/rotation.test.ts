import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { RotationRecord } from './records.ts'
import {
  isOfTheLeaving,
  isSignedByTheNew,
  moved,
  nextSteps,
  ROTATION_STEPS,
  type RotationStep,
} from './rotation.ts'

const types = fc.constantFrom('user' as const, 'host' as const, 'tls' as const)

/** One way through a rotation, up to its end or an interruption. */
const ways = fc.array(fc.nat(1), { maxLength: 6 }).map((choices) => {
  const way: RotationStep[] = ['init']
  for (const choice of choices) {
    const [last] = way.slice(-1)
    if (last === undefined || last === 'done') break
    const steps = nextSteps(last)
    way.push(steps[choice % steps.length] ?? 'done')
  }
  return way
})

describe('a rotation', () => {
  it('ends by done alone, and always can', () => {
    assert.deepEqual(nextSteps(undefined), ['init'])
    for (const phase of ['init', 'update-clients', 'update-servers', 'rollback'] as const) {
      let at: RotationStep = phase
      for (let left = ROTATION_STEPS.length; at !== 'done'; left--) {
        assert.ok(left > 0)
        at = nextSteps(at)[0] ?? at
      }
    }
  })

  it('can be rolled back from every phase before its end', () => {
    for (const phase of ['init', 'update-clients', 'update-servers'] as const) {
      assert.ok(nextSteps(phase).includes('rollback'))
    }
    assert.deepEqual(nextSteps('rollback'), ['done'])
  })

  it('never ends while the CA that goes signs', () => {
    for (const what of ['user', 'host', 'tls', 'serving'] as const) {
      assert.ok(isSignedByTheNew(what, 'update-servers'))
      assert.ok(!isSignedByTheNew(what, 'rollback'))
      assert.ok(!isSignedByTheNew(what, 'init'))
      assert.ok(!isSignedByTheNew(what, undefined))
    }
  })

  it('knows of every certificate whether the CA that goes has signed it', () => {
    fc.assert(
      fc.property(types, ways, fc.array(fc.nat(99), { maxLength: 20 }), (type, way, issues) => {
        // Each phase lasts for 100 ms, and something is issued at some of its milliseconds.
        const start = 1_000
        let rotation: RotationRecord = {
          ...{ phase: 'init', since: start, startedAt: start },
          ...{ signsSince: undefined, lastEndsAt: undefined },
        }
        const issued: { at: number; byTheNew: boolean }[] = [{ at: start - 1, byTheNew: false }]
        for (const [index, step] of way.entries()) {
          if (step === 'done') break
          const now = start + index * 100
          if (step !== 'init') rotation = moved(type, rotation, step, now, undefined)
          const { phase } = rotation
          for (const offset of issues) {
            issued.push({ at: now + offset, byTheNew: isSignedByTheNew(type, phase) })
          }
        }
        const goes = rotation.phase === 'rollback'
        const isDecided = rotation.signsSince !== undefined || goes
        for (const { at, byTheNew } of issued) {
          assert.equal(isOfTheLeaving(rotation, at), isDecided && byTheNew === goes)
        }
      }),
    )
  })
})
