/** A sample of the calls that write, each failing once; `npm run faults -- --errors --nightly` takes all. */
import { it } from 'node:test'
import { requireRoot } from '../e2e/harness/requirements.ts'
import { daemonRenewal } from './kills/daemon-scenes.ts'
import { HUB_SCENES } from './kills/hub-scenes.ts'
import { failInCi } from './kills/in-ci.ts'
import { NODE_SCENES } from './kills/node-scenes.ts'

requireRoot()

const SAMPLED = ['hub-bot-add', 'node-update']
const SCENES = [
  daemonRenewal,
  ...[...HUB_SCENES, ...NODE_SCENES].filter(({ name }) => SAMPLED.includes(name)),
]

it('a call that fails anywhere is told of, and nobody has to help', () => failInCi(SCENES, 6))
