-- A labelled value in the clothes of another type.
SELECT full_name::varchar FROM patients; -- another text type
SELECT full_name::varchar(3) FROM patients; -- cut by a type's length
SELECT full_name::"char" FROM patients; -- the first byte as "char"
SELECT full_name::name FROM patients; -- as an identifier
SELECT full_name::bytea FROM patients; -- its bytes
SELECT full_name::json FROM patients; -- as a document, told in the error
SELECT ('"' || full_name || '"')::json FROM patients; -- as a valid document
SELECT full_name::xml FROM patients; -- as XML
SELECT CAST(full_name AS text COLLATE "C") FROM patients; -- a collation within a cast, not valid
SELECT (full_name COLLATE "C") FROM patients; -- another collation
SELECT born::text FROM patients; -- a date as text
SELECT born::timestamptz FROM patients; -- a date as a time
SELECT born - '2000-01-01'::date FROM patients; -- a date as a number of days
SELECT extract(year FROM born), extract(doy FROM born) FROM patients; -- a date in parts
SELECT to_char(born, 'J') FROM patients; -- a date as its Julian day
SELECT salary::int8 FROM patients; -- an amount as a number
SELECT salary::money FROM patients; -- an amount as money
SELECT salary::float8 FROM patients; -- an amount as a float
SELECT badge::numeric FROM patients; -- a number of another type
SELECT badge::bit(64) FROM patients; -- a number as bits
SELECT badge::oid FROM patients; -- a number that does not fit
SELECT badge::text::regclass FROM patients; -- a number as an object's name
SELECT full_name::regclass FROM patients; -- told as a name that does not exist
SELECT full_name::regtype FROM patients; -- told as a type that does not exist
SELECT full_name::regrole FROM patients; -- told as a role that does not exist
SELECT to_regclass(full_name) IS NULL FROM patients; -- a name looked up without an error
SELECT home::text FROM patients; -- a composite as text
SELECT (home).street FROM patients; -- a field of a composite
SELECT (home).* FROM patients; -- all fields of a composite
SELECT stay::text, lower(stay), upper(stay) FROM patients; -- a range's bounds
SELECT alias::text FROM patients; -- a domain as its base type
SELECT alias::nickname FROM patients; -- a domain as itself
SELECT full_name::nickname FROM patients; -- a text as a domain
SELECT full_name::mood FROM patients; -- an enum value that does not exist, told in the error
SELECT full_name::date FROM patients; -- invalid input, told in the error
SELECT full_name::inet FROM patients; -- invalid input of another type
SELECT full_name::uuid FROM patients WHERE id = 1; -- invalid input, of one row
SELECT full_name::int[] FROM patients; -- a malformed array
SELECT full_name::place FROM patients; -- a malformed record
SELECT full_name::tsvector FROM patients; -- words of a search document
SELECT full_name::tsquery FROM patients; -- a search query, told in the error
SELECT text 'x' || full_name FROM patients; -- a typed literal beside it
SELECT varchar(6) 'abcdefg', full_name::varchar(6) FROM patients; -- six characters
SELECT int8(badge), text(full_name), "varchar"(full_name) FROM patients; -- casts written as functions
SELECT p.full_name.text FROM patients p; -- a cast written as a field
