-- What somebody on call asks about a customer and the things around them.
SELECT * FROM patients WHERE handle = 'somebody'; -- by what the customer is known as
SELECT id, city, visits FROM patients WHERE handle = 'somebody'; -- plain columns of the same
SELECT * FROM patients WHERE handle IN ('somebody', 'nobody', 'anybody'); -- a few of them
SELECT * FROM patients WHERE id = 7; -- by id
SELECT id, full_name, city FROM patients WHERE id IN (1, 2, 3) ORDER BY id; -- some by id
SELECT full_name FROM patients WHERE id = 3; -- a name
SELECT p.id, p.full_name, t.price FROM patients p JOIN treatments t ON t.patient_id = p.id WHERE p.id = 3 ORDER BY t.id; -- with what they had
SELECT p.city, t.* FROM patients p JOIN treatments t ON t.patient_id = p.id WHERE p.handle = 'somebody' ORDER BY t.id; -- the same by handle
SELECT t.id, t.at, s.login FROM treatments t LEFT JOIN staff s ON s.id = t.staff_id WHERE t.patient_id = 3 ORDER BY t.at DESC LIMIT 10; -- the last ones
SELECT * FROM treatments WHERE patient_id = (SELECT id FROM patients WHERE handle = 'somebody'); -- by a subquery
SELECT * FROM treatments WHERE patient_id IN (SELECT id FROM patients WHERE city = 'Oslo') ORDER BY id; -- of a city
SELECT count(*) FROM patients; -- how many
SELECT count(*) FROM patients WHERE city = 'Oslo'; -- how many of a city
SELECT count(*) FROM patients WHERE handle IS NULL; -- how many without one
SELECT id FROM patients WHERE handle IS NULL ORDER BY id; -- which
SELECT id FROM patients WHERE handle IS NOT NULL AND city = 'Rome' ORDER BY id; -- which have one
SELECT count(handle), count(*) FROM patients; -- how many have one
SELECT count(DISTINCT handle) FROM patients; -- how many different
SELECT handle, count(*) FROM patients GROUP BY handle HAVING count(*) > 1; -- duplicates
SELECT p.id, q.id FROM patients p JOIN patients q ON p.handle = q.handle AND p.id < q.id ORDER BY 1, 2; -- the same by a join
SELECT p.id, s.id FROM patients p JOIN staff s ON s.handle = p.handle ORDER BY 1, 2; -- patients who work here
SELECT p.id FROM patients p WHERE EXISTS (SELECT 1 FROM staff s WHERE s.handle = p.handle) ORDER BY p.id; -- the same by EXISTS
SELECT p.id FROM patients p WHERE NOT EXISTS (SELECT 1 FROM treatments t WHERE t.patient_id = p.id) ORDER BY 1; -- without treatments
SELECT DISTINCT city FROM patients ORDER BY city; -- cities
SELECT city, count(*) FROM patients GROUP BY city ORDER BY 2 DESC, 1; -- per city
SELECT city, count(DISTINCT handle) FROM patients GROUP BY city ORDER BY city; -- different ones per city
SELECT * FROM (SELECT id, full_name, city FROM patients) s WHERE id = 3; -- through a subquery
SELECT id, full_name FROM (SELECT * FROM patients WHERE city = 'Oslo') s ORDER BY id; -- filtered inside
WITH p AS (SELECT * FROM patients WHERE city = 'Oslo') SELECT id, full_name FROM p ORDER BY id; -- through a CTE
WITH p AS (SELECT id, handle FROM patients WHERE id < 5) SELECT p.handle, t.price FROM p JOIN treatments t ON t.patient_id = p.id ORDER BY t.id; -- a CTE joined
SELECT id, full_name FROM patients WHERE id < 3 UNION ALL SELECT id, full_name FROM staff WHERE id < 3; -- two tables of names
SELECT * FROM patient_view WHERE id = 3; -- a view
SELECT mail, full_name FROM patient_view WHERE mail = 'somebody'; -- a view by handle
SELECT who FROM patient_nested WHERE id = 3; -- a view of a view
SELECT id, coalesce(city, 'unknown') FROM patients ORDER BY id LIMIT 5; -- plain functions beside labels
SELECT id, full_name, visits + 1 AS next, upper(city) FROM patients WHERE id = 2; -- computed plain columns
SELECT id, full_name, CASE WHEN visits > 2 THEN 'often' ELSE 'seldom' END FROM patients ORDER BY id LIMIT 5; -- a choice of plain columns
SELECT id FROM patients ORDER BY visits DESC, id LIMIT 5; -- an order of plain columns
SELECT id, row_number() OVER (PARTITION BY city ORDER BY id) FROM patients ORDER BY id; -- a window of plain columns
SELECT max(visits), min(visits), avg(visits) FROM patients WHERE city = 'Oslo'; -- figures
SELECT p.full_name, sum(t.price) FROM patients p JOIN treatments t ON t.patient_id = p.id GROUP BY p.id ORDER BY p.id; -- sums per person
SELECT p.full_name, (SELECT count(*) FROM treatments t WHERE t.patient_id = p.id) FROM patients p ORDER BY p.id LIMIT 5; -- counts by a subquery
SELECT s.*, b.login FROM staff s LEFT JOIN staff b ON b.id = s.boss ORDER BY s.id; -- with their bosses
WITH RECURSIVE t AS (SELECT id, login, 0 AS depth FROM staff WHERE boss IS NULL UNION ALL SELECT s.id, s.login, t.depth + 1 FROM staff s JOIN t ON s.boss = t.id) SELECT * FROM t ORDER BY id; -- a hierarchy
SELECT id, kind, day FROM events WHERE id < 5 ORDER BY id; -- events
SELECT * FROM events WHERE day >= '2024-02-05' ORDER BY id LIMIT 5; -- events since
SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind; -- events by kind
SELECT id, full_name FROM patients WHERE note ILIKE '%ordinary%' ORDER BY id LIMIT 3; -- by a note
SELECT id, full_name FROM patients WHERE feels = 'bad' AND visits BETWEEN 1 AND 3 ORDER BY id; -- by plain columns
SELECT id, full_name IS NULL AS nameless FROM patients ORDER BY id; -- whether there is a name
SELECT id FROM patients WHERE born IS NULL ORDER BY id; -- without a date
SELECT full_name, id FROM patients LIMIT 5 OFFSET 10; -- a page
SELECT * FROM patients ORDER BY id DESC FETCH FIRST 3 ROWS ONLY; -- the last
SELECT p.*, count(*) OVER () AS total FROM patients p WHERE city = 'Lyon' ORDER BY id LIMIT 2; -- a page with its total
SELECT EXISTS (SELECT 1 FROM patients WHERE handle = 'somebody'); -- whether there is one
SELECT 1 FROM patients WHERE handle = 'somebody' LIMIT 1; -- the same otherwise
SELECT id, badge FROM patients WHERE badge = 1234567890; -- by a number
SELECT id FROM patients WHERE born = '1930-01-01'; -- by a date
-- parameters: somebody
SELECT id, full_name FROM patients WHERE handle = $1; -- by a parameter
-- parameters: 3
SELECT * FROM patients WHERE id = $1; -- by an id as a parameter
