/**
 * Who holds which certificate, and when it is expected to renew; and how much there is of what.
 *
 * - `renews_at` is when an instance is expected, `overdue_at` from when on it is late. Both are null of
 *   one that never renews. What earlier versions issued is expected after a third of its life.
 * - `counts` is kept by triggers, also where rows go with others: counting a hundred thousand rows
 *   takes milliseconds, in which the hub answers nobody.
 */
const COUNTED = ['bots', 'instances', 'nodes', 'roles', 'sessions'] as const

const counted = (table: string) => `
INSERT INTO counts (name, value) SELECT '${table}', count(*) FROM ${table};
CREATE TRIGGER ${table}_counted_in AFTER INSERT ON ${table} BEGIN
  UPDATE counts SET value = value + 1 WHERE name = '${table}';
END;
CREATE TRIGGER ${table}_counted_out AFTER DELETE ON ${table} BEGIN
  UPDATE counts SET value = value - 1 WHERE name = '${table}';
END;
`

export const inventory = `
ALTER TABLE instances ADD COLUMN renews_at INTEGER;
ALTER TABLE instances ADD COLUMN overdue_at INTEGER;
UPDATE instances SET
  renews_at = last_seen_at + (certificate_expires_at - last_seen_at) / 3,
  overdue_at = last_seen_at + (certificate_expires_at - last_seen_at) / 2;
CREATE INDEX instances_by_expiry ON instances (certificate_expires_at, id);

ALTER TABLE certificates ADD COLUMN generation INTEGER;
ALTER TABLE certificates ADD COLUMN issued_at INTEGER;
ALTER TABLE certificates ADD COLUMN key_fingerprint BLOB;
ALTER TABLE certificates ADD COLUMN principals TEXT; -- a JSON array of texts

CREATE INDEX sessions_by_start ON sessions (started_at);

CREATE TABLE counts (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
${COUNTED.map(counted).join('')}
`
