/** The order in which nodes and sessions are listed, so that a page of them costs a page. */
export const inventoryOrder = `
CREATE INDEX nodes_by_expiry ON nodes (host_certificate_expires_at, name);
DROP INDEX sessions_by_start;
CREATE INDEX sessions_by_start ON sessions (started_at DESC, node, id);
`
