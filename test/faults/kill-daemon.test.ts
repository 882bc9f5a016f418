import { it } from 'node:test'
import { killInCi } from './kills/in-ci.ts'
import { DAEMON_SCENES } from './kills/scenes.ts'

it('a daemon that is killed anywhere goes on, with a pair that matches and without a lock', () =>
  killInCi(DAEMON_SCENES, 80))
