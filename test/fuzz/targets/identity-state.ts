import assert from 'node:assert/strict'
import { IdentityError } from '../../../src/identity/errors.ts'
import { parseHookState } from '../../../src/identity/hook-state.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { encodeIdentity, parseIdentity } from '../../../src/identity/identity-file.ts'
import type { JsonFields } from '../../../src/identity/json-fields.ts'
import { OUTPUT_NAMES, outputFiles } from '../../../src/identity/output-files.ts'
import {
  encodePending,
  parsePendingJoin,
  parsePendingRenewal,
} from '../../../src/identity/pending-file.ts'
import { parseProgress } from '../../../src/identity/progress.ts'
import { parseStateFile } from '../../../src/identity/state.ts'
import { IdentityScene } from '../../fakes/identity-scene.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf } from '../engine/target.ts'

export const JSON_WORDS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    'null',
    'true',
    '"',
    '1e999',
    '-0',
    '""',
    '[]',
    '{}',
    '\\u0000',
  ],
  ...['"version": 1', '"version": "1"', '"__proto__": 1', '\\n', '-----BEGIN', 'ssh-ed25519 AAAA'],
]

type Parse<Value> = (fields: JsonFields) => Value

/** Any file of a bot's state directory. */
export const identityState: FuzzTarget = {
  name: 'identity-state',
  largest: 16_384,
  words: JSON_WORDS,
  mutations: TEXT_MUTATIONS,
  seeds,
  run(input) {
    const text = textOf(input)
    const read = <Value>(parse: Parse<Value>) => readState(text, parse)
    const identity = read(parseIdentity)
    if (identity !== undefined) checkIdentity(identity)
    const pending = [read(parsePendingJoin), read(parsePendingRenewal)].filter(
      (it) => it !== undefined,
    )
    for (const each of pending) {
      const parse: Parse<typeof each> =
        each.purpose === 'join' ? parsePendingJoin : parsePendingRenewal
      const again = readState(encodePending(each), parse)
      assert.ok(again?.sshKey.equals(each.sshKey) && again.identityKey.equals(each.identityKey))
    }
    const progress = read(parseProgress)
    const found = [identity, ...pending, progress, read(parseHookState)].filter(
      (it) => it !== undefined,
    )
    assert.ok(found.length <= 1, 'a file is of one kind')
    return found.length > 0 ? 'accepted' : 'refused'
  },
}

/** Undefined for a refusal, which tells of no key. */
export function readState<Value>(text: string, parse: Parse<Value>): Value | undefined {
  try {
    return parseStateFile('/state/x.json', text, parse)
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    assert.ok(error.message.length < 300, error.message)
    return undefined
  }
}

function checkIdentity(identity: Identity): void {
  const text = encodeIdentity(identity)
  const again = readState(text, parseIdentity)
  assert.ok(again !== undefined && encodeIdentity(again) === text)
  const files = outputFiles(identity, '/certs/.generations/1')
  for (const name of OUTPUT_NAMES) assert.ok(files[name].length < 4 * text.length + 4_096)
}

async function seeds(): Promise<readonly Buffer[]> {
  await using scene = await IdentityScene.open()
  const { published } = await scene.run({ until: ({ published }) => published.length === 1 })
  const identity = published[0]?.identity
  assert.ok(identity)
  const { identityKey, sshKey, tokenId, instanceId } = identity
  const keys = { identityKey, sshKey }
  const texts = [
    encodeIdentity(identity),
    encodeIdentity({ ...identity, suggestedRenewalAt: Date.UTC(2026, 2, 24, 14, 20), nodes: [] }),
    encodePending({ ...keys, purpose: 'join', tokenId }),
    encodePending({ ...keys, purpose: 'renewal', instanceId, generation: 7n }),
    `{"version": 1, "serial": "7", "at": "2026-03-24T14:20:00Z", "failures": 2, "failure": "x"}`,
    `{"version": 1, "nextRenewalAt": "2026-03-24T14:20:00Z", "failureMessage": null, "failureAt": null}`,
  ]
  return texts.map((text) => Buffer.from(text))
}
