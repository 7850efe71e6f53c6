-- Attempts to change a server, to read its files, others' statements or unlabelled data out of sight, by somebody who may only read.
-- One message a line; what it tries stands behind the last semicolon. Objects: read_attempts_setup.sql. Nothing here may be decided as a plain read,
-- and after all of it dump, large objects, sequences, roles, their settings and the server's files are what they were.

-- changing rows
INSERT INTO orders (total) VALUES (1); -- insert a row
INSERT INTO orders DEFAULT VALUES; -- insert a row of defaults
INSERT INTO orders SELECT * FROM orders; -- insert what was read
INSERT INTO orders (id, total) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET total = 3; -- insert or update
UPDATE orders SET total = 0; -- update all rows
UPDATE orders SET total = 0 WHERE false; -- update no rows
DELETE FROM orders; -- delete all rows
DELETE FROM orders USING customers WHERE orders.customer_id = customers.id; -- delete by a join
MERGE INTO orders o USING customers c ON o.customer_id = c.id WHEN MATCHED THEN DELETE; -- delete by merging
TRUNCATE orders; -- empty a table
TRUNCATE orders RESTART IDENTITY CASCADE; -- empty a table and reset its sequence
WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d; -- delete inside of a select
WITH u AS (UPDATE orders SET total = 0 RETURNING id) SELECT count(*) FROM u; -- update inside of a select
WITH i AS (INSERT INTO orders (total) VALUES (1) RETURNING id) SELECT 1; -- insert inside of a select that ignores it
WITH a AS (SELECT 1), b AS (DELETE FROM orders) SELECT * FROM a; -- delete behind another CTE
SELECT * FROM (WITH d AS (SELECT 1) SELECT * FROM d) x WHERE EXISTS (SELECT pay(1)); -- a writing function in a subquery
SELECT * FROM orders FOR UPDATE; -- lock rows
SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED; -- lock rows that are free
SELECT * FROM orders FOR SHARE; -- share-lock rows
SELECT * FROM orders FOR KEY SHARE; -- key-share-lock rows
SELECT * FROM (SELECT * FROM orders FOR UPDATE) x; -- lock rows in a subquery
SELECT * INTO stolen FROM orders; -- create a table by selecting into it
SELECT * INTO TEMP stolen FROM orders; -- create a temporary table by selecting into it
CREATE TABLE stolen AS SELECT * FROM orders; -- create a table from a query
CREATE TABLE IF NOT EXISTS stolen AS TABLE orders; -- create a table from a table
EXPLAIN ANALYZE DELETE FROM orders; -- delete while explaining
EXPLAIN (ANALYZE true) UPDATE orders SET total = 0; -- update while explaining
EXPLAIN (ANALYZE, BUFFERS) WITH d AS (DELETE FROM orders RETURNING 1) SELECT * FROM d; -- delete in a CTE while explaining
EXPLAIN ANALYZE CREATE TABLE stolen AS SELECT 1; -- create a table while explaining
EXPLAIN ANALYZE SELECT pay(1); -- call a writing function while explaining
COPY orders FROM STDIN; -- load rows
COPY orders (total) FROM STDIN WITH (FORMAT csv); -- load rows of a column

-- several at once, and transactions
COMMIT; DELETE FROM orders; -- leave a read-only transaction first
ROLLBACK; UPDATE orders SET total = 0; -- leave a read-only transaction first
SELECT 1; DROP TABLE orders; -- hide a change behind a select
BEGIN READ WRITE; DELETE FROM orders; COMMIT; -- open a writing transaction
BEGIN READ WRITE; -- open a writing transaction and go on later
START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE; -- the same, spelled out
SET TRANSACTION READ WRITE; -- make the transaction writable
SET transaction_read_only = off; -- make the transaction writable by its setting
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; -- make all transactions writable
SET default_transaction_read_only = off; -- make all transactions writable by the setting
SELECT set_config('default_transaction_read_only', 'off', false); -- the same by a function
SELECT set_config('transaction_' || 'read_only', 'off', true); -- the same with a computed name
BEGIN; PREPARE TRANSACTION 'left behind'; -- leave a prepared transaction behind
COMMIT PREPARED 'left behind'; -- commit a prepared transaction
ROLLBACK PREPARED 'left behind'; -- roll back a prepared transaction
SET TRANSACTION SNAPSHOT '00000003-0000001B-1'; -- join another session's snapshot
SELECT pg_export_snapshot(); -- write a snapshot file

