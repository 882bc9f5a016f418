import type { VerbGroup } from '../../verb.ts'
import { sessionsEnd } from './end.ts'
import { sessionsLs } from './ls.ts'

export const sessions: VerbGroup = {
  name: 'sessions',
  summary: 'who is in now',
  description:
    'A session is an SSH connection of a bot to a node, from its login to its end. Those that have ended are in the audit log: session.start and session.end.',
  verbs: [sessionsLs, sessionsEnd],
}
