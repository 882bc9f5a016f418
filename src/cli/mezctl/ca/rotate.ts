import { SECOND } from '../../../base/clock.ts'
import { optional, withDefault } from '../../../base/parameter.ts'
import { boolean, choice } from '../../../base/value-kind.ts'
import type { AdminClient } from '../../../client/admin-client.ts'
import type { Rotation } from '../../../gen/mezite/v1/admin_pb.js'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { createProgress } from '../audit/progress.ts'
import { type CallOptions, hubParameters, withHub } from '../connection.ts'
import { whichCa } from './types.ts'
import { rotationJson, rotationText } from './view.ts'

/** In their order; `rollback` may follow any but the last. */
const WAY = ['init', 'update-clients', 'update-servers', 'done'] as const

export const caRotate = defineVerb({
  name: 'rotate',
  summary: 'replace a CA by a new one, step by step',
  description:
    'Takes the next step of the rotation of a CA, or begins one. init: a new CA is made, and everybody is told to trust it beside the old one. update-clients: certificates for bots are signed by the new one (of the TLS CA: those of nodes and admins too). update-servers: host certificates too, and the certificate of the hub itself. done: the old CA is trusted no more. A step waits until everybody has followed; mezctl ca status shows who has not. A step that has been taken already changes nothing, so this can be repeated after any interruption. rollback goes back to the old CA from any phase, and done then drops the new one.',
  parameters: {
    type: whichCa,
    to: optional(choice(...WAY, 'rollback'), {
      help: 'the step to take',
      defaultText: 'the next; with --wait up to done',
    }),
    wait: withDefault(boolean, 'false', {
      help: 'wait for everybody before each step, up to the one named',
    }),
    force: withDefault(boolean, 'false', {
      help: 'go on without those who have not followed: they may be locked out',
    }),
    ...formatParameter,
    ...hubParameters,
  },
  examples: [
    { command: 'mezctl ca rotate --type=user --wait', does: 'the whole rotation of the User CA' },
    { command: 'mezctl ca rotate --type=host --to=init', does: 'its first step, and no more' },
    { command: 'mezctl ca rotate --type=tls --to=rollback', does: 'back to the old CA' },
  ],
  seeAlso: ['mezctl ca status', 'mezctl ca ls', 'mezctl admins renew', 'mezhub backup'],
  async run(values, invocation) {
    const { type, to, wait, force, format } = values
    const rotation = await withHub(values, invocation, (hub, options) => {
      const walk = new Walk({ type, force, hub, options, invocation, isTold: format !== 'json' })
      return wait ? walk.upTo(to ?? 'done') : walk.step(to)
    })
    invocation.stdout.write(
      format === 'json' ? formatJson(rotationJson(rotation)) : `${rotationText(rotation)}\n`,
    )
  },
})

interface WalkOptions {
  readonly type: string
  readonly force: boolean
  readonly hub: AdminClient
  readonly options: CallOptions
  readonly invocation: Invocation
  /** Whether each step is printed. */
  readonly isTold: boolean
}

const PAUSE = SECOND / 2

class Walk {
  readonly #options: WalkOptions

  constructor(options: WalkOptions) {
    this.#options = options
  }

  /** @returns where it stands then */
  async step(to = ''): Promise<Rotation> {
    const { hub, options, type, force, invocation, isTold } = this.#options
    const before = await this.#state()
    const { rotation } = await hub.authorities.rotateAuthority({ type, to, force }, options)
    const after = known(rotation, type)
    const taken = after.phase === before.phase ? undefined : after.phase || 'done'
    if (isTold && taken !== undefined) {
      invocation.stdout.write(`Step taken: ${printable(taken)} (${type} CA)\n`)
    }
    return after
  }

  async upTo(target: (typeof WAY)[number] | 'rollback'): Promise<Rotation> {
    const { invocation, force } = this.#options
    const { clock, signal } = invocation
    const progress = createProgress(invocation)
    try {
      for (;;) {
        const state = await this.#state()
        const step = nextTowards(target, state)
        if (step === undefined) return state
        if (state.waitingCount === 0n || force || step !== state.next) {
          const after = await this.#tryStep(step)
          if (after && step === target) return after
        } else {
          progress.show(printable(waitText(state)))
          await clock.sleep(PAUSE, signal)
        }
      }
    } finally {
      progress.clear()
    }
  }

  /** Undefined where somebody has fallen behind since. */
  async #tryStep(step: string): Promise<Rotation | undefined> {
    try {
      return await this.step(step)
    } catch (error) {
      // Loaded here, since --help has no use for it.
      const { HubError } = await import('../../../client/identity-hub.ts')
      if (error instanceof HubError && error.hubCode === 'in-use') return undefined
      throw error
    }
  }

  async #state(): Promise<Rotation> {
    const { hub, options, type } = this.#options
    return known((await hub.authorities.getRotation({ type }, options)).rotation, type)
  }
}

/** Undefined where it is there already. What can't be reached is asked of the hub, which says so. */
function nextTowards(target: string, { phase, next }: Rotation): string | undefined {
  if (phase === target) return undefined
  const way: readonly string[] = phase === 'rollback' ? ['rollback', 'done'] : WAY
  return way.indexOf(target) > way.indexOf(phase) ? next : target
}

function waitText({ type, next, waitingCount, waitingFor }: Rotation): string {
  const [first] = waitingFor
  const who = first ? `: ${first.kind} ${first.name} ${first.reason}` : ''
  return `${type} CA, ${next} waits for ${waitingCount}${who}`
}

function known(rotation: Rotation | undefined, type: string): Rotation {
  if (rotation) return rotation
  throw new CliError('not-found', `the hub says nothing of its ${type} CA`)
}
