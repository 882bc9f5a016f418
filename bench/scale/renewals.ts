/**
 * A bot that renews while the measurement goes on, each time on a new connection as daemons do. Its
 * instances take turns: the hub bounds how often one of them may.
 */
import { createPublicKey } from 'node:crypto'
import { systemClock } from '../../src/base/clock.ts'
import { createGrpcIdentityHub } from '../../src/client/grpc-identity-hub.ts'
import type { CallOptions } from '../../src/client/identity-hub.ts'
import { drawKey } from '../../src/identity/identity.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { parseJoinToken } from '../../src/trust/join-token.ts'
import { textAt } from '../../test/e2e/harness/cluster.ts'
import type { ScaleHub } from './hub.ts'

const PAUSE_MS = 40
const INSTANCES = 32

/** Renews once; returns how many milliseconds that took, seen from the bot. */
export type Renew = () => Promise<number>

export async function joinRenewingBot(hub: ScaleHub, role: string): Promise<Renew> {
  const flags = [`--roles=${role}`, `--token-uses=${INSTANCES}`, '--format=json']
  const added = await hub.mezctl('bots', 'add', 'renewing', ...flags)
  const token = textAt(JSON.parse(added.stdout), 'token', 'value')
  const instances: Renew[] = []
  while (instances.length < INSTANCES) instances.push(await joinInstance(hub, token))
  let turn = 0
  return async () => {
    const renew = instances[turn++ % INSTANCES]
    if (renew === undefined) throw new Error('no instance has joined')
    return await renew()
  }
}

async function joinInstance(hub: ScaleHub, token: string): Promise<Renew> {
  const client = createGrpcIdentityHub({
    clock: systemClock,
    client: { version: '0.0.0', hostname: 'bench' },
  })
  const to: CallOptions = {
    address: { host: '127.0.0.1', port: hub.port },
    trust: { kind: 'pin', pin: parseJoinToken(token).pin },
  }
  let { privateKey, request } = drawRequest()
  let { identityCertificate: certificate } = await client.join(token, request, to)
  return async () => {
    const next = drawRequest()
    request = next.request
    const start = systemClock.monotonic()
    const issued = await client.renew({ certificate, privateKey }, request, to)
    const took = systemClock.monotonic() - start
    certificate = issued.identityCertificate
    privateKey = next.privateKey
    return took
  }
}

function drawRequest() {
  const privateKey = drawKey()
  return {
    privateKey,
    request: {
      identityKey: privateKey,
      sshPublicKey: publicKeyFrom(createPublicKey(drawKey())).blob,
      certificateTtlMs: undefined,
      renewalIntervalMs: undefined,
    },
  }
}

/** Renews again and again, and at least once, until `act` is over; what each renewal took. */
export async function renewDuring(
  renew: Renew,
  act: () => Promise<void>,
): Promise<readonly number[]> {
  const times: number[] = []
  let isOver = false
  const renewing = (async () => {
    do {
      times.push(await renew())
      await systemClock.sleep(PAUSE_MS)
    } while (!isOver)
  })()
  try {
    await act()
  } finally {
    isOver = true
  }
  await renewing
  return times
}