-- code
DO $$ BEGIN DELETE FROM orders; END $$; -- run a block of code
DO LANGUAGE plpgsql 'BEGIN PERFORM pay(1); END'; -- run a block of code in a named language
CALL settle(); -- call a procedure
SELECT pay(1); -- call a writing function
SELECT public.pay(id) FROM orders; -- call a writing function for each row
SELECT leak(','); -- call a stable function that reads labelled columns
SELECT * FROM pay(1); -- call a writing function in FROM
SELECT o.pay FROM (SELECT id FROM orders) o WHERE pay(o.id) = 1; -- call a writing function in WHERE
SELECT 'a' === 'b'; -- use a user's operator
SELECT 'a' OPERATOR(public.===) 'b'; -- use a user's operator by its schema
SELECT 5::positive; -- run a user's code in a domain's check
SELECT CAST(id AS public.positive) FROM orders; -- the same for each row
SELECT pg_input_is_valid('5', 'public.positive'); -- the same by a function (16)
SELECT domain_in('5', 'positive'::regtype, -1); -- the same by an input function
SELECT jsonb_populate_record(NULL::customers, '{}'); -- name a row type
CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; -- create a function
CREATE OR REPLACE PROCEDURE mine() LANGUAGE sql AS 'SELECT 1'; -- create a procedure
CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'; -- create a temporary function
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); -- create a trigger
CREATE RULE r AS ON SELECT TO orders DO INSTEAD SELECT 1; -- create a rule
CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION pay(); -- create an event trigger
CREATE EXTENSION dblink; -- load an extension
CREATE LANGUAGE plperlu; -- load a language
LOAD 'auto_explain'; -- load a library
PREPARE p AS DELETE FROM orders; -- prepare a change
PREPARE p AS SELECT 1; -- prepare out of sight of the session's registry
EXECUTE p; -- run what was prepared before
CREATE TABLE stolen AS EXECUTE p; -- run what was prepared, into a table
EXPLAIN ANALYZE EXECUTE p; -- run what was prepared while explaining
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM customers; -- keep a cursor open
DECLARE c CURSOR FOR SELECT email FROM customers; -- read labelled columns by a cursor
FETCH ALL FROM c; -- read from a cursor that is not known
MOVE ALL FROM c; -- move a cursor that is not known
UPDATE orders SET total = 0 WHERE CURRENT OF c; -- change the row of a cursor

-- objects
CREATE TABLE mine (a int); -- create a table
CREATE TEMP TABLE mine (a int); -- create a temporary table
CREATE UNLOGGED TABLE mine (a int); -- create an unlogged table
CREATE TABLE pg_temp.orders (a int); -- hide a table behind a temporary one
CREATE TEMP VIEW customers AS SELECT 1 AS email; -- hide a table behind a temporary view
CREATE VIEW mine AS SELECT * FROM customers; -- create a view
CREATE OR REPLACE VIEW customer_view AS SELECT 1; -- replace a view
CREATE MATERIALIZED VIEW mine AS SELECT 1; -- create a materialised view
REFRESH MATERIALIZED VIEW customer_names; -- refresh a materialised view
CREATE INDEX mine ON orders (total); -- create an index
CREATE SEQUENCE mine; -- create a sequence
CREATE TEMP SEQUENCE mine; -- create a temporary sequence
CREATE SCHEMA mine; -- create a schema
CREATE SCHEMA mine CREATE TABLE t (a int); -- create a schema with a table
CREATE TYPE mine AS (a int); -- create a type
CREATE TYPE mine AS ENUM ('a'); -- create an enum
CREATE DOMAIN mine AS int CHECK (VALUE > 0); -- create a domain
CREATE CAST (int AS mood) WITH INOUT AS IMPLICIT; -- create a cast that changes how text is read
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = same_as); -- create an operator of a built-in's name
CREATE AGGREGATE mine (int) (SFUNC = int4pl, STYPE = int); -- create an aggregate
CREATE COLLATION mine (LOCALE = 'C'); -- create a collation
CREATE STATISTICS mine ON id, total FROM orders; -- create statistics
CREATE POLICY mine ON orders USING (true); -- create a policy
CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple); -- create a search configuration
CREATE FOREIGN DATA WRAPPER mine; -- create a foreign data wrapper
CREATE SERVER mine FOREIGN DATA WRAPPER mine; -- create a foreign server
CREATE USER MAPPING FOR PUBLIC SERVER mine; -- create a user mapping
CREATE FOREIGN TABLE mine (a int) SERVER mine; -- create a foreign table
IMPORT FOREIGN SCHEMA public FROM SERVER mine INTO public; -- import foreign tables
CREATE PUBLICATION mine FOR ALL TABLES; -- publish all tables
CREATE SUBSCRIPTION mine CONNECTION 'host=elsewhere' PUBLICATION p; -- connect to another server
ALTER TABLE orders ADD COLUMN mine int; -- add a column
ALTER TABLE customers RENAME COLUMN email TO mail; -- rename a labelled column
ALTER TABLE customers DISABLE ROW LEVEL SECURITY; -- switch row security off
ALTER TABLE orders OWNER TO CURRENT_USER; -- take a table over
ALTER SEQUENCE orders_id_seq RESTART; -- restart a sequence
ALTER VIEW customer_view SET SCHEMA public; -- move a view
ALTER FUNCTION pay(int) SET search_path = public; -- change a function
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; -- open tables to come
DROP TABLE orders; -- drop a table
DROP SCHEMA public CASCADE; -- drop everything
DROP OWNED BY CURRENT_USER; -- drop what the account owns
REASSIGN OWNED BY CURRENT_USER TO postgres; -- give away what the account owns
COMMENT ON TABLE orders IS 'mine'; -- comment on a table
SECURITY LABEL ON TABLE orders IS 'mine'; -- label a table

