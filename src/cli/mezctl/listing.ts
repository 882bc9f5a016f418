/** What every verb that lists something does alike. */
import { optional } from '../../base/parameter.ts'
import { integer } from '../../base/value-kind.ts'
import type { Invocation } from '../invocation.ts'
import { formatJson, type OutputFormat } from '../output-format.ts'
import { type Column, formatTable, hasStyles } from '../table.ts'

const PAGE_SIZE = 500

export const limitParameter = optional(integer(1, 1_000_000), {
  help: 'stop after so many',
  defaultText: 'all',
})

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextPageToken: string
}

/** All pages in one list, or its first `limit` items. */
export async function allPages<Item>(
  limit: number | undefined,
  fetch: (page: { pageSize: number; pageToken: string }) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const most = limit ?? Number.POSITIVE_INFINITY
  const items: Item[] = []
  let pageToken = ''
  do {
    const page = await fetch({ pageSize: Math.min(PAGE_SIZE, most - items.length), pageToken })
    items.push(...page.items)
    pageToken = page.nextPageToken
  } while (pageToken !== '' && items.length < most)
  return items.slice(0, limit)
}

export interface Listing<Item> {
  readonly columns: readonly Column<Item>[]
  readonly toJson: (item: Item) => unknown
  /** Said in place of an empty table. */
  readonly empty: string
}

/** A JSON array; or a table, and for no items a line on standard error. */
export function printList<Item>(
  listing: Listing<Item>,
  items: readonly Item[],
  format: OutputFormat,
  { stdout, stderr, env }: Invocation,
): void {
  if (format === 'json') stdout.write(formatJson(items.map(listing.toJson)))
  else if (items.length === 0) stderr.write(`${listing.empty}\n`)
  else stdout.write(formatTable(listing.columns, items, { bold: hasStyles(stdout, env) }))
}
