-- Nothing of a value is shown, but it decides which rows come, how many, and in what order.
SELECT id FROM patients WHERE full_name LIKE 'B%'; -- a start
SELECT id FROM patients WHERE full_name ILIKE '%a%' OR full_name SIMILAR TO '%(a|b)%'; -- parts
SELECT id FROM patients WHERE full_name ~ '^[A-M]'; -- a pattern
SELECT id FROM patients WHERE NOT full_name !~* 'x'; -- the same, turned round
SELECT id FROM patients WHERE full_name ^@ 'B'; -- a start as an operator
SELECT id FROM patients WHERE full_name > 'm' AND full_name < 'n'; -- an interval
SELECT id FROM patients WHERE full_name BETWEEN 'A' AND 'M'; -- the same in words
SELECT id FROM patients WHERE full_name BETWEEN SYMMETRIC 'M' AND 'A'; -- and the other way round
SELECT id FROM patients WHERE born < '1925-01-01'; -- a date
SELECT id FROM patients WHERE salary >= 50000000; -- an amount
SELECT id FROM patients WHERE badge % 2 = 0; -- a bit
SELECT id FROM patients WHERE badge & 1024 > 0; -- another bit
SELECT id FROM patients WHERE length(full_name) = 20; -- a length
SELECT id FROM patients WHERE full_name <> city; -- compared with a plain column
SELECT id FROM patients WHERE full_name IS DISTINCT FROM city; -- the same for NULL
SELECT id FROM patients WHERE full_name = city || 'x'; -- compared with an expression
SELECT id FROM patients WHERE handle = full_name; -- of two labels
SELECT id FROM patients WHERE upper(full_name) = 'X'; -- an index's expression
SELECT id FROM patients WHERE (full_name > 'm') IS TRUE; -- a test of a test
SELECT id FROM patients WHERE (full_name > 'm')::int = 1; -- a cast of a test
SELECT id FROM patients WHERE CASE WHEN full_name > 'm' THEN true ELSE false END; -- by CASE
SELECT id FROM patients WHERE coalesce(full_name > 'm', false); -- by COALESCE
SELECT id FROM patients WHERE full_name = ANY (ARRAY(SELECT word FROM guesses)); -- many guesses
SELECT id FROM patients WHERE full_name = ANY (string_to_array('a,b,c', ',')); -- guesses from a text
SELECT id FROM patients WHERE full_name IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'); -- twelve guesses
SELECT id FROM patients WHERE full_name IN ('a', 'b', 'c', 'd', 'e', 'f') OR full_name IN ('g', 'h', 'i', 'j', 'k', 'l'); -- twelve in two lists
SELECT id FROM patients WHERE ARRAY[full_name] <@ ARRAY['a', 'b']; -- a list of guesses as an array
SELECT id FROM patients WHERE full_name NOT IN ('a', 'b'); -- what it is not
-- parameters: m
SELECT id FROM patients WHERE full_name > $1; -- compared with a parameter
-- parameters: B%
SELECT id FROM patients WHERE full_name LIKE $1; -- like a parameter
-- parameters: {a,b}
SELECT id FROM patients WHERE full_name = ANY ($1::text[]); -- in a parameter
-- parameters: 3
SELECT substr(full_name, $1::int, 1) FROM patients; -- a letter by a parameter
-- parameters: 5
SELECT id FROM patients ORDER BY full_name LIMIT $1::int; -- ordered, with a parameter's limit
SELECT id FROM patients ORDER BY full_name; -- an order
SELECT id FROM patients ORDER BY full_name USING >; -- by an operator
SELECT id, full_name FROM patients ORDER BY 2; -- by its place
SELECT id, full_name AS n FROM patients ORDER BY n; -- by its name
SELECT id FROM patients ORDER BY upper(full_name); -- by a computation
SELECT id FROM patients ORDER BY born NULLS FIRST; -- NULL first
SELECT id FROM patients ORDER BY city, full_name; -- within a plain order
SELECT id FROM patients ORDER BY CASE WHEN full_name > 'm' THEN id ELSE -id END; -- by CASE
SELECT id FROM patients ORDER BY (SELECT full_name FROM staff WHERE staff.id = patients.id); -- by a subquery
SELECT id FROM patients ORDER BY full_name LIMIT 1; -- the first
SELECT id FROM patients ORDER BY full_name OFFSET 3 FETCH FIRST 1 ROWS WITH TIES; -- the fourth
SELECT id FROM patients LIMIT (SELECT length(full_name) FROM patients WHERE id = 1); -- as many rows as letters
SELECT id FROM patients OFFSET (SELECT ascii(full_name) % 10 FROM patients WHERE id = 1); -- without as many
SELECT DISTINCT full_name FROM patients; -- how many different
SELECT DISTINCT left(full_name, 1) FROM patients; -- how many first letters
SELECT DISTINCT ON (full_name) id FROM patients; -- one of each
SELECT DISTINCT ON (city) city, id FROM patients ORDER BY city, full_name; -- the first of each
SELECT id, row_number() OVER (ORDER BY full_name) FROM patients ORDER BY id; -- a place in the order
SELECT id, rank() OVER (ORDER BY born), dense_rank() OVER (PARTITION BY born ORDER BY id) FROM patients; -- ranks
SELECT id, ntile(4) OVER (ORDER BY salary) FROM patients; -- a quarter
SELECT id, lag(id) OVER (ORDER BY full_name), lead(city) OVER (ORDER BY full_name) FROM patients; -- neighbours
SELECT first_value(full_name) OVER (ORDER BY id), nth_value(full_name, 2) OVER (ORDER BY id) FROM patients; -- values of others
SELECT id, count(*) OVER (PARTITION BY left(full_name, 1)) FROM patients; -- how many share a letter
SELECT id, sum(visits) OVER (ORDER BY born RANGE BETWEEN '1 year' PRECEDING AND CURRENT ROW) FROM patients; -- a window of dates
SELECT id, count(*) OVER w FROM patients WINDOW w AS (ORDER BY full_name); -- a named window
SELECT id, count(*) FILTER (WHERE full_name > 'm') OVER () FROM patients; -- a filtered window
SELECT a.id, b.id FROM patients a JOIN patients b ON a.full_name < b.full_name; -- all pairs in order
SELECT a.id FROM patients a JOIN staff b ON a.handle = b.full_name; -- joined by two labels
SELECT a.id FROM patients a JOIN patients b ON left(a.full_name, 2) = left(b.full_name, 2) AND a.id <> b.id; -- pairs that start alike
SELECT p.id FROM patients p LEFT JOIN guesses g ON g.word < p.full_name WHERE g.id IS NULL; -- without a match
SELECT t.id FROM treatments t JOIN patients p ON p.id = t.patient_id AND p.born < '1925-01-01'; -- other tables' rows