-- roles and settings
CREATE ROLE mine LOGIN SUPERUSER; -- create a superuser
CREATE USER mine; -- create a user
ALTER ROLE CURRENT_USER PASSWORD NULL; -- change one's own password
ALTER USER CURRENT_USER SET default_transaction_read_only = off; -- change one's own settings
ALTER ROLE CURRENT_USER SET search_path = pg_temp; -- change how one's names resolve
ALTER ROLE ALL SET row_security = off; -- change everybody's settings
ALTER DATABASE shop SET default_transaction_read_only = off; -- change the database's settings
ALTER SYSTEM SET log_statement = 'none'; -- change the server's settings
ALTER SYSTEM RESET ALL; -- reset the server's settings
GRANT ALL ON orders TO PUBLIC; -- open a table to everybody
GRANT postgres TO CURRENT_USER; -- become a member of the superuser
REVOKE ALL ON orders FROM PUBLIC; -- take rights away
DROP ROLE mine; -- drop a role
SET ROLE postgres; -- become another role
SET LOCAL ROLE NONE; -- become oneself again
SET SESSION AUTHORIZATION postgres; -- become another user
SELECT set_config('role', 'postgres', false); -- become another role by a function
SET search_path = pg_temp, public; -- change how names resolve
SELECT set_config('search_path', 'evil', false); -- the same by a function
SET session_replication_role = replica; -- switch triggers off
SET row_security = off; -- switch row security off
SET log_statement = 'none'; -- hide from the server's log
SET standard_conforming_strings = off; -- change how strings are read
SET client_encoding = 'SJIS'; -- change how bytes are read
SET statement_timeout = 0; -- switch the time limit off
SET client_min_messages = debug5; -- ask for internals in notices
SET local_preload_libraries = 'evil'; -- load a library
SELECT current_setting('app.jwt_secret'); -- read an application's secret

