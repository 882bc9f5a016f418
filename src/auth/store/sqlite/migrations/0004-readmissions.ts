/** Leave for one renewal with an expired identity: one at a time for each instance. */
export const readmissions = `
CREATE TABLE readmissions (
  instance_id TEXT PRIMARY KEY,
  bot         TEXT REFERENCES bots (name) ON DELETE CASCADE,
  node        TEXT REFERENCES nodes (name) ON DELETE CASCADE,
  id          TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  used_at     INTEGER,
  CHECK ((bot IS NULL) <> (node IS NULL))
) STRICT;
CREATE INDEX readmissions_by_bot ON readmissions (bot) WHERE bot IS NOT NULL;
CREATE INDEX readmissions_by_node ON readmissions (node) WHERE node IS NOT NULL;
`
