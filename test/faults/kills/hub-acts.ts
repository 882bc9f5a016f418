/**
 * What an administrator or a stranger asks of the hub, with the hub killed somewhere in it: the act
 * is there whole, with its event, or not at all; it is there if it was answered; and whoever got no
 * answer can ask again.
 */
import type { AuditEventType } from '../../../src/auth/audit-catalogue.ts'
import type { StoredAuditEvent } from '../../../src/auth/audit-event.ts'
import type { AdminClient } from '../../../src/client/admin-client.ts'
import { HubError } from '../../../src/client/identity-hub.ts'
import type { StoreReaders } from './place.ts'
import { ROLE, roleDocument, type World } from './world.ts'

export interface HubAct {
  readonly name: string
  /** Done before the kill. */
  readonly prepare?: (admin: AdminClient, subject: string) => Promise<unknown>
  /** @param subject a name of its own for each time */
  readonly act: (admin: AdminClient, subject: string) => Promise<unknown>
  /** Whether the store has what the act makes, or no longer has what it takes away. */
  readonly isDone: (readers: StoreReaders, subject: string) => Promise<boolean>
  /** The event that goes with it. */
  readonly event: AuditEventType
  readonly isAbout: (event: StoredAuditEvent, subject: string) => boolean
  /** How the hub refuses it where it is done already; undefined: it may be done again. */
  readonly refusal: string | undefined
  /** What then gets one on. */
  readonly wayOn?: (admin: AdminClient, subject: string) => Promise<unknown>
}

const field = (name: string) => (event: StoredAuditEvent, subject: string) =>
  event.fields?.[name] === subject
const isAboutBot = (event: StoredAuditEvent, subject: string) => event.bot === subject

const createBot = (admin: AdminClient, name: string) =>
  admin.bots.createBot({ name, roles: [ROLE] })

const lockBot = (admin: AdminClient, message: string) =>
  admin.locks.createLock({ target: { case: 'login', value: 'nobody' }, message })

async function locksSaying(readers: StoreReaders, message: string) {
  return (await readers.locks.list()).filter((lock) => lock.message === message)
}

export const HUB_ACTS: readonly HubAct[] = [
  {
    name: 'bot-add',
    act: createBot,
    isDone: async (readers, name) => (await readers.bots.get(name)) !== undefined,
    event: 'bot.create',
    isAbout: isAboutBot,
    refusal: 'already-exists',
    wayOn: (admin, name) => admin.bots.rotateToken({ name }),
  },
  {
    name: 'bot-rm',
    prepare: createBot,
    act: (admin, name) => admin.bots.deleteBot({ name }),
    isDone: async (readers, name) => (await readers.bots.get(name)) === undefined,
    event: 'bot.remove',
    isAbout: isAboutBot,
    refusal: 'not-found',
  },
  {
    name: 'rotate-token',
    prepare: createBot,
    act: (admin, name) => admin.bots.rotateToken({ name }),
    isDone: async (readers, name) => {
      const tokens = await readers.tokens.listForBot(name)
      const usable = tokens.filter(({ invalidated }) => invalidated === undefined)
      if (usable.length !== 1) throw new Error(`${usable.length} tokens of ${name} can be used`)
      return tokens.length === 2
    },
    event: 'token.rotate',
    isAbout: isAboutBot,
    refusal: undefined,
  },
  {
    name: 'role-create',
    act: (admin, name) => admin.roles.createRole({ document: roleDocument(name) }),
    isDone: async (readers, name) => (await readers.roles.get(name)) !== undefined,
    event: 'role.create',
    isAbout: field('role'),
    refusal: 'already-exists',
  },
  {
    name: 'lock',
    act: lockBot,
    isDone: async (readers, message) => (await locksSaying(readers, message)).length > 0,
    event: 'lock.create',
    isAbout: field('message'),
    refusal: undefined,
  },
  {
    name: 'bot-lock',
    prepare: createBot,
    act: (admin, name) => admin.bots.lockBot({ name, message: name }),
    isDone: async (readers, name) => (await readers.locks.listForBot(name)).length > 0,
    event: 'lock.create',
    isAbout: isAboutBot,
    refusal: undefined,
  },
]

/** @throws Error unless the act is there as far as it must be, and can be asked for again */
export async function checkAct(
  world: World,
  { act, isDone, event, isAbout, refusal, wayOn }: HubAct,
  subject: string,
  isAnswered: boolean,
): Promise<void> {
  await world.check()
  const isThere = await world.read((readers) => isDone(readers, subject))
  const events = world.audit.count(event, (found) => isAbout(found, subject))
  if (isAnswered && !isThere) throw new Error(`${subject} was acknowledged, and is not there`)
  if (events !== (isThere ? 1 : 0)) {
    throw new Error(`${subject} is ${isThere ? '' : 'not '}there, with ${events} events of it`)
  }
  await world.administer(async (admin) => {
    const refused = await act(admin, subject).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof HubError && error.code === 'refused') return error.hubCode
        throw error
      },
    )
    const expected = isThere ? refusal : undefined
    if (refused !== expected) {
      throw new Error(`asked again for ${subject}, the hub said ${refused}, not ${expected}`)
    }
    await wayOn?.(admin, subject)
  })
  await world.check()
}
