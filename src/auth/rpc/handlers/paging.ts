/** Pages of lists that are ordered by name. A page's token is the last name before it. */
import { AuthError } from '../../errors.ts'
import type { PageRequest } from '../../storage.ts'

const STANDARD_SIZE = 100

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Empty after the last page. */
  readonly nextPageToken: string
}

/** @throws AuthError `invalid-request` for a token that no page ended with */
export async function readPage<Item>(
  request: { readonly pageSize: number; readonly pageToken: string },
  list: (page: PageRequest) => Promise<readonly Item[]>,
  nameOf: (item: Item) => string,
  largest: number,
): Promise<Page<Item>> {
  const size = Math.min(request.pageSize || STANDARD_SIZE, largest)
  // One more than shown tells whether there is another page.
  const found = await list({ after: decodeToken(request.pageToken), limit: size + 1 })
  const items = found.slice(0, size)
  const last = items.at(-1)
  const nextPageToken = found.length > size && last !== undefined ? encodeToken(nameOf(last)) : ''
  return { items, nextPageToken }
}

function encodeToken(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function decodeToken(token: string): string | undefined {
  if (token === '') return undefined
  const name = Buffer.from(token, 'base64url').toString()
  if (encodeToken(name) === token) return name
  throw new AuthError('invalid-request', 'this page token is not one that the hub gave out', {
    hint: 'start again from the first page',
  })
}
