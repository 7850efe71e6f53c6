-- A labelled value by another way to its table.
TABLE patients; -- the whole table
SELECT * FROM ONLY patients; -- without its children
SELECT * FROM inpatients; -- the child
SELECT full_name FROM inpatients; -- a column of the child
SELECT payload FROM events; -- a partitioned table
SELECT payload FROM events_1; -- a partition
SELECT upper(payload) FROM events_2; -- a computed column of a partition
SELECT tableoid::regclass, payload || '' FROM events; -- across partitions
SELECT x FROM patients AS p (a, b, x); -- columns renamed
SELECT p.c FROM patients AS p (a, b, c); -- renamed, qualified
SELECT who FROM patient_nested; -- a view of a view
SELECT upper(who) FROM patient_nested; -- computed over a view of a view
SELECT * FROM patient_report; -- a view that aggregates
SELECT last_name FROM patient_report WHERE city = 'Oslo'; -- one of its columns
SELECT city FROM patient_report ORDER BY last_name; -- ordered by one
SELECT n FROM patient_report WHERE eldest > '1924-01-01'; -- chosen by one
SELECT full_name, badge FROM patient_cast; -- a view that casts
SELECT whole, doc FROM patient_whole; -- a view of whole rows
SELECT (whole).full_name FROM patient_whole; -- a field of a whole row
SELECT doc ->> 'full_name' FROM patient_whole; -- a field of a document
SELECT * FROM patient_filtered; -- a view whose rows are chosen by a value
SELECT count(*) FROM patient_filtered; -- how many they are
SELECT * FROM patient_sorted; -- a view whose rows are in order of a value
SELECT full_name, folded FROM patient_names; -- a materialised view
SELECT folded FROM patient_names WHERE folded > 'm'; -- chosen by its computed column
SELECT max(folded) FROM patient_names; -- aggregated
SELECT * FROM patients TABLESAMPLE system (100) REPEATABLE (1); -- a sample
SELECT upper(full_name) FROM patients TABLESAMPLE bernoulli (100); -- a computed sample
SELECT * FROM public.patients; -- with its schema
SELECT * FROM left.public.patients; -- with its database
SELECT public.patients.full_name || 'x' FROM public.patients; -- a column with its schema
SELECT full_name FROM pets; -- a column of that name elsewhere, which is not labelled
SELECT full_name FROM pets JOIN patients USING (full_name); -- a name that two tables have
SELECT * FROM pets NATURAL JOIN patients; -- by all names that two tables have
SELECT * FROM pets p FULL JOIN patients q USING (full_name); -- merged columns
SELECT j.full_name FROM (pets JOIN patients USING (full_name)) AS j; -- a join's alias
SELECT j.* FROM (pets p JOIN patients q ON p.id = q.id) AS j (a, b, c, d, e, f); -- a join's columns renamed
SELECT j.x FROM pets JOIN patients USING (id) AS j (x); -- an alias of USING, not valid
SELECT f.full_name FROM pets p LEFT JOIN staff f ON f.id = p.id; -- the outer side
SELECT upper(f.full_name) FROM pets p LEFT JOIN staff f ON f.id = p.id; -- computed from the outer side
