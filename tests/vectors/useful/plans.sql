-- Plans of ordinary statements. Compared by their refusal only: costs and times are the server's own.
-- not compared: costs and times
EXPLAIN SELECT * FROM treatments WHERE patient_id = 3; -- a plan
EXPLAIN SELECT * FROM patients WHERE id = 3; -- of a table with labels
EXPLAIN SELECT count(*) FROM patients; -- of a count
EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM treatments ORDER BY at; -- with times
EXPLAIN (ANALYZE) SELECT city, count(*) FROM patients GROUP BY city; -- of groups
EXPLAIN (FORMAT json) SELECT * FROM pets; -- as a document
EXPLAIN (COSTS off) SELECT p.id FROM patients p JOIN treatments t ON t.patient_id = p.id; -- of a join
EXPLAIN (VERBOSE) SELECT id, city FROM patients ORDER BY id; -- in detail
EXPLAIN ANALYZE SELECT * FROM patients WHERE id = 3; -- of a lookup
EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM treatments t JOIN staff s ON s.id = t.staff_id; -- for a viewer of plans
EXPLAIN (SETTINGS) SELECT 1; -- with settings
EXPLAIN SELECT * FROM patients WHERE handle = 'somebody'; -- of a lookup by handle
