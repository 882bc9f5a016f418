import { after, before } from 'node:test'
import { PostgresCluster } from '../postgres/cluster.ts'
import { openAt } from '../postgres/store.ts'
import { describeStoreContract, type StorePlace } from './store-contract.ts'

let cluster: PostgresCluster
let database: string
before(async () => {
  cluster = await PostgresCluster.start()
  database = cluster.createDatabase()
})
after(() => cluster.remove())

async function createPlace(): Promise<StorePlace> {
  const uri = cluster.uri(database)
  return {
    open: () => openAt(uri),
    async remove() {
      cluster.emptyStore(database)
    },
  }
}

describeStoreContract('PostgreSQL', createPlace)
