/** Whom bots and nodes trust by now; only while a CA is rotated. */
export const trustReports = `
CREATE TABLE trust_reports (
  instance_id  TEXT PRIMARY KEY,
  trust_digest TEXT NOT NULL,
  host_serial  INTEGER
) STRICT;
`
