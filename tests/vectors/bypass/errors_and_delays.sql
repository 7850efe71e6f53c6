-- A value that is told by an error, a notice, a delay or a lock.
SELECT 1 / (CASE WHEN full_name > 'm' THEN 0 ELSE 1 END) FROM patients; -- a division by zero
SELECT id FROM patients WHERE 1 / (length(full_name) - 20) > 0; -- the same in WHERE
SELECT 1 / (ascii(full_name) - 66) FROM patients WHERE id = 1; -- of one letter
SELECT (1 / (length(full_name) - 19)) IS NULL FROM patients; -- whose result is nothing
SELECT count(*) FROM (SELECT 1 / (length(full_name) - 19) FROM patients) s; -- and is not even shown
SELECT sqrt(-length(full_name)), ln(0 * badge), power(badge, 1000) FROM patients; -- domain errors
SELECT badge::int FROM patients; -- out of range
SELECT (badge * badge * badge) FROM patients; -- overflow
SELECT repeat('x', badge::int) FROM patients; -- too large
SELECT chr((badge % 2)::int) FROM patients; -- a character that may not be
SELECT substr(full_name, 1, -1) FROM patients; -- a negative length
SELECT (SELECT id FROM patients WHERE full_name > 'm'); -- more than one row
SELECT id FROM patients WHERE full_name = (SELECT full_name FROM patients); -- more than one row, compared
SELECT make_date(badge::int, 13, 1) FROM patients; -- a date that is none
SELECT to_date(full_name, 'YYYY-MM-DD'), to_timestamp(full_name, 'YYYY'), to_number(full_name, '999') FROM patients; -- formats
SELECT id FROM patients WHERE full_name ~ full_name; -- as a pattern
SELECT 'x' ~ ('(' || full_name) FROM patients; -- as a pattern that is not valid
SELECT 'x' LIKE full_name ESCAPE handle FROM patients; -- as an escape
SELECT regexp_replace('x', full_name || '[', '') FROM patients; -- told in the error of a pattern
SELECT decode(full_name, 'hex'), decode(full_name, 'base64') FROM patients; -- told in the error of a decoder
SELECT encode('x', full_name), convert_from('x', full_name) FROM patients; -- an encoding's name
SELECT now() AT TIME ZONE full_name FROM patients; -- a time zone's name
SELECT date_trunc(full_name, now()), extract(epoch FROM full_name::interval) FROM patients; -- a unit's name
SELECT nextval(full_name), currval(full_name) FROM patients; -- a sequence's name
SELECT has_table_privilege(full_name, 'SELECT') FROM patients; -- a table's name
SELECT pg_get_serial_sequence(full_name, 'id') FROM patients; -- a table's name elsewhere
SELECT set_config(full_name, 'x', false) FROM patients; -- a setting's name
SELECT current_setting(full_name) FROM patients; -- a setting's name, read
SELECT pg_ls_dir(full_name), pg_read_file(full_name) FROM patients; -- a file's name
SELECT to_tsvector(full_name::regconfig, 'x') FROM patients; -- a configuration's name
SELECT jsonb_path_query('{}', full_name::jsonpath) FROM patients; -- a path
SELECT (profile ->> 'nick')::int FROM patients; -- a field
SELECT told(full_name) FROM patients; -- a notice
SELECT failing(full_name) FROM patients WHERE id = 1; -- an exception with detail and hint
CALL tell_all(); -- a procedure's notice
DO $$ BEGIN RAISE NOTICE '%', (SELECT full_name FROM patients LIMIT 1); END $$; -- a block's notice
DO $$ BEGIN PERFORM 1 / (ascii(full_name) - 66) FROM patients; END $$; -- a block's error
SELECT pg_notify('c', full_name) FROM patients; -- a notification
LISTEN c ;; SELECT pg_notify('c', full_name) FROM patients; -- a notification to oneself
SELECT pg_notify(full_name, '') FROM patients; -- a channel's name
SELECT pg_sleep(CASE WHEN full_name > 'm' THEN 0.001 ELSE 0 END) FROM patients; -- a delay
SELECT id FROM patients WHERE full_name > 'm' AND pg_sleep(0.001) IS NOT NULL; -- a delay in WHERE
SELECT pg_advisory_lock(badge), pg_try_advisory_lock(hashtext(full_name)) FROM patients; -- a lock that others see
SELECT pg_advisory_lock(1) FROM patients WHERE full_name > 'm'; -- a lock that is there or not
SELECT id FROM patients WHERE full_name > 'm' FOR UPDATE SKIP LOCKED; -- rows' locks
SELECT nextval('scratch_id_seq') FROM patients WHERE full_name > 'm'; -- how far a sequence went
SELECT setval('scratch_id_seq', ascii(full_name)) FROM patients WHERE id = 1 ;; SELECT last_value FROM scratch_id_seq; -- a sequence's value
SELECT lo_from_bytea(0, full_name::bytea) FROM patients; -- a large object
SELECT lo_put(1, 0, raw), lo_export(1, full_name) FROM patients; -- into a large object, and a file
SELECT pg_logical_emit_message(false, 'x', full_name) FROM patients; -- into the write-ahead log
SELECT pg_cancel_backend(badge::int) FROM patients WHERE badge < 5; -- somebody's end
SELECT random() < length(full_name), setseed(1.0 / length(full_name)) FROM patients; -- a seed
SELECT dblink_connect(full_name), dblink('host=' || full_name, '') FROM patients; -- another server
