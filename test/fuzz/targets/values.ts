import assert from 'node:assert/strict'
import { formatAddress, parseAddress } from '../../../src/base/address.ts'
import { decodeBase32, encodeBase32 } from '../../../src/base/bytes.ts'
import { formatDuration, parseDuration } from '../../../src/base/duration.ts'
import { MeziteError } from '../../../src/base/errors.ts'
import { boolean, integer, labels, list, text } from '../../../src/base/value-kind.ts'
import { moment } from '../../../src/cli/moment.ts'
import { parseTarget } from '../../../src/cli/msh/login.ts'
import { parseCount, parseTime } from '../../../src/identity/json-fields.ts'
import { checkCidr } from '../../../src/policy/cidr.ts'
import { checkLabelKey, checkLabelValue } from '../../../src/policy/labels.ts'
import { checkDescription, checkLogin, checkName } from '../../../src/policy/names.ts'
import { checkForceCommand } from '../../../src/policy/options.ts'
import { encodeHostNames } from '../../../src/x509/subject-alt-name.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

const HERE = { directory: '/here', home: '/home/me' }
const CONTROL = /[\p{Cc}\u2028\u2029]/u

/** Reads a text; throws what is a finding. */
type Reader = (text: string) => unknown

const READERS: readonly Reader[] = [
  (it) => {
    const milliseconds = parseDuration(it)
    assert.ok(Number.isSafeInteger(milliseconds) && milliseconds >= 0)
    assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds)
  },
  (it) => {
    const address = parseAddress(it, 3025)
    assert.deepEqual(parseAddress(formatAddress(address)), address)
    assert.ok(!/[\s/@]/.test(address.host) && !CONTROL.test(address.host))
  },
  (it) => {
    assert.equal(checkCidr(it), it)
    assert.match(it, /^[0-9a-f.:]+\/\d+$/)
  },
  (it) => assert.equal(checkName('bot', it), it),
  (it) => assert.equal(checkLogin(it), it),
  (it) => assert.ok(!CONTROL.test(checkLabelKey(it))),
  (it) => assert.ok(!CONTROL.test(checkLabelValue(it))),
  (it) => assert.ok(!CONTROL.test(checkDescription(it).replaceAll('\n', ''))),
  (it) => assert.ok(!CONTROL.test(checkForceCommand(it))),
  (it) => {
    const pairs = labels.parse([it], HERE)
    for (const [key, value] of Object.entries(pairs)) {
      assert.ok(it.includes(key) && it.includes(value) && !key.includes('='))
    }
  },
  (it) => assert.ok(list(text('X')).parse([it], HERE).length > 0),
  (it) => assert.ok(integer(-5, 70_000).parse([it], HERE) <= 70_000),
  (it) => assert.equal(typeof boolean.parse([it], HERE), 'boolean'),
  (it) => {
    const when = moment.parse([it], HERE)
    assert.ok(Number.isFinite(when.kind === 'at' ? when.time : when.duration))
  },
  (it) => {
    const { host, login = '' } = parseTarget(it, undefined)
    assert.ok(!host.startsWith('-') && !login.startsWith('-') && !/\s/.test(host + login))
  },
  (it) => {
    const bytes = decodeBase32(it)
    if (bytes !== undefined) assert.equal(encodeBase32(bytes), it)
  },
  (it) => assert.equal(String(parseCount(it)), it),
  (it) => assert.ok(Number.isSafeInteger(parseTime(it))),
  (it) => assert.ok(encodeHostNames([it], []).length > 0),
  (it) => assert.ok(encodeHostNames([], [it]).length > 0),
]

const SEEDS: readonly (readonly string[])[] = [
  ['1h30m', '90s', '7d', '36500d'],
  ['hub.example:3025', '[::1]:3025', '192.0.2.1:0', 'hub'],
  ['10.0.0.0/8', '2001:db8::/32', '::/0', '1:2:3:4:5:6:7:8/128'],
  ...[['github-deploy'], ['deploy'], ['k8s.io/role'], ['a b'], ['a\nb'], ['/bin/x "y"']],
  [['env=staging', 'tier=a=b'].join(), 'a='],
  [['a', 'b'].join()],
  ...[['22'], ['yes', '0']],
  ['2026-03-24T15:00:00Z', '2026-03-24T15:00:00.5+01:00', '1h'],
  ...[
    ['deploy@web-1', 'web-1', '::1'],
    ['mfrggzdfmy', ''],
    ['1', '9223372036854775807'],
  ],
  ...[['2026-03-24T15:00:00Z'], ['hub.example', 'a-b'], ['192.0.2.1', '2001:db8::1', '::1.2.3.4']],
]

/** The first byte chooses what the rest is read as. */
export const values: FuzzTarget = {
  name: 'values',
  largest: 2_048,
  words: [
    ':',
    '::',
    '0',
    '/',
    '-',
    '.',
    '@',
    'ffff',
    'T',
    'Z',
    '+00:00',
    'ms',
    '%eth0',
    '::ffff:1.2.3.4',
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () =>
    SEEDS.flatMap((texts, index) =>
      texts.map((it) => Buffer.concat([Buffer.of(index), Buffer.from(it)])),
    ),
  run(input) {
    const read = READERS[(input[0] ?? 0) % READERS.length]
    const it = textOf(input.subarray(1))
    const done = unlessRefused(() => [read?.(it)], MeziteError, SyntaxError)
    return done === undefined ? 'refused' : 'accepted'
  },
}
