/**
 * Nodes, their sessions and every certificate that is out; tokens of no bot, and locks on more than
 * bots. `serial`, `host_certificate_serial` and `certificate_serial` are stored as `generation` is.
 *
 * SQLite can't drop a NOT NULL: the tables that lose one are copied. What version 1 knew of its
 * certificates, the newest of each instance, becomes the first rows of `certificates`.
 */
export const nodes = `
CREATE TABLE nodes (
  name                        TEXT PRIMARY KEY,
  labels                      TEXT NOT NULL, -- a JSON object of texts
  labels_pinned               INTEGER NOT NULL,
  hosts                       TEXT NOT NULL, -- a JSON array of texts
  port                        INTEGER NOT NULL,
  instance_id                 TEXT NOT NULL,
  generation                  INTEGER NOT NULL,
  key_fingerprint             BLOB NOT NULL,
  previous_key_fingerprint    BLOB,
  ssh_key_fingerprint         BLOB NOT NULL,
  revision                    INTEGER NOT NULL,
  joined_at                   INTEGER NOT NULL,
  last_seen_at                INTEGER NOT NULL,
  identity_expires_at         INTEGER NOT NULL,
  host_certificate_serial     INTEGER NOT NULL,
  host_certificate_expires_at INTEGER NOT NULL,
  client_version              TEXT NOT NULL,
  sshd_version                TEXT NOT NULL,
  address                     TEXT NOT NULL
) STRICT;

-- Of bots that are removed too: a session ends when its node says so.
CREATE TABLE sessions (
  node               TEXT NOT NULL REFERENCES nodes (name) ON DELETE CASCADE,
  id                 TEXT NOT NULL,
  login              TEXT NOT NULL,
  bot                TEXT NOT NULL,
  instance_id        TEXT NOT NULL,
  certificate_serial INTEGER NOT NULL,
  address            TEXT NOT NULL,
  started_at         INTEGER NOT NULL,
  PRIMARY KEY (node, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_bot ON sessions (bot);

-- A certificate outlives its bot and instance: it can be revoked until it expires.
CREATE TABLE certificates (
  serial      INTEGER PRIMARY KEY,
  bot         TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX certificates_by_bot ON certificates (bot, expires_at);
CREATE INDEX certificates_by_expiry ON certificates (expires_at);
INSERT OR IGNORE INTO certificates (serial, bot, instance_id, expires_at)
SELECT certificate_serial, bot, id, certificate_expires_at FROM instances;

CREATE TABLE new_tokens (
  id          TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  bot         TEXT,
  uses        INTEGER NOT NULL,
  uses_left   INTEGER NOT NULL CHECK (uses_left >= 0),
  invalidated TEXT,
  expires_at  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL
) STRICT;
INSERT INTO new_tokens (id, secret_hash, kind, bot, uses, uses_left, invalidated, expires_at,
                        created_at, created_by)
SELECT id, secret_hash, kind, bot, uses, uses_left, invalidated, expires_at, created_at, created_by
FROM tokens;

CREATE TABLE new_redemptions (
  token_id        TEXT NOT NULL REFERENCES new_tokens (id) ON DELETE CASCADE,
  key_fingerprint BLOB NOT NULL,
  instance_id     TEXT NOT NULL,
  PRIMARY KEY (token_id, key_fingerprint)
) STRICT, WITHOUT ROWID;
INSERT INTO new_redemptions (token_id, key_fingerprint, instance_id)
SELECT token_id, key_fingerprint, instance_id FROM redemptions;

-- The child first: dropping a parent is refused while rows refer to its own. The renames keep the
-- references.
DROP TABLE redemptions;
DROP TABLE tokens;
ALTER TABLE new_tokens RENAME TO tokens;
ALTER TABLE new_redemptions RENAME TO redemptions;
CREATE INDEX tokens_by_bot ON tokens (bot, created_at) WHERE bot IS NOT NULL;
CREATE INDEX tokens_of_nodes ON tokens (created_at) WHERE bot IS NULL;

-- On a bot whole where instance_id is null.
CREATE TABLE new_locks (
  id          TEXT PRIMARY KEY,
  bot         TEXT REFERENCES bots (name) ON DELETE CASCADE,
  instance_id TEXT REFERENCES instances (id) ON DELETE CASCADE,
  node        TEXT REFERENCES nodes (name) ON DELETE CASCADE,
  role        TEXT REFERENCES roles (name) ON DELETE CASCADE,
  login       TEXT,
  message     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  INTEGER,
  CHECK ((bot IS NOT NULL) + (node IS NOT NULL) + (role IS NOT NULL) + (login IS NOT NULL) = 1),
  CHECK (instance_id IS NULL OR bot IS NOT NULL)
) STRICT;
INSERT INTO new_locks (id, bot, instance_id, message, created_at, created_by, expires_at)
SELECT id, bot, instance_id, message, created_at, created_by, expires_at FROM locks;
DROP TABLE locks;
ALTER TABLE new_locks RENAME TO locks;
CREATE INDEX locks_by_bot ON locks (bot) WHERE bot IS NOT NULL;
CREATE INDEX locks_by_instance ON locks (instance_id) WHERE instance_id IS NOT NULL;
CREATE INDEX locks_by_node ON locks (node) WHERE node IS NOT NULL;
CREATE INDEX locks_by_role ON locks (role) WHERE role IS NOT NULL;
`
