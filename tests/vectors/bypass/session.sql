-- Cursors, prepared statements, COPY, settings, and several statements in one message.
BEGIN ;; DECLARE c CURSOR FOR SELECT full_name FROM patients ;; FETCH ALL c; -- a cursor
BEGIN ;; DECLARE c CURSOR FOR SELECT upper(full_name) FROM patients ;; FETCH 3 c ;; FETCH BACKWARD 1 c ;; MOVE 2 IN c ;; FETCH NEXT FROM c; -- back and forth
BEGIN ;; DECLARE c SCROLL CURSOR FOR SELECT badge FROM patients ORDER BY id ;; FETCH LAST c ;; FETCH ABSOLUTE 3 c ;; FETCH RELATIVE -1 c; -- by place
BEGIN ;; DECLARE c BINARY CURSOR FOR SELECT badge, born, full_name FROM patients ;; FETCH ALL c; -- binary
BEGIN ;; DECLARE c BINARY CURSOR FOR SELECT badge + 0 AS b, raw, home FROM patients ;; FETCH ALL c; -- binary, computed
BEGIN ;; DECLARE c CURSOR FOR SELECT * FROM patients ;; FETCH c ;; SELECT statement FROM pg_cursors; -- its text
BEGIN ;; DECLARE c CURSOR WITH HOLD FOR SELECT full_name FROM patients ;; COMMIT ;; FETCH ALL c ;; CLOSE c; -- held
BEGIN ;; DECLARE c CURSOR FOR SELECT full_name FROM patients FOR UPDATE ;; FETCH c ;; UPDATE scratch SET a = 'x' WHERE CURRENT OF c; -- by its row
BEGIN ;; DECLARE c CURSOR FOR SELECT city FROM patients ORDER BY full_name ;; FETCH ALL c; -- an order
BEGIN ;; DECLARE "c" CURSOR FOR SELECT 1 ;; CLOSE "c" ;; DECLARE "c" CURSOR FOR SELECT full_name || '' FROM patients ;; FETCH ALL "c"; -- a name used twice
PREPARE s1 AS SELECT full_name FROM patients ;; EXECUTE s1 ;; DEALLOCATE s1; -- prepared
PREPARE s2 (int) AS SELECT upper(full_name) FROM patients WHERE id = $1 ;; EXECUTE s2 (3) ;; DEALLOCATE s2; -- computed
PREPARE s3 (text) AS SELECT id FROM patients WHERE full_name > $1 ;; EXECUTE s3 ('m') ;; DEALLOCATE s3; -- compared
PREPARE s4 (text) AS SELECT $1 ;; EXECUTE s4 ((SELECT full_name FROM patients LIMIT 1)) ;; DEALLOCATE s4; -- a value as a parameter, not valid
PREPARE s5 AS SELECT 1 ;; DEALLOCATE ALL ;; PREPARE s5 AS SELECT badge::text FROM patients ;; EXECUTE s5 ;; DEALLOCATE s5; -- a name used twice
CREATE TABLE IF NOT EXISTS scratch (id int) ;; CREATE TEMP TABLE t AS EXECUTE s1; -- a table of one that is gone
COPY patients TO STDOUT; -- a table
COPY patients (full_name) TO STDOUT WITH (FORMAT csv, HEADER); -- a column
COPY patients (badge, born) TO STDOUT WITH (FORMAT binary); -- numbers
COPY (SELECT upper(full_name) FROM patients) TO STDOUT; -- a query
COPY (SELECT * FROM patients ORDER BY full_name) TO STDOUT; -- an order
COPY (SELECT p FROM patients p) TO STDOUT WITH (FORMAT csv); -- rows
COPY patients TO STDOUT WITH (DELIMITER 'a'); -- another delimiter
COPY patients TO STDOUT WITH (FORMAT csv, QUOTE '|', ESCAPE '#', FORCE_QUOTE *); -- other quotes
COPY patients TO STDOUT WITH (NULL '[masked:name]', ENCODING 'LATIN1'); -- another NULL and encoding
COPY patients TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER '|', NULL 'x'); -- more
COPY patient_names TO STDOUT; -- a materialised view
COPY events TO STDOUT; -- a partitioned table
COPY events_1 TO STDOUT; -- a partition
COPY patients TO '/tmp/x'; -- a file
COPY patients TO PROGRAM 'cat'; -- a program
COPY patients (full_name) TO STDOUT (FORMAT text) WHERE id = 1; -- not valid
COPY (DELETE FROM scratch RETURNING (SELECT full_name FROM patients LIMIT 1)) TO STDOUT; -- what a change returns
COPY (TABLE patients) TO STDOUT; -- by TABLE
COPY (VALUES ((SELECT full_name FROM patients LIMIT 1))) TO STDOUT; -- by VALUES
COPY BINARY patients TO STDOUT; -- the old way
COPY patients TO STDOUT DELIMITERS 'x'; -- the old delimiters
SET bytea_output = 'escape' ;; SELECT raw FROM patients ;; SELECT encode(raw, 'escape') FROM patients ;; RESET bytea_output; -- bytes written otherwise
SET DateStyle = 'German' ;; SELECT born FROM patients ;; SELECT born::text FROM patients ;; RESET DateStyle; -- dates written otherwise
SET DateStyle = 'SQL, DMY' ;; SELECT born + 0 FROM patients ;; RESET DateStyle; -- dates computed
SET IntervalStyle = 'iso_8601' ;; SELECT age(born) FROM patients ;; RESET IntervalStyle; -- intervals
SET extra_float_digits = 3 ;; SELECT badge::float8, salary::float4 FROM patients ;; RESET extra_float_digits; -- floats
SET xmlbinary = 'hex' ;; SELECT xmlelement(name x, raw) FROM patients ;; RESET xmlbinary; -- bytes in XML
SET client_encoding = 'LATIN1' ;; SELECT full_name FROM patients ;; RESET client_encoding; -- another encoding
SET client_encoding = 'UTF8' ;; SELECT full_name || '' FROM patients; -- the same encoding
SET application_name = 'x' ;; SELECT full_name FROM patients; -- a parameter's status
SET search_path = pg_catalog ;; SELECT full_name || '' FROM public.patients ;; RESET search_path; -- another path
SET search_path = information_schema, public ;; SELECT full_name::text FROM patients ;; RESET search_path; -- a path behind another
SET enable_seqscan = off ;; SELECT id FROM patients WHERE full_name = 'x' ;; RESET enable_seqscan; -- another plan
SET debug_print_parse = on ;; SET client_min_messages = debug5 ;; SELECT full_name FROM patients ;; RESET client_min_messages; -- debugging output
SET log_statement_stats = on ;; SELECT full_name FROM patients; -- statistics in notices
SET client_min_messages = log ;; SET log_statement = 'all' ;; SELECT full_name FROM patients WHERE full_name = 'x' ;; RESET client_min_messages; -- the log as notices
SET plan_cache_mode = force_generic_plan ;; SELECT full_name || '' FROM patients ;; RESET plan_cache_mode; -- generic plans
SET standard_conforming_strings = off ;; SELECT '\', full_name || ' FROM patients --'; -- literals read otherwise
SET backslash_quote = on ;; SET escape_string_warning = off ;; SELECT E'\'', full_name || '' FROM patients; -- escapes
SET quote_all_identifiers = on ;; SELECT full_name || '' FROM patients; -- quotes
SET session_replication_role = replica ;; SET row_security = off ;; SELECT full_name || '' FROM patients; -- rules off
SET ROLE postgres ;; SELECT full_name || '' FROM patients; -- another role
SET SESSION AUTHORIZATION postgres ;; SELECT full_name || '' FROM patients; -- another user
SET TRANSACTION SNAPSHOT '00000003-1' ;; SELECT full_name || '' FROM patients; -- another snapshot
SELECT 1; SELECT upper(full_name) FROM patients; SELECT 2; -- in the middle of a message
BEGIN; SELECT full_name || '' FROM patients; COMMIT; -- in a transaction of one message
SELECT 1; SELECT full_name FROM patients; SELECT 1/0; -- before an error
LISTEN x; SELECT pg_notify('x', 'y'); SELECT upper(full_name) FROM patients; -- beside a notification
SAVEPOINT s; SELECT full_name::int FROM patients; ROLLBACK TO s; -- within a savepoint
COPY (SELECT upper(full_name) FROM patients) TO STDOUT WITH (FORMAT csv, QUOTE 'K'); -- a letter by what has to be quoted
COPY patients (id, full_name) TO STDOUT WITH (FORMAT csv, QUOTE 'z'); -- the same for a column that is masked by its label
COPY patients (id, full_name) TO STDOUT WITH (FORMAT csv, DELIMITER 'z'); -- a letter by what delimits
