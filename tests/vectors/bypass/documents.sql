-- A labelled value in JSON or XML.
SELECT to_json(full_name), to_jsonb(full_name) FROM patients; -- a string
SELECT json_build_object('n', full_name), jsonb_build_array(full_name, born) FROM patients; -- built
SELECT row_to_json(p) FROM patients p; -- a row
SELECT row_to_json(x) FROM (SELECT id, full_name FROM patients) x; -- a part of a row
SELECT to_jsonb(p) ->> 'full_name' FROM patients p; -- a field of a row's document
SELECT to_jsonb(p) - 'full_name' FROM patients p; -- a row without one field
SELECT (to_jsonb(p) -> 'city') FROM patients p; -- a plain field, out of a labelled document
SELECT profile -> 'nick', profile ->> 'nick', profile #> '{nick}', profile #>> '{pin}' FROM patients; -- fields
SELECT profile['nick'] FROM patients; -- a subscript
SELECT profile ->> 'city' FROM patients; -- a field that is not secret, of a column that is
SELECT jsonb_path_query(profile, '$.nick'), jsonb_path_query_array(profile, '$.*') FROM patients; -- by path
SELECT jsonb_path_exists(profile, '$.nick ? (@ starts with "b")') FROM patients; -- a question by path
SELECT profile @? '$.pin ? (@ > 5000000000)' FROM patients; -- the same as an operator
SELECT id FROM patients WHERE profile @@ '$.pin > 5000000000'; -- rows chosen by path
SELECT id FROM patients WHERE profile @> '{"city": "Oslo"}'; -- rows chosen by containment
SELECT profile ? 'nick', profile ?| ARRAY['a'], profile ?& ARRAY['nick'] FROM patients; -- keys
SELECT jsonb_each(profile), jsonb_each_text(profile) FROM patients; -- pairs
SELECT k, v FROM patients, jsonb_each_text(profile) AS e (k, v); -- pairs as a table
SELECT jsonb_object_keys(profile) FROM patients; -- keys
SELECT jsonb_object_keys(jsonb_build_object(full_name, 1)) FROM patients; -- a value as a key
SELECT jsonb_set(profile, '{nick}', '"x"'), jsonb_pretty(profile), jsonb_strip_nulls(profile) FROM patients; -- changed
SELECT jsonb_array_elements_text(jsonb_build_array(full_name)) FROM patients; -- elements
SELECT * FROM jsonb_to_record((SELECT profile FROM patients WHERE id = 1)) AS r (nick text, pin bigint); -- a record
SELECT r.* FROM patients, jsonb_to_record(profile) AS r (nick text); -- records, lateral
SELECT * FROM jsonb_populate_record(NULL::place, (SELECT to_jsonb(home) FROM patients WHERE id = 1)); -- populated
SELECT jsonb_populate_record(NULL::patients, profile) FROM patients; -- a row of the table's type
SELECT jsonb_populate_recordset(NULL::patients, (SELECT jsonb_agg(p) FROM patients p)); -- rows
SELECT jsonb_typeof(profile), jsonb_typeof(profile -> 'pin') FROM patients; -- kinds
SELECT json_object(ARRAY[full_name], ARRAY[city]) FROM patients; -- an object of arrays
SELECT json_object(tags) FROM patients; -- an object of one array
SELECT JSON_OBJECT('n': full_name) FROM patients; -- the standard's constructor
SELECT JSON_ARRAYAGG(full_name ORDER BY full_name) FROM patients; -- the standard's aggregate
SELECT JSON_VALUE(profile, '$.nick') FROM patients; -- the standard's function
SELECT JSON_QUERY(profile, '$.nick'), JSON_EXISTS(profile, '$.pin ? (@ > 1)') FROM patients; -- and its kin
SELECT t.* FROM patients, JSON_TABLE(profile, '$' COLUMNS (nick text PATH '$.nick')) t; -- JSON_TABLE
SELECT JSON_SERIALIZE(profile), JSON_SCALAR(full_name), JSON(profile::text) FROM patients; -- other constructors
SELECT full_name IS JSON FROM patients; -- a question
SELECT xmlelement(name n, full_name), xmlforest(full_name), xmlelement(name n, xmlattributes(full_name)) FROM patients; -- XML
SELECT xmlconcat(xmlcomment(full_name)), xmlpi(name x, full_name) FROM patients; -- comments and instructions
SELECT xpath('/n/text()', xmlelement(name n, full_name)) FROM patients; -- XPath
SELECT x.* FROM patients, XMLTABLE('/r' PASSING xmlelement(name r, xmlelement(name n, full_name)) COLUMNS n text) x; -- XMLTABLE
SELECT xmlserialize(CONTENT xmlelement(name n, full_name) AS text) FROM patients; -- serialised
SELECT xmlparse(CONTENT full_name) FROM patients; -- parsed
SELECT xml_is_well_formed(full_name) FROM patients; -- a question
