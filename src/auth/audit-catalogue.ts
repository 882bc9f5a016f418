/**
 * Every audit event that there is: the one closed list of types, with the code of each outcome and
 * what such an event tells. docs/audit.md shows it, checked by a test.
 *
 * Codes and fields never change their meaning; new ones are added. To add an event, add an entry
 * here, and a field that is new to `AUDIT_FIELDS`: whoever emits it is then held to it by
 * `eventBy`'s types.
 */

export type AuditOutcome = 'success' | 'refused'

/** What the fields of events mean. All are texts; times are RFC 3339, numbers decimal. */
export const AUDIT_FIELDS = {
  admin: 'name of an admin identity',
  authority: 'type of a CA: user, host or tls',
  before: 'time before which events are pruned',
  client_address: "IP address of a session's client",
  client_host: 'host name that a client gave itself',
  count: 'how many events a summary stands for',
  duration: 'how long a session lasted',
  ended_at: "end of a session by its node's clock",
  event: 'type of the events that a summary stands for',
  events: 'how many events are pruned',
  expires_at: 'when a join token, a lock or a readmission ends by itself',
  failing_since: 'when the store failed first',
  generation: 'generation of the identity certificate that was issued',
  granted_by: 'who granted a readmission',
  id: 'identifier of a CA',
  instances: 'how many instances went with a bot',
  key: 'fingerprint of a key',
  kind: 'what a join token is for: bot or node',
  labels: 'labels of a node from then on',
  labels_before: 'labels of a node until then',
  lock: 'identifier of a lock',
  login: 'login of a session, or one that is locked',
  message: 'what an administrator said to a lock',
  node: 'name of a node',
  passphrase: 'what was done to the passphrase of the CA keys: added, changed or removed',
  passed_over: 'for how many a step did not wait that was forced',
  phase: 'how far a rotation has come: init, update-clients, update-servers, rollback or done',
  phase_before: 'how far it had come before',
  presented_generation: 'generation of the certificate that a caller showed',
  readmission: 'identifier of a readmission',
  reason: 'why: the code of the error, or how a session ended',
  recovered_from_generation: 'generation on record, where the certificate was ahead of it',
  repeated: 'true where a reply that was lost is given again',
  restore: 'identifier of a restore',
  revision: 'which version of a role it is, counted from 1',
  role: 'name of a role',
  roles: 'roles of a bot from then on',
  roles_before: 'roles of a bot until then',
  rpc: 'what was called',
  sequence: 'sequence number of the first event that is wrong',
  serial: 'serial number of the SSH certificate',
  session: 'a session, as NODE/ID',
  since: 'when the first of them was refused',
  source:
    'who or where they came from: an IPv4 address, the /64 of an IPv6 one, an actor, or others',
  started_at: "start of a session by its node's clock",
  stored_generation: 'newest generation on record',
  taken_at: 'when a backup was made',
  through: 'sequence number of the last event that is pruned',
  time_expected: "what the hub's clock would have shown otherwise",
  time_found: "what the hub's clock shows",
  token: 'identifier of a join token; never its value',
  uses: 'how often a join token can be used',
  version: 'version of Mezite',
  withheld_hosts: "hosts that a node asked for and that are another node's",
} as const satisfies Readonly<Record<string, string>>

export type AuditFieldName = keyof typeof AUDIT_FIELDS

/** An event's bot and instance, which it carries beside its fields. */
export type AuditSubject = 'bot' | 'instanceId'

/** What is told where an act has this outcome. */
export interface AuditForm {
  /** `MZ`, a number, and I for information or W for a warning. */
  readonly code: string
  /** Where the type's own doesn't say it. */
  readonly meaning?: string
  /** What an event of this type always carries, and what at times. */
  readonly about?: readonly AuditSubject[]
  readonly maybeAbout?: readonly AuditSubject[]
  readonly fields?: readonly AuditFieldName[]
  readonly maybeFields?: readonly AuditFieldName[]
}

export interface AuditEntry {
  /** As a clause. */
  readonly meaning: string
  readonly success?: AuditForm
  readonly refused?: AuditForm
}

const INSTANCE = ['bot', 'instanceId'] as const
const ISSUE = ['generation', 'serial'] as const
const SESSION = ['session', 'node', 'login', 'serial', 'client_address', 'started_at'] as const
const TOKEN = ['token', 'kind', 'uses', 'expires_at'] as const

