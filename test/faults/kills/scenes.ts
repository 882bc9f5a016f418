import {
  daemonFirstStart,
  daemonKeyRotation,
  daemonOneShot,
  daemonRenewal,
} from './daemon-scenes.ts'
import type { Scene } from './drill.ts'
import { HUB_SCENES } from './hub-scenes.ts'
import { NODE_SCENES } from './node-scenes.ts'

export const DAEMON_SCENES: readonly Scene[] = [
  daemonFirstStart,
  daemonRenewal,
  daemonKeyRotation,
  daemonOneShot,
]

export const SCENES: readonly Scene[] = [...DAEMON_SCENES, ...HUB_SCENES, ...NODE_SCENES]
