import * as z from 'zod'
import { MeziteError } from '../base/errors.ts'
import { checkCidr } from './cidr.ts'
import { ANY, checkLabelKey, compileLabelPattern, createSelector } from './labels.ts'
import { checkDescription, checkLogin, checkName } from './names.ts'
import { checkForceCommand, DEFAULT_OPTIONS, parseMaxSessionTtl } from './options.ts'
import { Pattern } from './pattern.ts'
import type { Role } from './role.ts'

/** In one list. */
const MOST_ITEMS = 256

/** A lone value is a list of one. */
const nodeLabels = z
  .record(
    parsed('the key of a label', (key) => (key === ANY ? key : checkLabelKey(key))),
    z.preprocess(
      (value) => (Array.isArray(value) ? value : [value]),
      list('label values', parsed('a label value', compileLabelPattern)),
    ),
    expected('a mapping of labels'),
  )
  .transform((labels, context) => attempt(context, () => createSelector(Object.entries(labels))))

const metadata = strict({
  name: parsed('the name of the role', (text) => checkName('role', text)),
  description: parsed('a text', checkDescription).default(''),
})

const options = strict({
  max_session_ttl: parsed('a duration', parseMaxSessionTtl).optional(),
  port_forwarding: flag().default(DEFAULT_OPTIONS.portForwarding),
  file_copy: flag().default(DEFAULT_OPTIONS.fileCopy),
  pty: flag().default(DEFAULT_OPTIONS.pty),
  source_cidrs: list('networks', parsed('a network', checkCidr)).default([]),
  force_command: parsed('a command', checkForceCommand).optional(),
})

const allow = strict({
  node_labels: nodeLabels,
  logins: list('login names', parsed('a login name', checkLogin)),
})

const deny = strict({
  node_labels: nodeLabels.optional(),
  logins: list(
    'login names',
    parsed('a login name', (text) => new Pattern(text, checkLogin)),
  ).default([]),
})

const spec = strict({ options: options.optional(), allow: allow.optional(), deny: deny.optional() })

const document = strict({ kind: z.literal('role', expected('"role"')), metadata, spec })

/** Reads the plain value of a YAML document. */
export const roleSchema = document.transform(
  ({ metadata, spec }): Role => ({
    name: metadata.name,
    description: metadata.description,
    options: spec.options
      ? {
          maxSessionTtlMs: spec.options.max_session_ttl,
          portForwarding: spec.options.port_forwarding,
          fileCopy: spec.options.file_copy,
          pty: spec.options.pty,
          sourceCidrs: spec.options.source_cidrs,
          forceCommand: spec.options.force_command,
        }
      : DEFAULT_OPTIONS,
    allow: spec.allow && { nodeLabels: spec.allow.node_labels, logins: spec.allow.logins },
    deny: { nodeLabels: spec.deny?.node_labels, logins: spec.deny?.logins ?? [] },
  }),
)

/** The keys that the mapping at each path may have. */
export const KNOWN_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    '': document,
    metadata,
    spec,
    'spec.options': options,
    'spec.allow': allow,
    'spec.deny': deny,
  }).map(([path, schema]) => [path, Object.keys(schema.shape)]),
)

function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, expected('a mapping'))
}

function list<Item extends z.ZodType>(what: string, item: Item) {
  return z
    .array(item, expected(`a list of ${what}`))
    .min(1, `the list of ${what} is empty`)
    .max(MOST_ITEMS, `more than ${MOST_ITEMS} ${what}`)
}

function flag() {
  return z.boolean(expected('true or false'))
}

/** A string that `parse` reads; what it throws on purpose becomes the problem. */
function parsed<Value>(what: string, parse: (text: string) => Value) {
  return z.string(expected(what)).transform((text, context) => attempt(context, () => parse(text)))
}

function attempt<Value>(context: z.RefinementCtx, act: () => Value): Value {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof MeziteError)) throw error
    context.addIssue(error.hint === undefined ? error.message : `${error.message} (${error.hint})`)
    return z.NEVER
  }
}

function expected(what: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) =>
      input === undefined ? `missing, expected ${what}` : `expected ${what}, got ${kindOf(input)}`,
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return `a ${typeof value}`
  return value.length <= 40 ? JSON.stringify(value) : 'a text'
}
