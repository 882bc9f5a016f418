/**
 * Times are milliseconds since the Unix epoch, lives are milliseconds. `generation` and
 * `certificate_serial` hold unsigned 64-bit integers as the signed ones with the same bits.
 */
export const initial = `
CREATE TABLE hub (
  cluster_id TEXT NOT NULL
) STRICT;

CREATE TABLE roles (
  name        TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  document    TEXT NOT NULL,
  revision    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE bots (
  name            TEXT PRIMARY KEY,
  identity_ttl_ms INTEGER NOT NULL,
  revision        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  created_by      TEXT NOT NULL
) STRICT;

CREATE TABLE bot_roles (
  bot      TEXT NOT NULL REFERENCES bots (name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  role     TEXT NOT NULL REFERENCES roles (name),
  PRIMARY KEY (bot, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_roles_by_role ON bot_roles (role);

-- A token outlives its bot, so that its bearer learns why it is refused.
CREATE TABLE tokens (
  id          TEXT PRIMARY KEY,
  secret_hash BLOB NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  bot         TEXT NOT NULL,
  uses        INTEGER NOT NULL,
  uses_left   INTEGER NOT NULL CHECK (uses_left >= 0),
  invalidated TEXT,
  expires_at  INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL
) STRICT;
CREATE INDEX tokens_by_bot ON tokens (bot, created_at);

CREATE TABLE redemptions (
  token_id        TEXT NOT NULL REFERENCES tokens (id),
  key_fingerprint BLOB NOT NULL,
  instance_id     TEXT NOT NULL,
  PRIMARY KEY (token_id, key_fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
  id                       TEXT PRIMARY KEY,
  bot                      TEXT NOT NULL REFERENCES bots (name) ON DELETE CASCADE,
  generation               INTEGER NOT NULL,
  key_fingerprint          BLOB NOT NULL,
  previous_key_fingerprint BLOB,
  ssh_key_fingerprint      BLOB NOT NULL,
  joined_at                INTEGER NOT NULL,
  last_seen_at             INTEGER NOT NULL,
  certificate_serial       INTEGER NOT NULL,
  certificate_expires_at   INTEGER NOT NULL,
  identity_expires_at      INTEGER NOT NULL,
  client_version           TEXT NOT NULL,
  client_host              TEXT NOT NULL,
  address                  TEXT NOT NULL
) STRICT;
CREATE INDEX instances_by_bot ON instances (bot, joined_at);

-- On the bot whole where instance_id is null.
CREATE TABLE locks (
  id          TEXT PRIMARY KEY,
  bot         TEXT NOT NULL REFERENCES bots (name) ON DELETE CASCADE,
  instance_id TEXT REFERENCES instances (id) ON DELETE CASCADE,
  message     TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  INTEGER
) STRICT;
CREATE INDEX locks_by_bot ON locks (bot);
CREATE INDEX locks_by_instance ON locks (instance_id) WHERE instance_id IS NOT NULL;

CREATE TABLE admins (
  name            TEXT PRIMARY KEY,
  key_fingerprint BLOB NOT NULL,
  created_at      INTEGER NOT NULL,
  created_by      TEXT NOT NULL,
  expires_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE authorities (
  id          TEXT PRIMARY KEY,
  type        TEXT NOT NULL,
  public_part BLOB NOT NULL,
  private_key TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX authorities_by_type ON authorities (type);

-- Each index ends in the sequence, as every index of SQLite ends in the row's key.
CREATE TABLE audit_events (
  sequence    INTEGER PRIMARY KEY,
  time        INTEGER NOT NULL,
  type        TEXT NOT NULL,
  outcome     TEXT NOT NULL,
  actor       TEXT NOT NULL,
  address     TEXT NOT NULL,
  bot         TEXT,
  instance_id TEXT,
  fields      TEXT,
  hash        BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_by_type ON audit_events (type);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome);
CREATE INDEX audit_events_by_time ON audit_events (time);
CREATE INDEX audit_events_by_bot ON audit_events (bot) WHERE bot IS NOT NULL;
CREATE INDEX audit_events_by_instance ON audit_events (instance_id) WHERE instance_id IS NOT NULL;
`
