-- A labelled value within a row or an array.
SELECT p FROM patients p; -- a whole row
SELECT patients FROM patients; -- a whole row by the table's name
SELECT p.* FROM patients p; -- all columns
SELECT (p).full_name FROM patients p; -- a column as a field
SELECT (p).* FROM patients p; -- all columns as fields
SELECT p::text FROM patients p; -- a row as text
SELECT (p::text)::patients FROM patients p; -- and back
SELECT ROW(full_name, id), ROW(p.*) FROM patients p; -- rows made
SELECT (full_name, id) FROM patients; -- a row without the word
SELECT (ROW(full_name)).f1 FROM patients; -- a field of a made row
SELECT (ROW(full_name, 1)::place).street FROM patients; -- cast to a type with names
SELECT full_name(p) FROM patients p; -- a column written as a function
SELECT p.full_name.length FROM patients p; -- a function written as a column
SELECT * FROM (SELECT p FROM patients p) q; -- a row out of a subquery
SELECT (q.p).full_name FROM (SELECT p FROM patients p) q; -- and its field
SELECT ARRAY[full_name], ARRAY[full_name, city] FROM patients; -- arrays made
SELECT (ARRAY[full_name, city])[1] FROM patients; -- an element
SELECT (ARRAY[full_name, city])[2] FROM patients; -- the plain element
SELECT ARRAY(SELECT full_name FROM patients); -- an array of a subquery
SELECT (ARRAY(SELECT full_name FROM patients))[3:5]; -- a slice
SELECT tags[1], tags[1:1], tags[2] FROM patients; -- elements of a labelled array
SELECT array_to_string(tags, ','), array_length(tags, 1), cardinality(tags), array_upper(tags, 1) FROM patients; -- about an array
SELECT unnest(tags) FROM patients; -- elements as rows
SELECT t FROM patients, unnest(tags) t; -- lateral
SELECT t, n FROM patients, unnest(tags) WITH ORDINALITY AS u (t, n); -- numbered
SELECT unnest(string_to_array(full_name, NULL)) FROM patients; -- characters as rows
SELECT regexp_split_to_table(full_name, '') FROM patients; -- the same by a pattern
SELECT regexp_split_to_array(full_name, '') FROM patients; -- as an array
SELECT array_position(tags, 'a'), 'a' = ANY (tags), tags @> ARRAY['a'], tags && ARRAY['a'] FROM patients; -- questions
SELECT array_append(tags, full_name), array_prepend(full_name, tags), tags || tags, array_cat(tags, tags) FROM patients; -- joined
SELECT array_remove(tags, 'x'), array_replace(tags, 'x', 'y'), trim_array(tags, 1) FROM patients; -- changed
SELECT array_agg(tags) FROM patients; -- arrays of arrays
SELECT * FROM ROWS FROM (unnest(ARRAY(SELECT full_name FROM patients)), generate_series(1, 30)); -- rows from functions
SELECT string_to_table(full_name, ' ') FROM patients; -- words as rows
SELECT (home).house FROM patients; -- a number in a composite
SELECT home = ROW('a', 1)::place FROM patients; -- a composite compared
SELECT id FROM patients WHERE (home).house > 1000000000; -- rows by a field
SELECT id FROM patients WHERE (full_name, id) > ('m', 0); -- rows by a row
SELECT id FROM patients p WHERE p = (SELECT q FROM patients q WHERE q.id = p.id); -- rows by a whole row
SELECT id FROM patients p WHERE p IS NOT NULL; -- whether a row has no NULL
SELECT id FROM patients WHERE stay @> 500, stay && int4range(1, 9); -- not valid, of a range
SELECT id FROM patients WHERE stay @> 500; -- rows by a range
SELECT isempty(stay), lower_inc(stay), upper_inf(stay) FROM patients; -- about a range
SELECT stay * int4range(0, 500), stay + stay, int4range(lower(stay), NULL) FROM patients; -- ranges made
SELECT multirange(stay), unnest(multirange(stay)) FROM patients; -- multiranges
