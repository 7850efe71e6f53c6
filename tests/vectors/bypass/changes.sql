-- A labelled value that is moved to where it is not labelled, or returned by a change.
-- all in transactions
INSERT INTO scratch (a) SELECT full_name FROM patients ;; SELECT a FROM scratch; -- into another table
INSERT INTO scratch (n) SELECT badge FROM patients ;; SELECT n FROM scratch; -- a number into another table
INSERT INTO scratch (a) VALUES ((SELECT full_name FROM patients LIMIT 1)) RETURNING a; -- returned at once
INSERT INTO scratch (a) SELECT upper(full_name) FROM patients RETURNING *; -- computed
INSERT INTO scratch (a) SELECT x FROM (SELECT full_name AS x FROM patients) s RETURNING scratch.a; -- through a subquery
WITH x AS (SELECT full_name FROM patients) INSERT INTO scratch (a) SELECT full_name FROM x RETURNING a; -- through a CTE
WITH x AS (INSERT INTO scratch (a) SELECT full_name FROM patients RETURNING a) SELECT a FROM x; -- a change in a CTE
UPDATE patients SET note = full_name ;; SELECT note FROM patients; -- into a plain column
UPDATE patients SET note = full_name RETURNING note; -- returned at once
UPDATE patients SET city = left(full_name, 1) WHERE id = 1 RETURNING city; -- a letter
UPDATE patients SET (city, note) = (full_name, full_name) RETURNING city, note; -- two at once
UPDATE patients SET (city, note) = (SELECT s.full_name, s.handle FROM staff s WHERE s.id = 1) RETURNING note; -- of another table
UPDATE patients SET visits = visits + 1 WHERE full_name > 'm'; -- how many
UPDATE patients SET visits = visits + 1 WHERE full_name > 'm' RETURNING id; -- which
UPDATE patients SET visits = length(full_name) RETURNING visits; -- a length
UPDATE patients SET visits = -1 WHERE id = 3; -- a constraint's error, with the row in it
UPDATE patients SET id = 4 WHERE id = 3; -- a key's error
UPDATE patients SET full_name = full_name || 'x' RETURNING full_name; -- onto itself
UPDATE patients SET full_name = 'x' WHERE id = 1 RETURNING *; -- returned, the old one in a notice
UPDATE patients SET handle = full_name WHERE id = 1 RETURNING handle; -- between labels
UPDATE patients SET badge = badge + 1 RETURNING badge; -- counted up
UPDATE scratch SET a = p.full_name FROM patients p WHERE p.id = scratch.id RETURNING a; -- by a join
UPDATE scratch SET b = 'x' FROM patients p WHERE p.id = scratch.id AND p.full_name > 'm' RETURNING scratch.id; -- by a joined choice
UPDATE scratch SET b = 'x' FROM patients p WHERE p.id = scratch.id RETURNING p.full_name || ''; -- the other table returned
DELETE FROM patients WHERE full_name > 'm'; -- how many
DELETE FROM scratch USING patients p WHERE p.id = scratch.id AND p.born > '1925-01-01' RETURNING scratch.id; -- by a join
DELETE FROM scratch RETURNING (SELECT max(full_name) FROM patients); -- a subquery returned
DELETE FROM inpatients RETURNING full_name || '', inpatients; -- computed and whole
INSERT INTO patients (id, full_name) SELECT 200, full_name FROM staff WHERE id = 1 RETURNING full_name; -- into its own label
INSERT INTO patients (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = patients.full_name RETURNING note; -- on conflict
INSERT INTO patients (id, full_name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = excluded.full_name RETURNING note; -- the proposed value
INSERT INTO patients (id, city) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET city = 'y' WHERE patients.full_name > 'm' RETURNING id; -- a choice on conflict
INSERT INTO patients (id, visits, note) VALUES (1, 5, 'x') ON CONFLICT (id) DO UPDATE SET visits = length(patients.full_name) RETURNING visits; -- a length on conflict
MERGE INTO scratch s USING patients p ON s.id = p.id WHEN MATCHED THEN UPDATE SET a = p.full_name ;; SELECT a FROM scratch; -- merged
MERGE INTO scratch s USING patients p ON s.id = p.id AND p.full_name > 'm' WHEN MATCHED THEN DELETE; -- merged by a choice
MERGE INTO scratch s USING patients p ON s.id = p.id WHEN MATCHED AND p.born > '1925-01-01' THEN UPDATE SET a = 'x'; -- merged under a condition
MERGE INTO scratch s USING (SELECT id, full_name AS x FROM patients) p ON s.a = p.x WHEN NOT MATCHED THEN INSERT (a) VALUES (p.x); -- merged by insert
MERGE INTO patients p USING scratch s ON p.id = s.id WHEN MATCHED THEN UPDATE SET note = p.full_name; -- merged into itself
MERGE INTO scratch s USING patients p ON s.id = p.id WHEN MATCHED THEN UPDATE SET a = 'x' RETURNING p.full_name || '', merge_action(); -- merged and returned
UPDATE patients SET note = 'x' WHERE id = 1 RETURNING old.full_name || '', new.full_name; -- old and new
INSERT INTO scratch (a) OVERRIDING SYSTEM VALUE SELECT t::text FROM patients t RETURNING a; -- whole rows
INSERT INTO guesses SELECT 1000 + id, full_name FROM patients ;; SELECT word FROM guesses; -- among guesses
INSERT INTO guesses VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET word = (SELECT max(full_name) FROM patients) RETURNING word; -- a subquery on conflict
INSERT INTO treatments (id, patient_id) SELECT 900 + id, ascii(full_name) FROM patients; -- a foreign key's error
CREATE TABLE t AS SELECT full_name AS x FROM patients ;; SELECT x FROM t; -- a new table
CREATE TEMP TABLE t AS SELECT id, full_name || '' AS x FROM patients ;; SELECT x FROM t; -- a temporary one
CREATE TABLE t AS TABLE patients ;; SELECT full_name FROM t; -- the whole table
SELECT full_name AS x INTO t FROM patients ;; SELECT x FROM t; -- by INTO
CREATE VIEW t AS SELECT full_name AS x FROM patients ;; SELECT x FROM t ;; SELECT x || '' FROM t; -- a new view
CREATE MATERIALIZED VIEW t AS SELECT upper(full_name) AS x FROM patients ;; SELECT x FROM t; -- a new materialised view
CREATE OR REPLACE VIEW pet_view AS SELECT id, full_name, city FROM patients ;; SELECT * FROM pet_view; -- a view's new meaning
CREATE TABLE t () INHERITS (patients) ;; SELECT full_name || '' FROM t; -- a new child
CREATE TABLE t (LIKE patients INCLUDING ALL) ;; INSERT INTO t SELECT * FROM patients ;; SELECT full_name FROM t; -- a table like it
ALTER TABLE patients RENAME TO people ;; SELECT full_name FROM people; -- renamed
ALTER TABLE patients RENAME COLUMN full_name TO nm ;; SELECT nm FROM patients; -- a column renamed
ALTER TABLE patients SET SCHEMA pg_temp ;; SELECT full_name FROM pg_temp.patients; -- moved
ALTER TABLE patients ALTER COLUMN city TYPE text USING full_name ;; SELECT city FROM patients; -- rewritten
ALTER TABLE patients ALTER COLUMN note SET DEFAULT (SELECT full_name FROM staff LIMIT 1) ;; SELECT note FROM patients; -- a default, not valid
ALTER TABLE patients ADD COLUMN x text GENERATED ALWAYS AS (upper(full_name)) STORED ;; SELECT x FROM patients; -- generated
ALTER TABLE patients ADD CONSTRAINT c CHECK (full_name < 'm'); -- a check that fails
ALTER TABLE patients ADD CONSTRAINT c UNIQUE (full_name); -- a key that fails, with a value in the error
ALTER TABLE patients ALTER COLUMN full_name TYPE int USING full_name::int; -- a cast that fails
ALTER TABLE staff ADD CONSTRAINT c FOREIGN KEY (full_name) REFERENCES pets (id); -- a reference
CREATE UNIQUE INDEX u ON patients (left(full_name, 1)); -- a key of first letters
CREATE INDEX e ON patients ((1 / (length(full_name) - 19))); -- an index that divides
CREATE INDEX w ON patients (id) WHERE full_name > 'm' ;; SELECT pg_relation_size('w'); -- a partial index
CREATE STATISTICS st ON full_name, city FROM patients ;; ANALYZE patients ;; SELECT * FROM pg_stats_ext; -- statistics
CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT full_name FROM patients' ;; SELECT f(); -- a new function
CREATE FUNCTION f(patients) RETURNS text LANGUAGE sql AS 'SELECT $1.full_name' ;; SELECT p.f FROM patients p; -- written as a column
CREATE CAST (patients AS text) WITH INOUT ;; SELECT p::text FROM patients p; -- a new cast
CREATE RULE r AS ON INSERT TO scratch DO ALSO SELECT full_name FROM patients ;; INSERT INTO scratch (a) VALUES ('x'); -- a rule
CREATE POLICY p ON pets USING (EXISTS (SELECT 1 FROM patients WHERE full_name > 'm')) ;; SELECT * FROM pets; -- a policy
CREATE TRIGGER t BEFORE INSERT ON scratch FOR EACH ROW EXECUTE FUNCTION log_change(); -- a trigger
CREATE DOMAIN dd AS text CHECK (told(VALUE) = 1) ;; SELECT full_name::dd FROM patients; -- a domain that tells
CREATE SEQUENCE q START 1 ;; SELECT setval('q', badge) FROM patients WHERE id = 1 ;; SELECT last_value FROM q; -- a sequence
COMMENT ON TABLE patients IS 'x' ;; SELECT obj_description('patients'::regclass); -- a comment
CLUSTER patients USING patients_full_name ;; SELECT id FROM patients; -- rows put in order
TRUNCATE patients CASCADE; -- emptied
LOCK TABLE patients IN ACCESS EXCLUSIVE MODE ;; SELECT full_name || '' FROM patients; -- locked
REFRESH MATERIALIZED VIEW patient_names ;; SELECT folded || '' FROM patient_names; -- refreshed
