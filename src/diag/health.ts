/** Whether a program lives, and whether it is ready: as a list of checks, each with its reason. */

export interface Check {
  /** `store` */
  readonly name: string
  /** Undefined: all is well. Never a secret. */
  readonly problem?: string | undefined
  /** What an operator can do. */
  readonly hint?: string | undefined
}

export interface Health {
  readonly checks: readonly Check[]
}

export function isHealthy({ checks }: Health): boolean {
  return checks.every(({ problem }) => problem === undefined)
}

/** `good` and `bad` are the words for the whole: `ready`, `not ready`. */
export interface Words {
  readonly good: string
  readonly bad: string
}

export const LIVE: Words = { good: 'live', bad: 'not live' }
export const READY: Words = { good: 'ready', bad: 'not ready' }

export function healthText(health: Health, words: Words): string {
  const lines = health.checks.flatMap(({ name, problem, hint }) => [
    `${name}: ${onOneLine(problem ?? 'ok')}`,
    ...(problem !== undefined && hint !== undefined ? [`hint: ${onOneLine(hint)}`] : []),
  ])
  return [wordFor(health, words), ...lines, ''].join('\n')
}

export function healthJson(health: Health, words: Words): string {
  const checks = health.checks.map(({ name, problem, hint }) => {
    const ok = problem === undefined
    return { name, ok, ...(!ok && { problem, ...(hint !== undefined && { hint }) }) }
  })
  return `${JSON.stringify({ status: wordFor(health, words), checks })}\n`
}

function wordFor(health: Health, { good, bad }: Words): string {
  return isHealthy(health) ? good : bad
}

function onOneLine(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ')
}
