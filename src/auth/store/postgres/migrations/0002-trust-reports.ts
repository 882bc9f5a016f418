/** Whom bots and nodes trust by now; only while a CA is rotated. */
export const trustReports = `
CREATE TABLE trust_reports (
  instance_id  text COLLATE "C" PRIMARY KEY,
  trust_digest text NOT NULL,
  host_serial  bigint
);
`
