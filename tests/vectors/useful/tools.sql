-- What graphical clients and drivers ask for themselves.
-- not compared: identifiers and times are the server's own
SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 2; -- tables
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_name = 'patients' ORDER BY ordinal_position; -- columns
SELECT tc.constraint_name, kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_name) WHERE tc.constraint_type = 'PRIMARY KEY'; -- keys
SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'public'; -- routines
SELECT schema_name FROM information_schema.schemata; -- schemas
SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass ORDER BY nspname; -- DBeaver: schemas
SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate ORDER BY db.datname; -- DBeaver: databases
SELECT c.oid, a.attnum, a.* FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON a.attrelid = c.oid WHERE NOT a.attisdropped AND c.relname = 'patients' ORDER BY a.attnum; -- DBeaver: columns
SELECT i.*, i.indkey AS keys, c.relname, c.relnamespace, am.amname FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam; -- DBeaver: indexes
SELECT t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid WHERE t.typname IS NOT NULL LIMIT 100; -- DBeaver: types
SELECT current_schema(), session_user; -- DBeaver: itself
SELECT current_schemas(true); -- the path
SHOW search_path; -- the path as a setting
SELECT setting FROM pg_settings WHERE name = 'server_version_num'; -- the version's number
SELECT oid, typname, typarray, typdelim FROM pg_type WHERE typname IN ('text', 'int4', 'jsonb', 'mood'); -- types by name
SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'mood' ORDER BY e.enumsortorder; -- an enum's values
SELECT has_table_privilege('patients', 'SELECT'), has_schema_privilege('public', 'CREATE'); -- privileges
SELECT c.relname, obj_description(c.oid) FROM pg_class c WHERE c.relkind IN ('r', 'v') AND c.relnamespace = 'public'::regnamespace; -- comments
SELECT pg_get_viewdef('patient_view'::regclass, true); -- a view's text
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'shout'; -- a function's text
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'patients'::regclass; -- an index's text
SELECT to_regclass('public.patients'), to_regtype('mood'); -- names looked up
SELECT NULL AS table_cat, n.nspname AS table_schem, c.relname AS table_name FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND n.nspname !~ '^pg_'; -- JDBC: tables
SELECT current_setting('server_version_num')::int; -- a setting as a number
SET application_name = 'a tool'; -- its name
SET extra_float_digits = 3; -- JDBC: floats
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; -- JDBC: reading only
SET statement_timeout = '5s'; -- a limit of its own
SET DateStyle = 'ISO'; -- dates
SET search_path = public; -- the path
BEGIN ;; SELECT 1 ;; ROLLBACK; -- a transaction
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY ;; SELECT count(*) FROM pets ;; COMMIT; -- another one
DISCARD ALL; -- a pool's reset
RESET ALL; -- another pool's reset
SELECT 1; -- a check whether the session lives
SELECT NULL; -- another one
SELECT now(), current_timestamp, clock_timestamp(); -- the time
SELECT txid_current_if_assigned(), pg_current_snapshot(); -- the transaction
DEALLOCATE ALL; -- a driver's reset
SELECT reltuples FROM pg_class WHERE oid = 'public.pets'::regclass; -- pgAdmin: an estimate
SELECT d.datname, pg_encoding_to_char(d.encoding), d.datcollate FROM pg_database d ORDER BY 1; -- psql: \l
SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname OPERATOR(pg_catalog.~) '^(patients)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3; -- psql: \d, first
