import { optional } from '../../base/parameter.ts'
import { text } from '../../base/value-kind.ts'

const STORE = 'Store:'

/** Where a hub keeps what it knows. */
export const storeParameters = {
  store: optional(text('URI'), {
    help: 'keep everything in PostgreSQL 15 or newer: postgres://USER@HOST/DATABASE, without a password',
    defaultText: 'embedded, in the data directory',
    group: STORE,
  }),
  storePassword: optional(text('PASSWORD'), {
    help: 'the password for it, where PGPASSWORD or a passfile has none',
    secret: true,
    group: STORE,
  }),
}
