-- A labelled value through a function.
SELECT upper(full_name), lower(full_name), initcap(full_name) FROM patients; -- another case
SELECT reverse(full_name) FROM patients; -- backwards
SELECT left(full_name, 6), right(full_name, 6) FROM patients; -- ends
SELECT substr(full_name, 2), substring(full_name FROM 3 FOR 8), substring(full_name, '[a-z]+') FROM patients; -- middles
SELECT overlay(full_name PLACING '' FROM 1 FOR 1) FROM patients; -- all but one character
SELECT ascii(full_name), ascii(substr(full_name, 2)) FROM patients; -- code points
SELECT chr(ascii(full_name)) FROM patients; -- and back
SELECT get_byte(full_name::bytea, 0) FROM patients; -- bytes by number
SELECT encode(full_name::bytea, 'hex'), encode(full_name::bytea, 'base64'), encode(raw, 'escape') FROM patients; -- encodings
SELECT convert_to(full_name, 'UTF16') FROM patients; -- an encoding that is not there
SELECT convert_to(full_name, 'LATIN1'), convert_from(raw, 'UTF8') FROM patients; -- other encodings
SELECT md5(full_name), sha256(full_name::bytea), hashtext(full_name) FROM patients; -- hashes, to be guessed from
SELECT length(full_name), octet_length(full_name), bit_length(full_name) FROM patients; -- lengths
SELECT pg_column_size(full_name), pg_column_size(p) FROM patients p; -- sizes
SELECT repeat(full_name, 2), lpad(full_name, 40), rpad(full_name, 3) FROM patients; -- longer and shorter
SELECT replace(full_name, 'a', 'b'), translate(full_name, 'abc', 'xyz') FROM patients; -- replaced characters
SELECT regexp_replace(full_name, '(.)', '\1-', 'g') FROM patients; -- a dash between characters
SELECT regexp_matches(full_name, '(.)(.)(.)(.)') FROM patients; -- characters by a pattern
SELECT split_part(full_name, ' ', 2) FROM patients; -- the second word
SELECT string_to_array(full_name, ' ') FROM patients; -- words
SELECT concat(full_name, '!'), concat_ws('-', full_name, handle), format('%s', full_name) FROM patients; -- pieced together
SELECT format('%I', full_name), format('%L', full_name), quote_literal(full_name), quote_ident(full_name) FROM patients; -- quoted
SELECT coalesce(full_name, ''), nullif(full_name, ''), greatest(full_name, 'a'), least(full_name, 'zz') FROM patients; -- chosen
SELECT CASE WHEN full_name IS NOT NULL THEN full_name END FROM patients; -- by CASE
SELECT CASE full_name WHEN 'a' THEN 1 ELSE 2 END FROM patients; -- compared by CASE
SELECT CASE WHEN full_name LIKE 'B%' THEN city ELSE note END FROM patients; -- a choice of plain columns
SELECT full_name || '' FROM patients; -- with nothing appended
SELECT '' || handle FROM patients; -- of a pseudonymous column
SELECT badge + 0, badge # 1, -badge, badge / 10, badge % 10 FROM patients; -- arithmetic
SELECT to_hex(badge), badge::bit(8), to_char(badge, 'FM9999999999') FROM patients; -- other writings of numbers
SELECT width_bucket(salary, 0, 1e9, 1000) FROM patients; -- a bucket
SELECT round(salary), trunc(salary, -3), ceil(salary), sign(salary - 5e7), scale(salary) FROM patients; -- rounded
SELECT date_trunc('month', born), age(born), date_part('day', born) FROM patients; -- parts of a date
SELECT make_date(extract(year FROM born)::int, 1, 1) FROM patients; -- the year
SELECT strpos(full_name, 'a'), position('b' IN full_name), starts_with(full_name, 'B') FROM patients; -- where a letter is
SELECT to_tsvector('simple', full_name), to_tsvector(full_name) @@ to_tsquery('a') FROM patients; -- a search document
SELECT normalize(full_name), unistr(full_name), to_ascii(full_name) FROM patients; -- other forms
SELECT shout(full_name) FROM patients; -- a function of the database's own
SELECT patient_name(3); -- a function that reads it
SELECT * FROM all_patients(); -- a function that returns the table
SELECT n FROM names(); -- a function that returns a column
SELECT (all_patients()).full_name; -- a field of a function's rows
SELECT initials(p), p.initials FROM patients p; -- a function written as a column
SELECT run_it('SELECT full_name FROM patients'); -- a function that runs text
SELECT query_to_xml('SELECT full_name FROM patients', true, false, ''); -- a built-in that runs text
SELECT table_to_xml('patients', true, false, ''); -- a table as XML
SELECT schema_to_xml('public', true, false, ''), database_to_xml(true, false, ''); -- everything as XML
SELECT cursor_to_xml('c', 10, true, false, ''); -- a cursor as XML
SELECT ts_stat('SELECT to_tsvector(full_name) FROM patients'); -- words counted by running text
SELECT * FROM ts_stat($$SELECT to_tsvector('simple', full_name) FROM patients$$); -- the same as a table
SELECT ts_rewrite('a'::tsquery, 'SELECT full_name::tsquery, full_name::tsquery FROM patients'); -- rewritten by running text
SELECT ts_headline(full_name, to_tsquery('a')) FROM patients; -- a headline
SELECT full_name === 'a' FROM patients; -- an operator of the database's own
SELECT operator_test.full_name FROM (SELECT full_name OPERATOR(pg_catalog.||) 'x' AS full_name FROM patients) operator_test; -- an operator by its schema
SELECT pg_typeof(full_name), pg_collation_for(full_name) FROM patients; -- its type, which is no secret
SELECT set_config('application_name', full_name, false) FROM patients; -- into a setting
SELECT set_config('safelight.x', full_name, false), current_setting('safelight.x') FROM patients; -- through a setting
SELECT hashtextextended(full_name, 0), hash_record_extended(p, 0) FROM patients p; -- seeded hashes
SELECT pg_size_pretty(badge), to_timestamp(badge) FROM patients; -- numbers in words
SELECT similar_to_escape(full_name) FROM patients; -- a helper of the server
