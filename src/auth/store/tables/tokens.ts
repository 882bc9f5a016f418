import type { RedemptionRecord, TokenInvalidation, TokenRecord } from '../../records.ts'
import type { TokenReader } from '../../storage.ts'
import { conflict, exists, missing, tokenSubject } from '../conditions.ts'
import type { Row } from '../row.ts'
import { expect, type Reading, type Step, write } from '../sql.ts'
import { expectBotNamed } from './bots.ts'

export function createTokenReader(database: Reading): TokenReader {
  return {
    async find(secretHash) {
      const row = await database.get('SELECT * FROM tokens WHERE secret_hash = :hash', {
        hash: secretHash,
      })
      return row && toToken(row)
    },
    async listForBot(bot) {
      return (
        await database.all('SELECT * FROM tokens WHERE bot = :bot ORDER BY created_at DESC, id', {
          bot,
        })
      ).map(toToken)
    },
    async listForNodes() {
      return (
        await database.all('SELECT * FROM tokens WHERE bot IS NULL ORDER BY created_at DESC, id')
      ).map(toToken)
    },
    async redemption(tokenId, keyFingerprint) {
      const row = await database.get(
        `SELECT * FROM redemptions
         WHERE token_id = :token_id AND key_fingerprint = :key_fingerprint`,
        { token_id: tokenId, key_fingerprint: keyFingerprint },
      )
      return row && toRedemption(row)
    },
  }
}

function toToken(row: Row): TokenRecord {
  return {
    id: row.text('id'),
    secretHash: row.bytes('secret_hash'),
    kind: row.oneOf('kind', ['bot', 'node']),
    bot: row.has('bot') ? row.text('bot') : undefined,
    uses: row.integer('uses'),
    usesLeft: row.integer('uses_left'),
    invalidated: row.has('invalidated')
      ? row.oneOf('invalidated', ['rotated', 'bot-removed', 'restored'])
      : undefined,
    expiresAt: row.integer('expires_at'),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
  }
}

function toRedemption(row: Row): RedemptionRecord {
  return {
    tokenId: row.text('token_id'),
    keyFingerprint: row.bytes('key_fingerprint'),
    instanceId: row.text('instance_id'),
  }
}

export function insertToken(token: TokenRecord): readonly Step[] {
  return [
    ...(token.bot === undefined ? [] : [expectBotNamed(token.bot)]),
    write(
      `INSERT INTO tokens (id, secret_hash, kind, bot, uses, uses_left, invalidated,
                           expires_at, created_at, created_by)
       VALUES (:id, :secret_hash, :kind, :bot, :uses, :uses_left, :invalidated,
               :expires_at, :created_at, :created_by)
       ON CONFLICT DO NOTHING`,
      {
        id: token.id,
        secret_hash: token.secretHash,
        kind: token.kind,
        bot: token.bot ?? null,
        uses: token.uses,
        uses_left: token.usesLeft,
        invalidated: token.invalidated ?? null,
        expires_at: token.expiresAt,
        created_at: token.createdAt,
        created_by: token.createdBy,
      },
      () => exists(tokenSubject(token.id)),
    ),
  ]
}

export function redeemToken(redemption: RedemptionRecord): readonly Step[] {
  const id = redemption.tokenId
  return [
    expect('SELECT 1 FROM tokens WHERE id = :id', { id }, () => missing(tokenSubject(id))),
    write(
      `UPDATE tokens SET uses_left = uses_left - 1
       WHERE id = :id AND uses_left > 0 AND invalidated IS NULL`,
      { id },
      () => conflict(tokenSubject(id), 'is used up or invalidated'),
    ),
    write(
      `INSERT INTO redemptions (token_id, key_fingerprint, instance_id)
       VALUES (:token_id, :key_fingerprint, :instance_id)
       ON CONFLICT DO NOTHING`,
      {
        token_id: id,
        key_fingerprint: redemption.keyFingerprint,
        instance_id: redemption.instanceId,
      },
      () => conflict(tokenSubject(id), 'was redeemed with these keys before'),
    ),
  ]
}

/** Its redemptions go with it: see the schema's foreign keys. */
export function deleteToken(id: string): readonly Step[] {
  return [write('DELETE FROM tokens WHERE id = :id', { id }, () => missing(tokenSubject(id)))]
}

export function invalidateTokens(bot: string, reason: TokenInvalidation): readonly Step[] {
  return [
    write('UPDATE tokens SET invalidated = :reason WHERE bot = :bot AND invalidated IS NULL', {
      bot,
      reason,
    }),
  ]
}
