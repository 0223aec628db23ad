-- Dynamic values are DuckDB's JSON; a missing member is NULL, a JSON null is kept as it is.
CREATE OR REPLACE MACRO __path(value, path) AS json_extract(value, path);
CREATE OR REPLACE MACRO __member(value, name) AS json_extract(value, '$."' || name || '"');
CREATE OR REPLACE MACRO __element(value, position) AS
    json_extract(value, CASE WHEN position < 0 THEN '$[#' || position || ']' ELSE '$[' || position || ']' END);
-- Text that is no JSON becomes a string, as in Kusto; empty text becomes null.
-- (An argument used twice is bound by a lambda: written out, nested calls grow exponentially.)
CREATE OR REPLACE MACRO __parse_json(source) AS
    list_transform([source], lambda "~s":
        CASE WHEN json_valid("~s") THEN CAST(json("~s") AS JSON) ELSE CAST(to_json(nullif("~s", '')) AS JSON) END)[1];
CREATE OR REPLACE MACRO __extract_json(source, path) AS
    CASE WHEN json_valid(source) THEN coalesce(json_extract_string(source, path), '') ELSE '' END;
CREATE OR REPLACE MACRO __is_null(value) AS (coalesce(json_type(value), 'NULL') = 'NULL');
CREATE OR REPLACE MACRO __gettype(value) AS
    CASE coalesce(json_type(value), 'NULL')
         WHEN 'NULL' THEN 'null' WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary'
         WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'DOUBLE' THEN 'double'
         ELSE 'long' END;
CREATE OR REPLACE MACRO __dynamic(value) AS to_json(value);
CREATE OR REPLACE MACRO __dynamic_of_text(value) AS
    CASE WHEN value IS NULL OR value = '' THEN NULL ELSE to_json(value) END;
CREATE OR REPLACE MACRO __dynamic_text(value) AS coalesce(json_extract_string(value, '$'), '');
CREATE OR REPLACE MACRO __items(value) AS
    list_transform([value], lambda "~v": CASE WHEN json_type("~v") = 'ARRAY' THEN CAST("~v" AS JSON[]) END)[1];
CREATE OR REPLACE MACRO __strcat_array(items, delimiter) AS
    coalesce(array_to_string(list_transform(__items(items), lambda "~x": __dynamic_text("~x")), delimiter), '');
-- Without repetitions, in the order of first appearance. A value that a lambda reads is bound by
-- another lambda first: DuckDB 2.0.0 fails on an aggregate that a macro puts inside one.
CREATE OR REPLACE MACRO __once(items) AS
    list_transform([items], lambda "~l": list_filter("~l", lambda "~x", "~i": list_position("~l", "~x") = "~i"))[1];
CREATE OR REPLACE MACRO __set_union
    (a, b) AS to_json(__once(list_concat(__items(a), __items(b)))),
    (a, b, c) AS to_json(__once(list_concat(list_concat(__items(a), __items(b)), __items(c))));
CREATE OR REPLACE MACRO __set_difference
    (a, b) AS to_json(__once(list_filter(__items(a), lambda "~x": NOT list_contains(__items(b), "~x")))),
    (a, b, c) AS to_json(__once(list_filter(__items(a),
        lambda "~x": NOT list_contains(__items(b), "~x") AND NOT list_contains(__items(c), "~x"))));
CREATE OR REPLACE MACRO __set_intersect
    (a, b) AS to_json(__once(list_filter(__items(a), lambda "~x": list_contains(__items(b), "~x")))),
    (a, b, c) AS to_json(__once(list_filter(__items(a),
        lambda "~x": list_contains(__items(b), "~x") AND list_contains(__items(c), "~x"))));
CREATE OR REPLACE MACRO __set_has_element(items, item) AS
    coalesce(list_contains(__items(items), CAST(to_json(item) AS JSON)), false);
CREATE OR REPLACE MACRO __array_index_of(items, item) AS
    CASE WHEN json_type(items) = 'ARRAY'
         THEN CAST(coalesce(list_position(__items(items), CAST(to_json(item) AS JSON)), 0) - 1 AS BIGINT) END;
CREATE OR REPLACE MACRO __all_numbers(items) AS
    list_bool_and(list_transform(items, lambda "~x": json_type("~x") IN ('UBIGINT', 'BIGINT', 'DOUBLE')));
CREATE OR REPLACE MACRO __all_strings(items) AS
    list_bool_and(list_transform(items, lambda "~x": json_type("~x") = 'VARCHAR'));
CREATE OR REPLACE MACRO __sorted(items, direction) AS
    CASE WHEN len(items) < 2 THEN to_json(items)
         WHEN __all_numbers(items) THEN to_json(list_transform(list_sort(list_transform(items,
             lambda "~x": {'key': CAST("~x" AS DOUBLE), 'value': "~x"}), direction), lambda "~p": "~p".value))
         WHEN __all_strings(items) THEN to_json(list_sort(list_transform(items,
             lambda "~x": json_extract_string("~x", '$')), direction))
         ELSE error('array_sort over values of several types is not supported') END;
CREATE OR REPLACE MACRO __array_sort_asc(items) AS __sorted(__items(items), 'ASC');
CREATE OR REPLACE MACRO __array_sort_desc(items) AS __sorted(__items(items), 'DESC');
CREATE OR REPLACE MACRO __bag_keys(bag) AS
    CASE WHEN json_type(bag) = 'OBJECT' THEN to_json(json_keys(bag)) END;
CREATE OR REPLACE MACRO __bag_has_key(bag, name) AS
    (json_type(bag) = 'OBJECT' AND list_contains(json_keys(bag), name));
CREATE OR REPLACE MACRO __entries(bag) AS
    list_transform(json_keys(bag), lambda "~k": {'name': "~k", 'value': json_extract(bag, '$."' || "~k" || '"')});
-- One bag of many; of several values for a name the first is kept.
CREATE OR REPLACE MACRO __bag_of(entries) AS
    CAST('{' || coalesce(array_to_string(list_transform(
        list_transform([entries], lambda "~l": list_filter("~l",
            lambda "~e", "~i": list_position(list_transform("~l", lambda "~o": "~o".name), "~e".name) = "~i"))[1],
        lambda "~e": CAST(to_json("~e".name) AS VARCHAR) || ':' || coalesce(CAST("~e".value AS VARCHAR), 'null')), ','), '') || '}' AS JSON);
CREATE OR REPLACE MACRO __bag_merge
    (a, b) AS __bag_of(list_concat(__entries(a), __entries(b))),
    (a, b, c) AS __bag_of(list_concat(list_concat(__entries(a), __entries(b)), __entries(c)));
CREATE OR REPLACE MACRO __bag_remove_keys(bag, names) AS
    CASE WHEN json_type(bag) = 'OBJECT' THEN __bag_of(list_filter(__entries(bag),
        lambda "~e": NOT list_contains(list_transform(__items(names), lambda "~n": json_extract_string("~n", '$')), "~e".name))) END;
-- Kusto's lists of numbers have at most 2^20 members; a longer one would also exhaust the memory.
-- (The test stands in the bound: DuckDB computes a constant list before the CASE around it.)
CREATE OR REPLACE MACRO __series(first, last, step) AS to_json(generate_series(first,
    CASE WHEN (last - first) // nullif(step, 0) >= 1048576
         THEN error('range() of more than 1048576 values is not supported') ELSE last END, step));
CREATE OR REPLACE MACRO __range
    (a, b) AS __series(a, b, 1),
    (a, b, c) AS __series(a, b, c);