export const AUDIT_EVENTS = {
  'hub.start': {
    meaning: 'a hub has started',
    success: { code: 'MZ1001I', fields: ['version'] },
  },
  'hub.recover': {
    meaning: "the hub's store takes acts again, after it could not",
    success: { code: 'MZ1003I', fields: ['failing_since'] },
  },
  'hub.restore': {
    meaning: "the store was put back to a backup; what was done since isn't in it",
    success: { code: 'MZ1004I', fields: ['taken_at', 'restore'] },
  },
  'hub.clock': {
    meaning: "the hub's clock was set, by a minute or more",
    success: { code: 'MZ1005I', fields: ['time_expected', 'time_found'] },
  },
  'authority.create': {
    meaning: 'a CA was made',
    success: { code: 'MZ1002I', fields: ['authority', 'id'] },
  },
  'ca.rotate': {
    meaning: 'a step of the rotation of a CA was taken',
    success: {
      code: 'MZ1006I',
      fields: ['authority', 'id', 'phase'],
      maybeFields: ['phase_before', 'passed_over'],
    },
  },
  'ca.passphrase': {
    meaning: 'the CA keys were sealed anew, while the hub was stopped',
    success: { code: 'MZ1007I', fields: ['passphrase'] },
  },
  'admin.create': {
    meaning: 'an admin identity was issued',
    success: { code: 'MZ1101I', fields: ['admin'] },
  },
  'admin.renew': {
    meaning: "an admin's key was certified anew",
    success: { code: 'MZ1103I', fields: ['admin'] },
  },
  'admin.remove': {
    meaning: 'an admin identity was ended',
    success: { code: 'MZ1102I', fields: ['admin'] },
  },
  'role.create': {
    meaning: 'a role was made',
    success: { code: 'MZ2001I', fields: ['role'] },
  },
  'role.update': {
    meaning: 'a role was edited',
    success: { code: 'MZ2002I', fields: ['role', 'revision'] },
  },
  'role.remove': {
    meaning: 'a role was removed',
    success: { code: 'MZ2003I', fields: ['role'] },
  },
  'bot.create': {
    meaning: 'a bot was made',
    success: { code: 'MZ3001I', about: ['bot'], fields: ['roles'] },
  },
  'bot.update': {
    meaning: 'a bot was given other roles',
    success: { code: 'MZ3002I', about: ['bot'], fields: ['roles', 'roles_before'] },
  },
  'bot.remove': {
    meaning: 'a bot was removed, with its instances',
    success: { code: 'MZ3003I', about: ['bot'], fields: ['instances'] },
  },
  'token.create': {
    meaning: 'a join token was made',
    success: { code: 'MZ3101I', maybeAbout: ['bot'], fields: TOKEN },
  },
  'token.rotate': {
    meaning: "a bot's join tokens were replaced by a new one",
    success: { code: 'MZ3102I', maybeAbout: ['bot'], fields: TOKEN },
  },
  'token.remove': {
    meaning: 'a join token for nodes was removed',
    success: { code: 'MZ3103I', fields: ['token'] },
  },
  'lock.create': {
    meaning: 'somebody was locked: by an administrator, or by the hub after a double use',
    success: {
      code: 'MZ3201I',
      maybeAbout: INSTANCE,
      fields: ['lock'],
      maybeFields: [
        ...(['message', 'expires_at', 'node', 'role', 'login'] as const),
        ...(['reason', 'stored_generation', 'presented_generation'] as const),
      ],
    },
  },
  'lock.remove': {
    meaning: 'a lock was removed',
    success: {
      code: 'MZ3202I',
      maybeAbout: INSTANCE,
      fields: ['lock'],
      maybeFields: ['node', 'role', 'login', 'restore'],
    },
  },
  'lock.expire': {
    meaning: 'a lock was deleted that had ended by itself, an hour before or more',
    success: {
      code: 'MZ3203I',
      maybeAbout: INSTANCE,
      fields: ['lock'],
      maybeFields: ['node', 'role', 'login'],
    },
  },
  'readmission.create': {
    meaning: 'an identity that has expired may be renewed once more',
    success: {
      code: 'MZ3301I',
      about: ['instanceId'],
      maybeAbout: ['bot'],
      fields: ['readmission', 'expires_at'],
      maybeFields: ['node'],
    },
  },
  'readmission.remove': {
    meaning: 'a readmission was taken back',
    success: {
      code: 'MZ3302I',
      about: ['instanceId'],
      maybeAbout: ['bot'],
      fields: ['readmission'],
      maybeFields: ['node'],
    },
  },
  'readmission.use': {
    meaning: 'an expired identity was renewed by a readmission',
    success: {
      code: 'MZ3303I',
      about: ['instanceId'],
      maybeAbout: ['bot'],
      fields: ['readmission', 'granted_by'],
      maybeFields: ['node'],
    },
  },
  'bot.join': {
    meaning: 'a machine joined as a bot',
    success: {
      code: 'MZ4001I',
      about: INSTANCE,
      fields: ['token', ...ISSUE],
      maybeFields: ['repeated'],
    },
    refused: {
      code: 'MZ4001W',
      meaning: 'a join as a bot was refused',
      maybeAbout: ['bot'],
      fields: ['reason', 'client_host'],
      maybeFields: ['token'],
    },
  },
  'bot.renew': {
    meaning: 'an instance renewed its identity',
    success: {
      code: 'MZ4002I',
      about: INSTANCE,
      fields: ISSUE,
      maybeFields: ['repeated', 'recovered_from_generation'],
    },
    refused: {
      code: 'MZ4002W',
      meaning: 'a renewal of an instance was refused',
      about: INSTANCE,
      fields: ['reason', 'presented_generation'],
    },
  },
  'rpc.denied': {
    meaning: 'somebody called what is not theirs to call',
    refused: {
      code: 'MZ5001W',
      maybeAbout: INSTANCE,
      fields: ['rpc', 'reason'],
      maybeFields: ['node'],
    },
  },
  'refusal.summary': {
    meaning: 'more was refused than is told one by one',
    refused: {
      code: 'MZ5002W',
      maybeAbout: ['bot'],
      fields: ['event', 'source', 'count', 'since'],
    },
  },
  'node.join': {
    meaning: 'a machine joined as a node',
    success: {
      code: 'MZ6001I',
      about: ['instanceId'],
      fields: ['node', 'token', ...ISSUE],
      maybeFields: ['repeated'],
    },
    refused: {
      code: 'MZ6001W',
      meaning: 'a join as a node was refused',
      fields: ['node', 'reason'],
      maybeFields: ['token'],
    },
  },
  'node.renew': {
    meaning: 'a node renewed its identity',
    success: {
      code: 'MZ6002I',
      about: ['instanceId'],
      fields: ['node', ...ISSUE],
      maybeFields: ['repeated', 'recovered_from_generation', 'withheld_hosts'],
    },
    refused: {
      code: 'MZ6002W',
      meaning: 'a renewal of a node was refused',
      about: ['instanceId'],
      fields: ['node', 'reason', 'presented_generation'],
    },
  },
  'node.update': {
    meaning: "a node's labels were set",
    success: { code: 'MZ6003I', fields: ['node', 'labels', 'labels_before'] },
  },
  'node.remove': {
    meaning: 'a node was removed',
    success: { code: 'MZ6004I', about: ['instanceId'], fields: ['node', 'generation'] },
  },
  'node.leave': {
    meaning: 'a node has left',
    success: { code: 'MZ6005I', about: ['instanceId'], fields: ['node', 'generation'] },
  },
  'session.start': {
    meaning: 'a bot entered a node',
    success: { code: 'MZ7001I', about: INSTANCE, fields: SESSION },
  },
  'session.end': {
    meaning: 'a session ended',
    success: {
      code: 'MZ7002I',
      about: INSTANCE,
      fields: [...SESSION, 'reason', 'ended_at', 'duration'],
    },
  },
  'session.terminate': {
    meaning: 'an administrator asked for the end of a session',
    success: { code: 'MZ7003I', about: INSTANCE, fields: SESSION },
  },
  'audit.start': {
    meaning: 'the key that signs the audit log was made',
    success: { code: 'MZ8001I', fields: ['key'] },
  },
  'audit.checkpoint': {
    meaning: 'the hub would have signed the audit log, and found that it is not as it was written',
    refused: { code: 'MZ8002W', fields: ['reason'], maybeFields: ['sequence'] },
  },
  'audit.prune': {
    meaning: 'events were pruned from the beginning of the audit log',
    success: { code: 'MZ8003I', fields: ['through', 'events', 'before'] },
  },
} as const satisfies Readonly<Record<string, AuditEntry>>

