-- What the server keeps about values and statements, in views, plans and parameters.
-- not compared: identifiers, times and sizes are the server's own
SELECT * FROM pg_stats; -- statistics of all columns
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'patients'; -- of the labelled ones
SELECT most_common_vals::text::text[] FROM pg_catalog.pg_stats; -- as text
SELECT stavalues1, stavalues2 FROM pg_statistic; -- where they are stored
SELECT * FROM pg_stats_ext; -- of several columns together
SELECT * FROM pg_stats_ext_exprs; -- of expressions
SELECT stxdmcv FROM pg_statistic_ext_data; -- where those are stored
SELECT n_distinct, correlation, avg_width FROM pg_stats WHERE attname = 'full_name'; -- numbers about values
SELECT query FROM pg_stat_activity; -- what others run
SELECT * FROM pg_stat_get_activity(NULL); -- the function below it
SELECT pg_stat_get_backend_activity(1); -- one of them
SELECT * FROM pg_stat_statements; -- what was run
SELECT statement FROM pg_prepared_statements; -- prepared ones
SELECT statement FROM pg_cursors; -- cursors
SELECT * FROM pg_locks; -- locks
SELECT * FROM pg_settings WHERE name LIKE 'safelight%'; -- settings
SELECT prosrc FROM pg_proc WHERE proname = 'patient_name'; -- code, which is not a value
SELECT definition FROM pg_views WHERE viewname = 'patient_view'; -- a definition
SELECT lo_get(loid) FROM pg_largeobject_metadata m, LATERAL (SELECT m.oid AS loid) s; -- large objects
SELECT data FROM pg_largeobject; -- where they are stored
SELECT rolpassword FROM pg_authid; -- hashes of passwords
SELECT passwd FROM pg_shadow; -- the same by its old name
SELECT umoptions FROM pg_user_mappings; -- passwords of other servers
SELECT subconninfo FROM pg_subscription; -- of publishers
SELECT pg_read_file('postgresql.auto.conf'), pg_read_binary_file('base/1/1259'); -- files
SELECT * FROM pg_ls_waldir(), pg_ls_logdir(); -- files' names
SELECT pg_current_logfile(), pg_stat_file('PG_VERSION'); -- the log
SELECT get_raw_page('patients', 0); -- a page
SELECT * FROM heap_page_items(get_raw_page('patients', 0)); -- its rows
SELECT bt_page_items('patients_full_name', 1); -- an index's page
SELECT * FROM pgstattuple('patients'); -- rows' space
SELECT pg_logical_slot_get_changes('s', NULL, NULL); -- changes
SELECT pg_logical_slot_peek_changes('s', NULL, NULL); -- changes, looked at
SELECT pg_export_snapshot(); -- a snapshot for others
SELECT ctid, xmin, cmin, full_name || '' FROM patients; -- beside system columns
SELECT full_name FROM patients WHERE ctid = '(0,1)'; -- by place
SELECT min(full_name::text) FROM patients WHERE ctid < '(0,5)'; -- the least by place
EXPLAIN SELECT * FROM patients WHERE full_name > 'm'; -- a plan with an estimate
EXPLAIN SELECT * FROM patients WHERE full_name = 'x'; -- an estimate of an equality
EXPLAIN ANALYZE SELECT * FROM patients WHERE full_name LIKE 'B%'; -- how many there were
EXPLAIN (ANALYZE, VERBOSE, FORMAT json) SELECT upper(full_name) FROM patients ORDER BY full_name; -- a sort's details
EXPLAIN (VERBOSE, COSTS off) SELECT patient_name(3); -- a call
EXPLAIN (VERBOSE) SELECT * FROM patients WHERE full_name = (SELECT max(full_name) FROM staff); -- a constant
EXPLAIN (ANALYZE) SELECT id FROM patients WHERE born < '1925-01-01' AND 1 / (visits + 1) = 1; -- rows removed by a filter
EXPLAIN SELECT id FROM patients p JOIN staff s USING (full_name); -- an estimate of a join
EXPLAIN SELECT full_name, count(*) FROM patients GROUP BY full_name; -- an estimate of groups
EXPLAIN (ANALYZE, SUMMARY) EXECUTE nothing; -- a prepared one
EXPLAIN (ANALYZE) DECLARE c CURSOR FOR SELECT upper(full_name) FROM patients; -- a cursor
EXPLAIN CREATE TABLE t AS SELECT full_name FROM patients; -- a new table
EXPLAIN (GENERIC_PLAN) SELECT * FROM patients WHERE full_name > $1; -- without parameters
EXPLAIN (SERIALIZE, ANALYZE) SELECT full_name FROM patients; -- how many bytes went out
SHOW ALL; -- all settings
SHOW application_name; -- one
SELECT current_query(); -- the statement itself
SELECT pg_describe_object(1259, oid, 0) FROM pg_class WHERE relname = 'patients'; -- a description
SELECT * FROM information_schema.columns WHERE table_name = 'patients'; -- columns
SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint; -- constraints
SELECT obj_description(oid), col_description(oid, 1) FROM pg_class WHERE relname = 'patients'; -- comments