-- sequences, locks, counters, messages
SELECT nextval('orders_id_seq'); -- advance a sequence
SELECT setval('orders_id_seq', 1); -- set a sequence back
SELECT pg_catalog.setval('orders_id_seq', 1, false) FROM orders LIMIT 0; -- the same in a query that gives no rows
SELECT CASE WHEN true THEN nextval('orders_id_seq') END; -- advance a sequence in a CASE
SELECT coalesce((SELECT nextval('orders_id_seq')), 1); -- advance a sequence in a subquery
SELECT * FROM orders ORDER BY nextval('orders_id_seq'); -- advance a sequence while sorting
SELECT sum(total) FILTER (WHERE nextval('orders_id_seq') > 0) FROM orders; -- advance a sequence in a filter
SELECT * FROM orders LIMIT nextval('orders_id_seq'); -- advance a sequence in LIMIT
SELECT sum(total) OVER (PARTITION BY nextval('orders_id_seq')) FROM orders; -- advance a sequence in a window
SELECT * FROM generate_series(1, nextval('orders_id_seq')); -- advance a sequence in FROM
SELECT * FROM orders JOIN customers ON nextval('orders_id_seq') > 0; -- advance a sequence in a join
SELECT 1 GROUP BY 1 HAVING nextval('orders_id_seq') > 0; -- advance a sequence in HAVING
SELECT ARRAY[nextval('orders_id_seq')]; -- advance a sequence in an array
SELECT ROW(1, nextval('orders_id_seq')); -- advance a sequence in a row
VALUES (nextval('orders_id_seq')); -- advance a sequence in VALUES
SELECT 1 UNION SELECT nextval('orders_id_seq'); -- advance a sequence in a union
SELECT * FROM orders TABLESAMPLE bernoulli (nextval('orders_id_seq')); -- advance a sequence in a sample
SELECT txid_current(); -- use up a transaction number
SELECT pg_current_xact_id(); -- use up a transaction number
SELECT pg_advisory_lock(1); -- take a lock that outlives the statement
SELECT pg_try_advisory_xact_lock(1, 2); -- take a lock
LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; -- lock a table
SELECT pg_notify('jobs', 'run'); -- wake a worker
NOTIFY jobs, 'run'; -- wake a worker
LISTEN jobs; -- listen to others' messages
SELECT pg_logical_emit_message(false, 'mine', 'x'); -- write to the log of changes
VACUUM orders; -- vacuum
VACUUM (FULL) orders; -- rewrite a table
ANALYZE orders; -- gather statistics
CLUSTER orders USING orders_pkey; -- rewrite a table in order
REINDEX TABLE orders; -- rebuild indexes
CHECKPOINT; -- force a checkpoint
SELECT brin_summarize_new_values('orders_placed_at'); -- change an index
SELECT gin_clean_pending_list('documents_words'); -- change an index
SELECT pg_stat_reset(); -- reset statistics
SELECT pg_stat_reset_shared('bgwriter'); -- reset the server's statistics
SELECT pg_restore_relation_stats('relation', 'orders'::regclass, 'relpages', 1); -- forge statistics (18)

-- others' sessions and the server
SELECT pg_terminate_backend(pid) FROM pg_stat_activity; -- end everybody's sessions
SELECT pg_cancel_backend(1); -- cancel somebody's statement
SELECT pg_terminate_backend(pg_backend_pid() + 1); -- end a neighbour's session
SELECT pg_reload_conf(); -- reload the configuration
SELECT pg_rotate_logfile(); -- rotate the log
SELECT pg_switch_wal(); -- switch the log of changes
SELECT pg_create_restore_point('mine'); -- write a restore point
SELECT pg_backup_start('mine'); -- start a backup
SELECT pg_promote(); -- promote a standby
SELECT pg_wal_replay_pause(); -- pause a standby
SELECT pg_create_physical_replication_slot('mine', true); -- keep the log of changes for ever
SELECT pg_create_logical_replication_slot('mine', 'test_decoding'); -- read all changes from now on
SELECT pg_drop_replication_slot('mine'); -- drop a slot
SELECT * FROM pg_logical_slot_peek_changes('mine', NULL, NULL); -- read rows out of the log of changes
SELECT pg_replication_origin_create('mine'); -- create a replication origin
SELECT pg_log_backend_memory_contexts(1); -- fill the log
SELECT pg_import_system_collations('pg_catalog'); -- import collations
CREATE DATABASE mine; -- create a database
CREATE DATABASE mine TEMPLATE shop; -- copy the database
DROP DATABASE shop; -- drop the database
ALTER DATABASE shop RENAME TO mine; -- rename the database
CREATE TABLESPACE mine LOCATION '/tmp'; -- create a tablespace

-- large objects
SELECT lo_create(0); -- create a large object
SELECT lo_creat(-1); -- create a large object
SELECT lo_from_bytea(0, 'x'); -- create a large object with data
SELECT lo_put(4711, 0, 'x'); -- change a large object
SELECT lo_get(4711); -- read a large object
SELECT loread(lo_open(4711, 262144), 100); -- read a large object by a descriptor
SELECT lowrite(lo_open(4711, 131072), 'x'); -- write a large object by a descriptor
SELECT lo_truncate(lo_open(4711, 131072), 0); -- empty a large object
SELECT lo_unlink(4711); -- delete a large object
SELECT lo_import('/etc/passwd'); -- read a file into a large object
SELECT lo_export(4711, '/tmp/mine'); -- write a large object to a file
SELECT * FROM pg_largeobject; -- read all large objects
GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC; -- open a large object to everybody
ALTER LARGE OBJECT 4711 OWNER TO CURRENT_USER; -- take a large object over
COMMENT ON LARGE OBJECT 4711 IS 'mine'; -- comment on a large object

