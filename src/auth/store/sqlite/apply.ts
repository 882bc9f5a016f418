import type { Change } from '../../storage.ts'
import type { Step } from '../sql.ts'
import { stepsOf } from '../steps.ts'
import type { Connection } from './connection.ts'

/** @throws StoreError where the change's condition doesn't hold */
export function applyChange(database: Connection, change: Change): void {
  for (const step of stepsOf(change)) runStep(database, step)
}

/** @throws StoreError where it refuses */
export function runStep(database: Connection, step: Step): void {
  const { sql, parameters } = step
  const refusal =
    step.kind === 'read'
      ? step.refusal(database.get(sql, parameters))
      : step.refusal(database.run(sql, parameters))
  if (refusal) throw refusal
}
