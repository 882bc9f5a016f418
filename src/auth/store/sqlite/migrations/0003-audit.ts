/**
 * The audit log on its way to a million events and beyond: what it is searched by, what is signed of
 * it, and where it begins after it was pruned.
 *
 * - Rows of version 1 and 2 have no code: it is the catalogue's, which never changes.
 * - Each index ends in the sequence, so a page of what it finds comes in order. Most events are
 *   successes, so only refusals have an index.
 * - Times mostly rise with the sequence, but a clock may step back. `audit_blocks` has the earliest
 *   and the latest of each full block of 1,024 events, by which a time finds its sequences: a
 *   thousandth of an index's size, written with every thousandth event.
 */
export const audit = `
ALTER TABLE audit_events ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit_events ADD COLUMN code TEXT;
ALTER TABLE audit_events ADD COLUMN node TEXT GENERATED ALWAYS AS (fields ->> 'node') VIRTUAL;
ALTER TABLE audit_events ADD COLUMN session TEXT GENERATED ALWAYS AS (fields ->> 'session') VIRTUAL;
DROP INDEX audit_events_by_outcome;
DROP INDEX audit_events_by_time;
CREATE INDEX audit_events_by_actor ON audit_events (actor);
CREATE INDEX audit_events_by_node ON audit_events (node) WHERE node IS NOT NULL;
CREATE INDEX audit_events_by_session ON audit_events (session) WHERE session IS NOT NULL;
CREATE INDEX audit_events_refused ON audit_events (outcome) WHERE outcome = 'refused';

-- Block n is of the sequences from 1024 n + 1 to 1024 (n + 1).
CREATE TABLE audit_blocks (
  block    INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,
  latest   INTEGER NOT NULL
) STRICT;
INSERT INTO audit_blocks (block, earliest, latest)
SELECT (sequence - 1) / 1024, min(time), max(time)
FROM audit_events GROUP BY 1 HAVING count(*) = 1024;

CREATE TABLE audit_keys (
  public_key  BLOB PRIMARY KEY,
  private_key TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_checkpoints (
  sequence  INTEGER PRIMARY KEY,
  hash      BLOB NOT NULL,
  time      INTEGER NOT NULL,
  signature BLOB NOT NULL
) STRICT;

-- At most one row: of the last event that was pruned.
CREATE TABLE audit_anchor (
  sequence  INTEGER PRIMARY KEY,
  hash      BLOB NOT NULL,
  time      INTEGER NOT NULL,
  signature BLOB NOT NULL
) STRICT;
`
