-- A labelled value through subqueries, CTEs, set operations, lateral joins and lists of values.
SELECT (SELECT full_name FROM patients WHERE id = 1); -- a scalar
SELECT (SELECT full_name FROM patients WHERE id = p.id) FROM pets p; -- correlated
SELECT upper(n) FROM (SELECT full_name AS n FROM patients) s; -- computed outside
SELECT n FROM (SELECT upper(full_name) AS n FROM patients) s; -- computed inside
SELECT n FROM (SELECT full_name FROM patients) s (n); -- renamed outside
SELECT id FROM (SELECT full_name AS id FROM patients) s; -- under a plain column's name
SELECT city FROM (SELECT full_name AS city, city AS full_name FROM patients) s; -- two names exchanged
SELECT note FROM (SELECT p.*, full_name AS x FROM patients p) s; -- beside a star
SELECT x || '' FROM (SELECT p.*, full_name AS x FROM patients p) s; -- the one beside a star
SELECT EXISTS (SELECT 1 FROM patients WHERE full_name > 'm'); -- a yes or no
SELECT id FROM pets WHERE EXISTS (SELECT 1 FROM patients q WHERE q.id = pets.id AND q.full_name > 'm'); -- rows by it
SELECT 'a' IN (SELECT full_name FROM patients), 'a' < ANY (SELECT full_name FROM patients); -- in a list
SELECT id FROM guesses WHERE word < ALL (SELECT full_name FROM patients); -- less than all
SELECT id FROM guesses WHERE word IN (SELECT full_name FROM patients); -- guesses that are right
SELECT id FROM guesses g JOIN patients p ON p.full_name = g.word; -- not valid; guesses by a join
SELECT g.id FROM guesses g JOIN patients p ON p.full_name = g.word; -- guesses by a join
SELECT g.id FROM guesses g JOIN patients p ON p.full_name LIKE g.word || '%'; -- guesses of the start
SELECT g.id FROM guesses g, patients p WHERE p.full_name > g.word; -- guesses of the order
SELECT v.n FROM (VALUES ('a'), ('b')) v (n) JOIN patients ON full_name = v.n; -- a list of values
SELECT v.n FROM patients JOIN (VALUES ('a'), ('b')) v (n) ON left(full_name, 1) = v.n; -- first letters
SELECT c FROM patients, chr(generate_series(97, 122)) c WHERE left(full_name, 1) = c; -- the alphabet
SELECT n FROM generate_series(1, 40) n JOIN patients ON length(full_name) = n; -- lengths
SELECT n FROM generate_series(1921, 1932) n JOIN patients ON extract(year FROM born) = n; -- years
SELECT d FROM generate_series('1921-01-01'::date, '1932-01-01', '1 day') d JOIN patients ON born = d; -- every day
SELECT s.x FROM patients p, LATERAL (SELECT p.full_name AS x) s; -- lateral
SELECT s.x FROM patients p, LATERAL (VALUES (p.full_name)) s (x); -- lateral values
SELECT s.x FROM patients p CROSS JOIN LATERAL (SELECT upper(p.full_name) AS x) s; -- lateral, computed
SELECT g FROM patients p, LATERAL generate_series(1, length(p.full_name)) g; -- as many rows as letters
SELECT g FROM patients p, generate_series(1, ascii(p.full_name)) g WHERE p.id = 1; -- as many rows as a code point
SELECT generate_series(1, length(full_name)) FROM patients WHERE id = 2; -- the same in the list
SELECT repeat('x', length(full_name)) FROM patients; -- as long as it
VALUES ((SELECT full_name FROM patients WHERE id = 1)); -- in VALUES
VALUES (1, (SELECT max(full_name) FROM patients)), (2, 'x'); -- in the first of two
SELECT full_name FROM patients UNION SELECT city FROM patients; -- a union with a plain column
SELECT city FROM patients UNION ALL SELECT full_name FROM patients; -- the plain one first
SELECT full_name FROM patients UNION ALL SELECT full_name FROM staff; -- of one label
SELECT handle FROM patients UNION SELECT full_name FROM patients; -- of two labels
SELECT full_name FROM patients INTERSECT SELECT word FROM guesses; -- what is in both
SELECT word FROM guesses EXCEPT SELECT full_name FROM patients; -- what is not there
SELECT word FROM guesses EXCEPT ALL SELECT left(full_name, 1) FROM patients; -- first letters that are not there
(SELECT full_name FROM patients LIMIT 1) UNION ALL (SELECT 'x') ORDER BY 1; -- ordered
WITH x AS (SELECT full_name FROM patients) SELECT full_name FROM x; -- a CTE
WITH x AS (SELECT full_name FROM patients) SELECT upper(full_name) FROM x; -- computed over a CTE
WITH x (n) AS (SELECT full_name FROM patients) SELECT n || '' FROM x; -- renamed
WITH x AS MATERIALIZED (SELECT full_name FROM patients), y AS (SELECT full_name AS z FROM x) SELECT z::varchar FROM y; -- a chain
WITH patients AS (SELECT 1 AS full_name) SELECT full_name FROM patients; -- a CTE that hides the table
WITH patients AS (SELECT full_name AS city FROM public.patients) SELECT city FROM patients; -- hidden by itself
WITH x AS (WITH pets AS (SELECT * FROM patients) SELECT * FROM pets) SELECT id, full_name || '' FROM x; -- nested
WITH RECURSIVE r (n) AS (SELECT full_name FROM patients WHERE id = 1) SELECT n FROM r; -- recursive in name
WITH RECURSIVE r (n, t) AS (SELECT 1, full_name FROM patients WHERE id = 1 UNION ALL SELECT n + 1, substr(t, 2) FROM r WHERE t <> '') SELECT n, left(t, 1) FROM r; -- letter by letter
WITH RECURSIVE r (n, t) AS (SELECT 1, full_name FROM patients WHERE id = 1 UNION ALL SELECT n + 1, substr(t, 2) FROM r WHERE t <> '') SELECT count(*) FROM r; -- its length
WITH RECURSIVE r (a, b, c) AS (SELECT 'x'::text, 'y'::text, full_name FROM patients WHERE id = 1 UNION ALL SELECT b, c, a FROM r WHERE a <> c) SELECT a FROM r; -- passed from column to column
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT ascii(full_name) FROM patients WHERE id = 1)) SELECT max(n) FROM r; -- a bound
WITH RECURSIVE t (id, path) AS (SELECT id, full_name FROM staff WHERE boss IS NULL UNION ALL SELECT s.id, t.path || '/' || s.full_name FROM staff s JOIN t ON s.boss = t.id) SELECT * FROM t; -- a path of names
WITH RECURSIVE t AS (SELECT id, full_name FROM staff WHERE id = 0 UNION ALL SELECT s.id, s.full_name FROM staff s JOIN t ON s.boss = t.id) SEARCH DEPTH FIRST BY full_name SET o SELECT id, o FROM t; -- a search column
WITH RECURSIVE t AS (SELECT id, full_name FROM staff WHERE id = 0 UNION ALL SELECT s.id, s.full_name FROM staff s JOIN t ON s.boss = t.id) CYCLE full_name SET c USING p SELECT id, c, p FROM t; -- a cycle column
