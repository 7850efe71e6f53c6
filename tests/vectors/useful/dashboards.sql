-- What dashboards and reports ask.
SELECT date_trunc('day', at) AS time, count(*) FROM treatments GROUP BY 1 ORDER BY 1; -- per day
SELECT date_trunc('month', at) AS month, sum(price), avg(price) FROM treatments GROUP BY 1 ORDER BY 1; -- per month
SELECT extract(epoch FROM date_trunc('hour', at)) AS time, count(*) AS value, 'treatments' AS metric FROM treatments WHERE at BETWEEN '2024-01-01' AND '2024-03-01' GROUP BY 1 ORDER BY 1; -- a time series
SELECT p.city, sum(t.price) FROM treatments t JOIN patients p ON p.id = t.patient_id GROUP BY p.city ORDER BY 1; -- per city
SELECT p.city, date_trunc('week', t.at) AS week, count(*) FROM treatments t JOIN patients p ON p.id = t.patient_id GROUP BY 1, 2 ORDER BY 1, 2; -- per city and week
SELECT p.city, count(DISTINCT p.id) FROM patients p JOIN treatments t ON t.patient_id = p.id GROUP BY p.city HAVING count(*) > 3 ORDER BY 1; -- of those with more
SELECT s.login, count(*), sum(t.price) FROM staff s JOIN treatments t ON t.staff_id = s.id GROUP BY s.login ORDER BY 2 DESC, 1; -- per login
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price), percentile_cont(0.95) WITHIN GROUP (ORDER BY price) FROM treatments; -- percentiles
SELECT width_bucket(price, 0, 100, 10) AS bucket, count(*) FROM treatments GROUP BY 1 ORDER BY 1; -- a histogram
SELECT at::date AS day, sum(count(*)) OVER (ORDER BY at::date) FROM treatments GROUP BY 1 ORDER BY 1; -- a running total
SELECT id, price, lag(price) OVER (ORDER BY id), price - lag(price) OVER (ORDER BY id) FROM treatments ORDER BY id LIMIT 10; -- differences
SELECT d::date, count(t.id) FROM generate_series('2024-01-01'::timestamptz, '2024-01-10', '1 day') d LEFT JOIN treatments t ON date_trunc('day', t.at) = d GROUP BY 1 ORDER BY 1; -- with empty days
SELECT feels, count(*), round(100.0 * count(*) / sum(count(*)) OVER (), 1) FROM patients GROUP BY feels ORDER BY feels; -- shares
SELECT city, feels, count(*) FROM patients GROUP BY ROLLUP (city, feels) ORDER BY 1, 2; -- subtotals
SELECT count(*) FILTER (WHERE feels = 'good') AS good, count(*) FILTER (WHERE feels = 'bad') AS bad FROM patients; -- side by side
SELECT kind, count(*), max(day) FROM events GROUP BY kind ORDER BY 1; -- events by kind
SELECT day, count(*) FROM events WHERE kind = 'visit' GROUP BY day ORDER BY day; -- visits by day
SELECT json_build_object('city', city, 'n', count(*)) FROM patients WHERE city IS NOT NULL GROUP BY city ORDER BY city; -- as documents
SELECT string_agg(DISTINCT city, ', ' ORDER BY city) FROM patients; -- in one line
SELECT array_agg(id ORDER BY id) FROM patients WHERE city = 'Oslo'; -- as an array
SELECT bool_and(visits >= 0), bool_or(visits > 3) FROM patients; -- checks
SELECT avg(n) FROM (SELECT patient_id, count(*) AS n FROM treatments GROUP BY patient_id) s; -- an average of counts
WITH daily AS (SELECT at::date AS d, sum(price) AS s FROM treatments GROUP BY 1) SELECT d, s, avg(s) OVER (ORDER BY d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM daily ORDER BY d; -- a moving average
SELECT DISTINCT ON (patient_id) patient_id, at, remark FROM treatments ORDER BY patient_id, at DESC; -- the last of each
SELECT * FROM (SELECT t.*, rank() OVER (PARTITION BY patient_id ORDER BY price DESC) AS r FROM treatments t) s WHERE r = 1 ORDER BY patient_id; -- the dearest of each
SELECT p.city, l.price FROM patients p CROSS JOIN LATERAL (SELECT price FROM treatments t WHERE t.patient_id = p.id ORDER BY price DESC LIMIT 1) l ORDER BY p.id; -- the same, lateral
SELECT to_char(at, 'YYYY-MM') AS m, count(*) FROM treatments GROUP BY 1 ORDER BY 1; -- months as text
SELECT n FROM patient_report WHERE city = 'Oslo'; -- a plain column of a reporting view
SELECT city, n FROM patient_report ORDER BY city; -- its plain columns
SELECT * FROM pets ORDER BY id; -- a table without labels
SELECT full_name, upper(city) FROM pets WHERE full_name LIKE 'Rex%' ORDER BY full_name; -- a name that is not labelled
SELECT id, full_name FROM pet_view WHERE city = 'Rome' ORDER BY id; -- a view without labels
SELECT a.city, b.full_name FROM pets a JOIN pets b ON a.city = b.city AND a.id < b.id ORDER BY a.id, b.id LIMIT 5; -- joined with itself
SELECT min(day), max(day) FROM events; -- the span
SELECT count(*) FROM events e JOIN patients p ON p.id = e.id WHERE p.city = 'Oslo'; -- a count over a join
SELECT 100 * count(handle) / count(*) FROM patients; -- how many in a hundred have one
