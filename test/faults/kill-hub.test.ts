import { it } from 'node:test'
import { HUB_SCENES } from './kills/hub-scenes.ts'
import { killInCi } from './kills/in-ci.ts'

it('a hub that is killed anywhere has all that it acknowledged, whole and with its events', () =>
  killInCi(HUB_SCENES, 120))
