import { createSqlitePlace } from './sqlite-place.ts'
import { describeStoreContract } from './store-contract.ts'

describeStoreContract('SQLite', createSqlitePlace)
