/** When the database was put back to a backup. */
export const restores = `
CREATE TABLE restores (
  id          TEXT PRIMARY KEY,
  taken_at    INTEGER NOT NULL,
  restored_at INTEGER NOT NULL
) STRICT;
`
