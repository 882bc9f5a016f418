/** Two CAs of a type, one of them on its way in; `phase` is null of the one whose place it is to take. */
export const rotations = `
ALTER TABLE authorities ADD COLUMN phase TEXT;
ALTER TABLE authorities ADD COLUMN phase_since INTEGER;
ALTER TABLE authorities ADD COLUMN rotation_started_at INTEGER;
ALTER TABLE authorities ADD COLUMN signs_since INTEGER;
ALTER TABLE authorities ADD COLUMN last_ends_at INTEGER;
DROP INDEX authorities_by_type;
CREATE UNIQUE INDEX authorities_by_type ON authorities (type, (phase IS NULL));
`
