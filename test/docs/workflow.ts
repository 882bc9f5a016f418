import { parse } from 'yaml'
import { valueAt } from '../e2e/harness/cluster.ts'
import type { Machine } from './machine.ts'

/**
 * Runs the steps of a GitHub Actions workflow as a runner does: each in a shell of its own, with the
 * secrets put in. Steps that use an action of somebody else's are left out.
 */
export async function runWorkflow(
  text: string,
  runner: Machine,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const scripts = stepsOf(text).flatMap((step) => {
    const script = valueAt(step, 'run')
    return typeof script === 'string' ? [script] : []
  })
  if (scripts.length === 0) throw new Error('the workflow runs nothing')
  for (const script of scripts) {
    await runner.typeOk(
      script.replaceAll(/\$\{\{ secrets\.(\w+) \}\}/g, (_, name: string) => {
        const value = secrets[name]
        if (value === undefined) throw new Error(`there is no secret ${name}`)
        return value
      }),
    )
  }
}

function stepsOf(text: string): readonly unknown[] {
  const jobs = Object.values(Object(valueAt(parse(text), 'jobs')))
  return jobs.flatMap((job) => {
    const steps = valueAt(job, 'steps')
    return Array.isArray(steps) ? steps : []
  })
}
