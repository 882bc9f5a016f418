import type { Store, StoreError } from '../../src/auth/storage.ts'
import { parsePostgresUri } from '../../src/auth/store/postgres/address.ts'
import type { PostgresTarget } from '../../src/auth/store/postgres/connection.ts'
import { openPostgresStore } from '../../src/auth/store/postgres/open.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'

export function targetAt(uri: string, password?: string): PostgresTarget {
  return {
    address: parsePostgresUri(uri, 'mezite'),
    passwords: { password, env: {}, home: '/nonexistent' },
  }
}

export function openAt(
  uri: string,
  onFailed: (error: StoreError) => void = () => {},
): Promise<Store> {
  return openPostgresStore({
    target: targetAt(uri),
    clock: systemClock,
    random: systemRandom,
    onFailed,
  })
}