export type AuditEventType = keyof typeof AUDIT_EVENTS

/** The types of events that can have this outcome. */
export type TypeWith<Outcome extends AuditOutcome> = {
  [Type in AuditEventType]: Outcome extends keyof (typeof AUDIT_EVENTS)[Type] ? Type : never
}[AuditEventType]

type FormOf<Type extends AuditEventType, Outcome extends AuditOutcome> =
  (typeof AUDIT_EVENTS)[Type] extends Readonly<Record<Outcome, infer Form>> ? Form : unknown

type Named<Form, Part extends keyof AuditForm> =
  Form extends Readonly<Record<Part, readonly (infer Name extends string)[]>> ? Name : never

type Texts<Always extends string, Maybe extends string> = {
  readonly [Name in Always]: string
} & {
  readonly [Name in Maybe]?: string | undefined
}

/** What has to be said of an act when its event is made. */
export type AboutEvent<Type extends AuditEventType, Outcome extends AuditOutcome> = AboutForm<
  FormOf<Type, Outcome>
>

type AboutForm<Form> = Texts<Named<Form, 'about'>, Named<Form, 'maybeAbout'>> &
  ([Named<Form, 'fields'> | Named<Form, 'maybeFields'>] extends [never]
    ? unknown
    : { readonly fields: Texts<Named<Form, 'fields'>, Named<Form, 'maybeFields'>> })

export function isAuditEventType(text: string): text is AuditEventType {
  return Object.hasOwn(AUDIT_EVENTS, text)
}

export function auditForm(type: AuditEventType, outcome: AuditOutcome): AuditForm | undefined {
  const entry: AuditEntry = AUDIT_EVENTS[type]
  return entry[outcome]
}
