-- What the statements of this directory attack: a hospital. Run by a superuser in an empty database, which is then copied;
-- the labelled values are made anew for every run, and differ between the two copies (tests/proofs/twins.py).
-- Labelled: handle, full_name, born, salary, badge, diagnosis, tags, profile, raw, home, stay and alias of patients and of
-- what carries them on; handle and full_name of staff; payload of events.
CREATE TYPE place AS (street text, house int);
CREATE TYPE mood AS ENUM ('good', 'bad', 'unknown');
CREATE DOMAIN nickname AS text CHECK (length(VALUE) < 100);
CREATE TABLE patients (
  id int PRIMARY KEY, handle text, full_name text, born date, salary numeric(12, 2), badge bigint, diagnosis text,
  tags text[], profile jsonb, raw bytea, home place, stay int4range, alias nickname,
  city text, visits int, feels mood, note text
);
CREATE INDEX patients_full_name ON patients (full_name);
CREATE INDEX patients_badge ON patients (badge);
CREATE TABLE staff (id int PRIMARY KEY, handle text, full_name text, login text, boss int REFERENCES staff);
CREATE TABLE treatments (
  id int PRIMARY KEY, patient_id int REFERENCES patients, staff_id int REFERENCES staff, price numeric, at timestamptz,
  remark text
);
CREATE TABLE events (id int, payload text, kind text, day date) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events DEFAULT;
CREATE TABLE inpatients (ward text) INHERITS (patients);
CREATE TABLE scratch (id serial PRIMARY KEY, a text, b text, n bigint, d date);
CREATE TABLE guesses (id int PRIMARY KEY, word text);
CREATE TABLE pets (id int PRIMARY KEY, full_name text, city text);
CREATE VIEW patient_view AS SELECT id, handle AS mail, full_name, city FROM patients;
CREATE VIEW patient_nested AS SELECT id, mail AS m, full_name AS who FROM patient_view;
CREATE VIEW patient_report AS SELECT city, count(*) AS n, max(full_name) AS last_name, min(born) AS eldest FROM patients GROUP BY city;
CREATE VIEW patient_cast AS SELECT id, full_name::varchar(200) AS full_name, badge::text AS badge FROM patients;
CREATE VIEW patient_whole AS SELECT id, p AS whole, to_jsonb(p) AS doc FROM patients p;
CREATE VIEW patient_filtered AS SELECT id, city FROM patients WHERE full_name > 'm';
CREATE VIEW patient_sorted AS SELECT id, city FROM patients ORDER BY full_name LIMIT 5;
CREATE MATERIALIZED VIEW patient_names AS SELECT id, full_name, lower(full_name) AS folded FROM patients;
CREATE VIEW pet_view AS SELECT id, full_name, city FROM pets;
CREATE FUNCTION initials(patients) RETURNS text LANGUAGE sql STABLE AS 'SELECT left($1.full_name, 1)';
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE FUNCTION patient_name(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT full_name FROM patients WHERE id = $1';
CREATE FUNCTION all_patients() RETURNS SETOF patients LANGUAGE sql STABLE AS 'SELECT * FROM patients';
CREATE FUNCTION names() RETURNS TABLE (n text) LANGUAGE sql STABLE AS 'SELECT full_name FROM patients';
CREATE FUNCTION told(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'it is %', $1; RETURN 1; END $$;
CREATE FUNCTION failing(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it is %', $1 USING DETAIL = $1, HINT = $1; END $$;
CREATE FUNCTION run_it(text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE $1; END $$;
CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE AGGREGATE glue(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE PROCEDURE tell_all() LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(full_name, ',') FROM patients); END $$;
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'was %', OLD; RETURN NEW; END $$;
CREATE TRIGGER patients_told BEFORE UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION log_change();
ALTER TABLE patients ADD CONSTRAINT patients_positive CHECK (visits >= 0);
