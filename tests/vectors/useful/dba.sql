-- What somebody who looks after the server asks about locks, sizes, bloat, activity and replication.
-- not compared: identifiers, times and sizes are the server's own
SELECT pid, usename, state, query FROM pg_stat_activity WHERE state <> 'idle'; -- what runs
SELECT pid, now() - query_start AS age, state, wait_event_type, wait_event FROM pg_stat_activity ORDER BY age DESC NULLS LAST; -- since when
SELECT count(*), state FROM pg_stat_activity GROUP BY state; -- connections by state
SELECT max_conn.setting::int, count(*) FROM pg_stat_activity, pg_settings max_conn WHERE max_conn.name = 'max_connections' GROUP BY 1; -- how full it is
SELECT pid, xact_start, state FROM pg_stat_activity WHERE state = 'idle in transaction' AND now() - xact_start > interval '1 minute'; -- left open
SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0; -- who blocks
SELECT locktype, relation::regclass, mode, granted, pid FROM pg_locks WHERE NOT granted; -- locks waited for
SELECT l.relation::regclass, l.mode, a.usename FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation IS NOT NULL; -- whose locks
SELECT blocked.pid, blocking.pid FROM pg_locks blocked JOIN pg_locks blocking ON blocking.locktype = blocked.locktype AND blocking.database IS NOT DISTINCT FROM blocked.database AND blocking.relation IS NOT DISTINCT FROM blocked.relation AND blocking.pid <> blocked.pid WHERE NOT blocked.granted; -- pairs of them
SELECT relname, n_live_tup, n_dead_tup, last_vacuum, last_autovacuum FROM pg_stat_user_tables ORDER BY n_dead_tup DESC; -- dead rows
SELECT relname, seq_scan, idx_scan, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables; -- how tables are used
SELECT indexrelname, idx_scan, pg_size_pretty(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes WHERE idx_scan = 0; -- unused indexes
SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' ORDER BY pg_total_relation_size(oid) DESC LIMIT 10; -- the largest
SELECT pg_size_pretty(pg_database_size(current_database())); -- the database
SELECT datname, pg_database_size(datname) FROM pg_database WHERE datname = current_database(); -- the same in bytes
SELECT relname, pg_size_pretty(pg_table_size(relid)), pg_size_pretty(pg_indexes_size(relid)) FROM pg_stat_user_tables; -- tables and indexes
SELECT schemaname, relname, heap_blks_read, heap_blks_hit FROM pg_statio_user_tables; -- the cache
SELECT sum(heap_blks_hit)::float / nullif(sum(heap_blks_hit) + sum(heap_blks_read), 0) FROM pg_statio_user_tables; -- its ratio
SELECT datname, xact_commit, xact_rollback, deadlocks, temp_files FROM pg_stat_database; -- per database
SELECT datname, age(datfrozenxid) FROM pg_database ORDER BY 2 DESC; -- wraparound
SELECT relname, age(relfrozenxid) FROM pg_class WHERE relkind = 'r' ORDER BY 2 DESC LIMIT 5; -- per table
SELECT * FROM pg_stat_bgwriter; -- the background writer
SELECT * FROM pg_stat_replication; -- standbys
SELECT slot_name, active, restart_lsn FROM pg_replication_slots; -- slots
SELECT pg_is_in_recovery(); -- whether this is a standby
SELECT pg_current_wal_lsn(); -- where the log is
SELECT name, setting, unit FROM pg_settings WHERE name IN ('work_mem', 'shared_buffers', 'max_connections'); -- settings
SELECT name, setting, source FROM pg_settings WHERE source <> 'default' LIMIT 50; -- changed ones
SHOW work_mem; -- one setting
SHOW server_version; -- the version
SHOW max_connections; -- another one
SELECT version(); -- all of the version
SELECT pg_postmaster_start_time(), now() - pg_postmaster_start_time(); -- since when it runs
SELECT current_user, session_user, current_database(), inet_server_port(); -- who and where
SELECT extname, extversion FROM pg_extension; -- extensions
SELECT rolname, rolsuper, rolcanlogin FROM pg_roles ORDER BY rolname; -- roles
SELECT conname, contype, conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace; -- constraints
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE NOT indisvalid; -- broken indexes
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'; -- indexes
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'; -- views
SELECT sequencename, last_value FROM pg_sequences; -- sequences
SELECT c.conrelid::regclass FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND c.conkey[1] = i.indkey[0]); -- keys without an index
SELECT relname, reltuples::bigint FROM pg_class WHERE relname = 'patients'; -- an estimate of rows
SELECT pid, datname, relid::regclass, phase FROM pg_stat_progress_vacuum; -- vacuuming
SELECT * FROM pg_stat_progress_create_index; -- an index being made
SELECT gid, prepared FROM pg_prepared_xacts; -- prepared transactions
SELECT p.proname, pg_get_function_identity_arguments(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace; -- functions
SELECT tgname, tgrelid::regclass, tgenabled FROM pg_trigger WHERE NOT tgisinternal; -- triggers
SELECT (now() - backend_start) AS age, application_name, client_addr FROM pg_stat_activity WHERE backend_type = 'client backend'; -- clients
SELECT wait_event_type, wait_event, count(*) FROM pg_stat_activity WHERE wait_event IS NOT NULL GROUP BY 1, 2; -- what is waited for
SELECT pg_backend_pid(); -- one's own process