-- files and programs
COPY orders TO '/tmp/mine'; -- write a file
COPY orders FROM '/etc/passwd'; -- read a file into a table
COPY orders TO PROGRAM 'cat > /tmp/mine'; -- run a program
COPY orders FROM PROGRAM 'id'; -- run a program and keep what it says
COPY (SELECT 1) TO PROGRAM 'id'; -- run a program for a query
COPY (DELETE FROM orders RETURNING *) TO STDOUT; -- delete while copying
COPY (SELECT pay(1)) TO STDOUT; -- call a writing function while copying
COPY customers TO STDOUT; -- export a table
SELECT pg_read_file('/etc/passwd'); -- read a file
SELECT pg_read_binary_file('PG_VERSION'); -- read a file as bytes
SELECT pg_read_file('postgresql.conf', 0, 100, true); -- read a part of a file
SELECT pg_ls_dir('.'); -- list a directory
SELECT * FROM pg_ls_logdir(); -- list the logs
SELECT * FROM pg_ls_waldir(); -- list the log of changes
SELECT pg_stat_file('PG_VERSION'); -- ask about a file
SELECT pg_current_logfile(); -- ask where the log is
SELECT * FROM pg_hba_file_rules; -- read who may log in
SELECT * FROM pg_hba_file_rules(); -- the same by its function
SELECT * FROM pg_file_settings; -- read the configuration file
SELECT pg_config(); -- read how the server was built

-- reading out of sight
SELECT query_to_xml('DELETE FROM orders RETURNING *', true, true, ''); -- run a text as SQL
SELECT query_to_xml('SELECT email FROM customers', true, true, ''); -- read labelled columns by a text
SELECT query_to_xmlschema('SELECT 1', true, true, ''); -- prepare a text as SQL
SELECT query_to_xml_and_xmlschema('SELECT nextval(''orders_id_seq'')', true, true, ''); -- advance a sequence by a text
SELECT table_to_xml('customers', true, true, ''); -- read a table by its name in a text
SELECT schema_to_xml('public', true, true, ''); -- read a schema
SELECT database_to_xml(true, true, ''); -- read the whole database
SELECT cursor_to_xml('c', 10, true, true, ''); -- read from a cursor
SELECT xmlelement(name a, table_to_xml('customers', true, true, '')); -- read a table inside of an element
SELECT * FROM ts_stat('SELECT to_tsvector(email) FROM customers'); -- run a text as SQL for its words
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery'); -- run a text as SQL to rewrite
SELECT * FROM pg_stats WHERE tablename = 'customers'; -- read samples of the data
SELECT stavalues1 FROM pg_statistic; -- read samples of the data at their source
SELECT * FROM pg_stats_ext; -- read samples of several columns
SELECT pg_mcv_list_items(stxdmcv) FROM pg_statistic_ext_data; -- read samples of several columns by a function
SELECT * FROM pg_authid; -- read password verifiers
SELECT passwd FROM pg_catalog.pg_shadow; -- read password verifiers by the old view
SELECT * FROM pg_user_mappings; -- read passwords of foreign servers
SELECT * FROM information_schema.user_mapping_options; -- the same by the standard's view
SELECT subconninfo FROM pg_subscription; -- read connection strings
SELECT * FROM pg_db_role_setting; -- read the settings of roles
SELECT current_query(); -- read the statement as the server got it
SELECT * FROM pg_stat_get_activity(NULL); -- read others' statements
SELECT pg_stat_get_backend_activity(1); -- read one other's statement
SELECT * FROM pg_stat_statements; -- read the statements of the past
SELECT * FROM pg_toast.pg_toast_2619; -- read long values where they are stored
SELECT * FROM dblink('host=elsewhere', 'SELECT 1') AS t(a int); -- connect to another server
SELECT * FROM no_such_table; -- read what is not known
SELECT c FROM customers c; -- read labelled columns as a row
SELECT to_json(c) FROM customers c; -- read labelled columns as JSON
SELECT (c).email FROM (SELECT customers AS c FROM customers) x; -- read a labelled column of a row
SELECT email(c) FROM customers c; -- read a labelled column as a function
SELECT 1 FROM customers ORDER BY email; -- sort by a labelled column
SELECT 1 FROM customers WHERE email LIKE 'a%'; -- guess a labelled column by its beginning
SELECT 1 / (length(email) - 20) FROM customers; -- guess a labelled column by an error
