/** A program of the owner's for races: makes destinations and publishes to them, as told by its input. */

import { MeziteError } from '../../../src/base/errors.ts'
import { systemFileSystem } from '../../../src/base/file-system.ts'
import { prepareDestination, publish } from '../../../src/identity/destination.ts'
import { IdentityScene } from '../../fakes/identity-scene.ts'

const [mode = '', ...paths] = process.argv.slice(2)
const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }

await using scene = await IdentityScene.open()
const { published } = await scene.run({ until: ({ published }) => published.length === 1 })
const identity = published[0]?.identity
if (identity === undefined) throw new Error('no identity')

const outcome = { published: 0, refused: 0 }
for (const path of paths) {
  try {
    const destination = await prepareDestination(systemFileSystem, {
      ...{ path, self, reader: { kind: 'nobody' } },
    })
    const times = mode === 'often' ? 100 : 1
    for (let count = 0; count < times; count++) {
      await publish(systemFileSystem, destination, identity, Date.now())
      outcome.published += 1
    }
  } catch (error) {
    // Whatever is not refused by its name is a finding.
    if (!(error instanceof MeziteError)) throw error
    outcome.refused += 1
  }
}
process.stdout.write(JSON.stringify(outcome))
