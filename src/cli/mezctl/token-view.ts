/** Join tokens as they are printed: the value the one time that there is one, then never again. */
import type { JoinToken, TokenSummary } from '../../gen/mezite/v1/admin_pb.js'
import { printable } from '../printable.ts'
import type { Column } from '../table.ts'
import type { Listing } from './listing.ts'
import { counted, timeText } from './wire-values.ts'

export function tokenValueJson(token: JoinToken | undefined) {
  return {
    id: token?.id ?? null,
    value: token?.value ?? null,
    expires_at: timeText(token?.expiresAt),
    uses: token?.uses ?? null,
  }
}

/** `Join token: tok-bot-… (expires: 2026-03-24T15:00:00Z, 3 uses)` */
export function newTokenLine(token: JoinToken | undefined): string {
  const uses = token && token.uses > 1 ? `, ${counted(token.uses, 'use')}` : ''
  return `Join token: ${printable(token?.value ?? '')} (expires: ${timeText(token?.expiresAt)}${uses})`
}

export function tokenJson(token: TokenSummary) {
  return {
    id: token.id,
    state: token.state,
    expires_at: timeText(token.expiresAt),
    uses_left: token.usesLeft,
  }
}

export const TOKEN_COLUMNS: readonly Column<TokenSummary>[] = [
  { header: 'JOIN TOKEN', cell: ({ id }) => id },
  { header: 'STATE', cell: ({ state }) => state },
  { header: 'USES LEFT', cell: ({ usesLeft }) => String(usesLeft) },
  { header: 'EXPIRES', cell: ({ expiresAt }) => timeText(expiresAt) ?? '' },
]

export const tokenListing: Listing<TokenSummary> = {
  columns: TOKEN_COLUMNS,
  toJson: tokenJson,
  empty:
    'No join tokens but those of bots. Make one for a node with: mezctl tokens create --roles=node',
}
