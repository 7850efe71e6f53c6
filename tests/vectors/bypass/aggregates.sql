-- A labelled value out of many rows.
SELECT max(full_name), min(full_name) FROM patients; -- the ends
SELECT min(born), max(born), avg(badge), sum(salary) FROM patients; -- figures
SELECT avg(salary) FROM patients WHERE id = 3; -- a figure of one row
SELECT sum(badge) - (SELECT sum(badge) FROM patients WHERE id <> 3) FROM patients; -- the difference of two sums
SELECT string_agg(full_name, ',') FROM patients; -- all in one
SELECT string_agg(full_name, ',' ORDER BY full_name) FROM patients; -- in order
SELECT string_agg(city, ',' ORDER BY full_name) FROM patients; -- plain values in a labelled order
SELECT string_agg(city, full_name) FROM patients; -- as a separator
SELECT array_agg(full_name), array_agg(DISTINCT full_name) FROM patients; -- an array
SELECT json_agg(full_name), jsonb_agg(p), json_object_agg(id, full_name) FROM patients p; -- documents
SELECT xmlagg(xmlelement(name x, full_name)) FROM patients; -- XML
SELECT glue(full_name) FROM patients; -- an aggregate of the database's own
SELECT glue(city ORDER BY full_name) FROM patients; -- whose order is labelled
SELECT count(*) FILTER (WHERE full_name LIKE 'B%') FROM patients; -- a filter
SELECT sum(visits) FILTER (WHERE born > '1925-01-01') FROM patients; -- plain figures, filtered
SELECT bool_or(full_name LIKE 'B%'), every(full_name > 'a') FROM patients; -- a yes or no
SELECT bit_xor(badge), bit_and(badge), bit_or(badge) FROM patients; -- bits
SELECT mode() WITHIN GROUP (ORDER BY full_name) FROM patients; -- the most frequent
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY born) FROM patients; -- the middle
SELECT percentile_cont(ARRAY[0.1, 0.5]) WITHIN GROUP (ORDER BY badge::float8) FROM patients; -- several
SELECT rank('m') WITHIN GROUP (ORDER BY full_name) FROM patients; -- where a guess would stand
SELECT percent_rank('m') WITHIN GROUP (ORDER BY full_name), cume_dist('m') WITHIN GROUP (ORDER BY full_name) FROM patients; -- in parts of one
SELECT stddev(badge), variance(badge), corr(badge, visits), regr_slope(badge, id) FROM patients; -- statistics
SELECT city, max(full_name) FROM patients GROUP BY city; -- by group
SELECT full_name, count(*) FROM patients GROUP BY full_name; -- grouped by it
SELECT count(*) FROM patients GROUP BY left(full_name, 1); -- grouped by its first letter
SELECT city, count(*) FROM patients GROUP BY city, born; -- grouped by it unseen
SELECT city FROM patients GROUP BY city HAVING max(full_name) > 'm'; -- groups chosen by it
SELECT city, count(*) FROM patients GROUP BY ROLLUP (city, full_name); -- rolled up
SELECT grouping(full_name), count(*) FROM patients GROUP BY CUBE (full_name); -- a cube
SELECT count(*) FROM patients GROUP BY GROUPING SETS ((full_name), (city), ()); -- sets
SELECT count(DISTINCT left(full_name, 1)) FROM patients; -- how many first letters
SELECT count(DISTINCT (born - '1921-01-01'::date) / 100) FROM patients; -- how many spans
SELECT max(length(full_name)) FROM patients; -- the longest
SELECT any_value(full_name) FROM patients; -- any of them
SELECT range_agg(stay), range_intersect_agg(stay) FROM patients; -- ranges
SELECT max(p) FROM patients p; -- a whole row
SELECT max(ROW(full_name, id)) FROM patients; -- a row
SELECT (max(ARRAY[full_name, city]))[1] FROM patients; -- an element of the greatest array
SELECT max(city || full_name) FROM patients; -- together with a plain one
