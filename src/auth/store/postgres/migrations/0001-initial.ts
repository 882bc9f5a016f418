/**
 * The schema of the embedded store, at its eighth version, in PostgreSQL's words; and what several hubs
 * need. Names are compared and ordered by their bytes. Times are milliseconds since the Unix epoch;
 * unsigned 64-bit integers are stored as the signed ones with the same bits.
 *
 * - `hub` has one row. Who writes has locked it, so acts of all hubs have one order.
 * - `changes` has the acts of the last minutes, by which hubs tell each other: see feed.ts.
 */
const NAME = 'text COLLATE "C"'

export const initial = `
CREATE TABLE hub (
  cluster_id        text NOT NULL,
  schema_version    int NOT NULL,
  oldest_compatible int NOT NULL,
  change_sequence   bigint NOT NULL,
  only_row          boolean NOT NULL DEFAULT true UNIQUE CHECK (only_row)
) WITH (fillfactor = 10);

CREATE TABLE changes (
  sequence     bigint PRIMARY KEY,
  id           text NOT NULL,
  acts         text NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX changes_by_id ON changes (id);

CREATE TABLE roles (
  name        ${NAME} PRIMARY KEY,
  description text NOT NULL,
  document    text NOT NULL,
  revision    bigint NOT NULL,
  created_at  bigint NOT NULL,
  updated_at  bigint NOT NULL
);

CREATE TABLE bots (
  name            ${NAME} PRIMARY KEY,
  identity_ttl_ms bigint NOT NULL,
  revision        bigint NOT NULL,
  created_at      bigint NOT NULL,
  created_by      text NOT NULL
);

CREATE TABLE bot_roles (
  bot      ${NAME} NOT NULL REFERENCES bots (name) ON DELETE CASCADE,
  position bigint NOT NULL,
  role     ${NAME} NOT NULL REFERENCES roles (name),
  PRIMARY KEY (bot, position)
);
CREATE INDEX bot_roles_by_role ON bot_roles (role);

-- A token outlives its bot, so that its bearer learns why it is refused.
CREATE TABLE tokens (
  id          ${NAME} PRIMARY KEY,
  secret_hash bytea NOT NULL UNIQUE,
  kind        text NOT NULL,
  bot         ${NAME},
  uses        bigint NOT NULL,
  uses_left   bigint NOT NULL CHECK (uses_left >= 0),
  invalidated text,
  expires_at  bigint NOT NULL,
  created_at  bigint NOT NULL,
  created_by  text NOT NULL
);
CREATE INDEX tokens_by_bot ON tokens (bot, created_at) WHERE bot IS NOT NULL;
CREATE INDEX tokens_of_nodes ON tokens (created_at) WHERE bot IS NULL;

CREATE TABLE redemptions (
  token_id        ${NAME} NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  key_fingerprint bytea NOT NULL,
  instance_id     text NOT NULL,
  PRIMARY KEY (token_id, key_fingerprint)
);

-- Expected to renew at renews_at, late from overdue_at on; null of one that never renews.
CREATE TABLE instances (
  id                       ${NAME} PRIMARY KEY,
  bot                      ${NAME} NOT NULL REFERENCES bots (name) ON DELETE CASCADE,
  generation               bigint NOT NULL,
  key_fingerprint          bytea NOT NULL,
  previous_key_fingerprint bytea,
  ssh_key_fingerprint      bytea NOT NULL,
  joined_at                bigint NOT NULL,
  last_seen_at             bigint NOT NULL,
  certificate_serial       bigint NOT NULL,
  certificate_expires_at   bigint NOT NULL,
  identity_expires_at      bigint NOT NULL,
  renews_at                bigint,
  overdue_at               bigint,
  client_version           text NOT NULL,
  client_host              text NOT NULL,
  address                  text NOT NULL
);
CREATE INDEX instances_by_bot ON instances (bot, joined_at);
CREATE INDEX instances_by_expiry ON instances (certificate_expires_at, id);

CREATE TABLE nodes (
  name                        ${NAME} PRIMARY KEY,
  labels                      text NOT NULL, -- a JSON object of texts
  labels_pinned               int NOT NULL,
  hosts                       text NOT NULL, -- a JSON array of texts
  port                        bigint NOT NULL,
  instance_id                 text NOT NULL,
  generation                  bigint NOT NULL,
  key_fingerprint             bytea NOT NULL,
  previous_key_fingerprint    bytea,
  ssh_key_fingerprint         bytea NOT NULL,
  revision                    bigint NOT NULL,
  joined_at                   bigint NOT NULL,
  last_seen_at                bigint NOT NULL,
  identity_expires_at         bigint NOT NULL,
  host_certificate_serial     bigint NOT NULL,
  host_certificate_expires_at bigint NOT NULL,
  client_version              text NOT NULL,
  sshd_version                text NOT NULL,
  address                     text NOT NULL
);

CREATE INDEX nodes_by_expiry ON nodes (host_certificate_expires_at, name);

-- Of bots that are removed too: a session ends when its node says so.
CREATE TABLE sessions (
  node               ${NAME} NOT NULL REFERENCES nodes (name) ON DELETE CASCADE,
  id                 ${NAME} NOT NULL,
  login              text NOT NULL,
  bot                ${NAME} NOT NULL,
  instance_id        text NOT NULL,
  certificate_serial bigint NOT NULL,
  address            text NOT NULL,
  started_at         bigint NOT NULL,
  PRIMARY KEY (node, id)
);
CREATE INDEX sessions_by_bot ON sessions (bot);
CREATE INDEX sessions_by_start ON sessions (started_at DESC, node, id);

-- A certificate outlives its bot and instance: it can be revoked until it expires.
CREATE TABLE certificates (
  serial          bigint PRIMARY KEY,
  bot             ${NAME} NOT NULL,
  instance_id     ${NAME} NOT NULL,
  expires_at      bigint NOT NULL,
  generation      bigint,
  issued_at       bigint,
  key_fingerprint bytea,
  principals      text -- a JSON array of texts
);
CREATE INDEX certificates_by_bot ON certificates (bot, expires_at);
CREATE INDEX certificates_by_expiry ON certificates (expires_at);

-- On a bot whole where instance_id is null.
CREATE TABLE locks (
  id          ${NAME} PRIMARY KEY,
  bot         ${NAME} REFERENCES bots (name) ON DELETE CASCADE,
  instance_id ${NAME} REFERENCES instances (id) ON DELETE CASCADE,
  node        ${NAME} REFERENCES nodes (name) ON DELETE CASCADE,
  role        ${NAME} REFERENCES roles (name) ON DELETE CASCADE,
  login       text,
  message     text NOT NULL,
  created_at  bigint NOT NULL,
  created_by  text NOT NULL,
  expires_at  bigint,
  CHECK (num_nonnulls(bot, node, role, login) = 1),
  CHECK (instance_id IS NULL OR bot IS NOT NULL)
);
CREATE INDEX locks_by_bot ON locks (bot) WHERE bot IS NOT NULL;
CREATE INDEX locks_by_instance ON locks (instance_id) WHERE instance_id IS NOT NULL;
CREATE INDEX locks_by_node ON locks (node) WHERE node IS NOT NULL;
CREATE INDEX locks_by_role ON locks (role) WHERE role IS NOT NULL;

CREATE TABLE readmissions (
  instance_id ${NAME} PRIMARY KEY,
  bot         ${NAME} REFERENCES bots (name) ON DELETE CASCADE,
  node        ${NAME} REFERENCES nodes (name) ON DELETE CASCADE,
  id          text NOT NULL,
  created_at  bigint NOT NULL,
  created_by  text NOT NULL,
  expires_at  bigint NOT NULL,
  used_at     bigint,
  CHECK ((bot IS NULL) <> (node IS NULL))
);
CREATE INDEX readmissions_by_bot ON readmissions (bot) WHERE bot IS NOT NULL;
CREATE INDEX readmissions_by_node ON readmissions (node) WHERE node IS NOT NULL;

CREATE TABLE restores (
  id          ${NAME} PRIMARY KEY,
  taken_at    bigint NOT NULL,
  restored_at bigint NOT NULL
);

CREATE TABLE admins (
  name            ${NAME} PRIMARY KEY,
  key_fingerprint bytea NOT NULL,
  created_at      bigint NOT NULL,
  created_by      text NOT NULL,
  expires_at      bigint NOT NULL
);

-- Two of a type, one of them on its way in: phase is null of the one whose place it is to take.
CREATE TABLE authorities (
  id                  ${NAME} PRIMARY KEY,
  type                text NOT NULL,
  public_part         bytea NOT NULL,
  private_key         text NOT NULL,
  created_at          bigint NOT NULL,
  phase               text,
  phase_since         bigint,
  rotation_started_at bigint,
  signs_since         bigint,
  last_ends_at        bigint
);
CREATE UNIQUE INDEX authorities_by_type ON authorities (type, (phase IS NULL));

-- Each index ends in the sequence, so a page of what it finds comes in order.
CREATE TABLE audit_events (
  sequence    bigint PRIMARY KEY,
  version     bigint NOT NULL,
  time        bigint NOT NULL,
  type        text NOT NULL,
  code        text,
  outcome     text NOT NULL,
  actor       text NOT NULL,
  address     text NOT NULL,
  bot         text,
  instance_id text,
  node        text,
  session     text,
  fields      text,
  hash        bytea NOT NULL
);
CREATE INDEX audit_events_by_type ON audit_events (type, sequence);
CREATE INDEX audit_events_by_actor ON audit_events (actor, sequence);
CREATE INDEX audit_events_by_bot ON audit_events (bot, sequence) WHERE bot IS NOT NULL;
CREATE INDEX audit_events_by_instance ON audit_events (instance_id, sequence)
  WHERE instance_id IS NOT NULL;
CREATE INDEX audit_events_by_node ON audit_events (node, sequence) WHERE node IS NOT NULL;
CREATE INDEX audit_events_by_session ON audit_events (session, sequence) WHERE session IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (sequence) WHERE outcome = 'refused';

-- Block n is of the sequences from 1024 n + 1 to 1024 (n + 1).
CREATE TABLE audit_blocks (
  block    bigint PRIMARY KEY,
  earliest bigint NOT NULL,
  latest   bigint NOT NULL
);

CREATE TABLE audit_keys (
  public_key  bytea PRIMARY KEY,
  private_key text NOT NULL,
  created_at  bigint NOT NULL
);

CREATE TABLE audit_checkpoints (
  sequence  bigint PRIMARY KEY,
  hash      bytea NOT NULL,
  time      bigint NOT NULL,
  signature bytea NOT NULL
);

-- At most one row: of the last event that was pruned.
CREATE TABLE audit_anchor (
  sequence  bigint PRIMARY KEY,
  hash      bytea NOT NULL,
  time      bigint NOT NULL,
  signature bytea NOT NULL
);
`
