-- The same in other letters: names, quotes, escapes, comments and blanks.
SELECT "full_name" || '' FROM "patients"; -- quoted
SELECT FULL_NAME || '' FROM PATIENTS; -- in capitals
SELECT U&"full\005Fname" || '' FROM U&"\0070atients"; -- with Unicode escapes
SELECT U&"full!005Fname" UESCAPE '!' || '' FROM patients; -- with another escape
SELECT/**/full_name/**/||/**/''/**/FROM/**/patients; -- comments for blanks
SELECT /* /* nested */ id, */ full_name || '' FROM patients; -- nested comments
SELECT id -- full_name<CR>, full_name || '' FROM patients; -- a comment that a carriage return ends, on the server
SELECT full_name<CR>||<CR>'' FROM patients; -- carriage returns for blanks
SELECT 'a' --<CR> 'b', full_name || '' FROM patients; -- a literal continued behind a comment
SELECT $$x$$ || full_name FROM patients; -- a dollar quote
SELECT $a$ $$ $a$ || full_name FROM patients; -- one within another
SELECT E'\x66ull_name', full_name || E'\\' FROM patients; -- escapes in literals
SELECT N'x' || full_name, B'1'::text || full_name, X'1F'::text || full_name FROM patients; -- other literals
SELECT full_name||''from patients; -- without blanks
SELECT full_name/**/AS/**/"id",1x FROM patients; -- junk behind a number
SELECT p . full_name || '' FROM patients AS p; -- blanks round the dot
SELECT "p"."full_name" || '' FROM public."patients" "p"; -- all quoted
SELECT "full_name " FROM patients; -- a blank in a name
SELECT "Full_Name" FROM patients; -- capitals in a quoted name
SELECT full_name "id" FROM patients; -- a plain column's name
SELECT upper(full_name) AS "[masked:name]" FROM patients; -- a masked value's name
SELECT full_name AS "?column?", '' || full_name FROM patients; -- the server's own name
SELECT ((((((full_name)))))) || '' FROM patients; -- in brackets
SELECT (SELECT (SELECT (SELECT full_name)) || '') FROM patients; -- subqueries without FROM
SELECT full_name OPERATOR(pg_catalog.||) '' FROM patients; -- an operator in full
SELECT pg_catalog.upper(full_name), "upper"(full_name), PG_CATALOG."upper"(full_name) FROM patients; -- functions in full
SELECT upper(VARIADIC ARRAY[full_name]), concat(VARIADIC ARRAY[full_name]) FROM patients; -- variadic
SELECT left("str" => full_name, n => 3) FROM patients; -- by names that are not there
SELECT make_interval(secs => length(full_name)) FROM patients; -- by names
SELECT TRIM(BOTH 'x' FROM full_name), SUBSTRING(full_name SIMILAR '%' ESCAPE '#'), full_name NORMALIZE FROM patients; -- the standard's syntax
SELECT full_name IS NORMALIZED, full_name NOTNULL, full_name ISNULL FROM patients; -- postfix
SELECT full_name LIKE 'B%' ESCAPE '', full_name NOT BETWEEN 'a' AND 'b' FROM patients; -- questions
SELECT COLLATION FOR (full_name), full_name COLLATE "POSIX" < 'm' FROM patients; -- collations
SELECT id FROM patients WHERE full_name > 'm' -- ; SELECT 1; -- a semicolon in a comment
;;; SELECT full_name || '' FROM patients;;; -- empty statements
SELECT "safelight", full_name || '' FROM patients, (SELECT 1 AS "safelight") s; -- our own name
SELECT xmin::text || full_name, tableoid::text || full_name FROM patients; -- with system columns
SELECT current_user || full_name, session_user::text || full_name, CURRENT_DATE::text || full_name FROM patients; -- with the session's values
SELECT full_name AS a, a || '' FROM patients; -- an alias that may not be used
SELECT p."full_name"::"pg_catalog"."varchar" FROM patients p; -- a type in full
SELECT ALL full_name || '' FROM patients; -- ALL
SELECT FROM patients WHERE full_name > 'm'; -- no columns at all
SELECT WHERE (SELECT full_name > 'm' FROM patients WHERE id = 1); -- nothing but a choice
SELECT * FROM patients WHERE handle = '[handle:aaaaaaaaaaaaa]'; -- a pseudonym that is none
SELECT * FROM patients WHERE full_name = '[masked:name]'; -- a masked value
SELECT '[handle:aaaaaaaaaaaaa]', '[masked:name]', '[masked]'; -- masked values said
SELECT id FROM patients WHERE handle > '[handle:aaaaaaaaaaaaa]'; -- a pseudonym compared
-- parameters: [handle:aaaaaaaaaaaaa]
SELECT id FROM patients WHERE handle = $1; -- a pseudonym as a parameter
-- parameters: [handle:aaaaaaaaaaaaa]
SELECT $1::text; -- a pseudonym said
