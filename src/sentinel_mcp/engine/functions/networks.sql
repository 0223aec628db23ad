-- An IPv4 address as a number; NULL where the text is none.
CREATE OR REPLACE MACRO __ip(source) AS
    list_transform([str_split(split_part(source, '/', 1), '.')], lambda "~p":
        CASE WHEN len("~p") = 4 AND list_bool_and(list_transform("~p", lambda "~n": regexp_full_match("~n", '25[0-5]|2[0-4]\d|1?\d?\d') AND "~n" <> ''))
             THEN TRY_CAST("~p"[1] AS BIGINT) * 16777216 + TRY_CAST("~p"[2] AS BIGINT) * 65536
                + TRY_CAST("~p"[3] AS BIGINT) * 256 + TRY_CAST("~p"[4] AS BIGINT) END)[1];
-- The length of its prefix; NULL where it is none.
CREATE OR REPLACE MACRO __prefix(source) AS
    list_transform([source], lambda "~s":
        CASE WHEN NOT contains("~s", '/') THEN 32
             WHEN regexp_full_match(split_part("~s", '/', 2), '\d|[12]\d|3[0-2]')
             THEN TRY_CAST(split_part("~s", '/', 2) AS INTEGER) END)[1];
CREATE OR REPLACE MACRO __network(address, prefix) AS (address >> (32 - prefix));
CREATE OR REPLACE MACRO __ipv4_is_private(source) AS
    list_transform([CASE WHEN __prefix(source) IS NOT NULL THEN __ip(source) END], lambda "~a":
        "~a" BETWEEN 167772160 AND 184549375 OR "~a" BETWEEN 2886729728 AND 2887778303
        OR "~a" BETWEEN 3232235520 AND 3232301055)[1];
CREATE OR REPLACE MACRO __ipv4_is_in_range(source, range) AS
    list_transform([{'a': __ip(source), 'b': __ip(range), 'p': __prefix(range)}],
        lambda "~s": __network("~s".a, "~s".p) = __network("~s".b, "~s".p))[1];
CREATE OR REPLACE MACRO __ipv4_is_in_any_range(source, ranges) AS
    list_transform([source], lambda "~s": CASE WHEN __ip("~s") IS NOT NULL THEN
        coalesce(list_bool_or(list_transform(__items(ranges),
            lambda "~r": coalesce(__ipv4_is_in_range("~s", json_extract_string("~r", '$')), false))), false) END)[1];
CREATE OR REPLACE MACRO __compared_networks(a, b, prefix) AS
    list_transform([{'a': __ip(a), 'b': __ip(b), 'p': least(__prefix(a), __prefix(b), prefix)}],
        lambda "~s": CAST(sign(__network("~s".a, "~s".p) - __network("~s".b, "~s".p)) AS BIGINT))[1];
CREATE OR REPLACE MACRO __ipv4_compare
    (a, b) AS __compared_networks(a, b, 32),
    (a, b, prefix) AS __compared_networks(a, b, prefix);
CREATE OR REPLACE MACRO __ipv4_is_match
    (a, b) AS (__compared_networks(a, b, 32) = 0),
    (a, b, prefix) AS (__compared_networks(a, b, prefix) = 0);
