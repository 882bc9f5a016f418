/** The fleet of the measurement: its roles, which bot has which, and the nodes' labels. */

export interface FleetSize {
  readonly agents: number
  readonly bots: number
  readonly roles: number
  /** Roles that reach every node; each of the others reaches the nodes of one team. */
  readonly wideRoles: number
  /** Nodes differ in this many sets of labels; as many as there are nodes: no two are alike. */
  readonly labelSets: number
}

/** Of which the first is the one that is edited, and its bots those that are locked. */
export const FIRST_ROLE = roleName(0)
const TEAMS = 20
const ENVIRONMENTS = ['production', 'staging', 'dev']

export function roleName(number: number): string {
  return `role-${pad(number, 3)}`
}

export function botName(number: number): string {
  return `bot-${pad(number, 6)}`
}

export function nodeName(number: number): string {
  return `node-${pad(number, 5)}`
}

/** A role's text, as an administrator writes it. */
export function roleText(number: number, wideRoles: number, extraLogin?: string): string {
  const selector =
    number < wideRoles
      ? '{ "*": "*" }'
      : `{ team: team-${number % TEAMS}, env: [production, staging] }`
  const logins = ['deploy', `app-${number % 8}`, ...(extraLogin === undefined ? [] : [extraLogin])]
  return `kind: role
metadata:
  name: ${roleName(number)}
spec:
  options:
    max_session_ttl: 1h
  allow:
    node_labels: ${selector}
    logins: [${logins.join(', ')}]
  deny:
    logins: [root]
`
}

export function labelsOf(node: number, labelSets: number): Readonly<Record<string, string>> {
  const set = node % labelSets
  const common = ENVIRONMENTS.length * TEAMS
  return {
    env: ENVIRONMENTS[set % ENVIRONMENTS.length] ?? '',
    team: `team-${Math.floor(set / ENVIRONMENTS.length) % TEAMS}`,
    ...(labelSets > common && { shard: String(Math.floor(set / common)) }),
  }
}

/** Every bot's roles: one for half of them, two for the others; the same ones in each run. */
export function botRoles({ bots, roles }: FleetSize): readonly (readonly string[])[] {
  const draw = drawsBelow(roles)
  return Array.from({ length: bots }, (_, bot) => {
    const first = roleName(bot % roles)
    const second = roleName(draw())
    return bot % 2 === 0 || second === first ? [first] : [first, second]
  })
}

/** Numerical Recipes' linear congruential generator: repeatable, and good enough to mix roles. */
function drawsBelow(limit: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0')
}
