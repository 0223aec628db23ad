-- Strings; Kusto's are never null.
CREATE OR REPLACE MACRO __text(value) AS coalesce(value, '');
CREATE OR REPLACE MACRO __coalesce_text
    (a, b) AS coalesce(nullif(a, ''), b, ''),
    (a, b, c) AS coalesce(nullif(a, ''), nullif(b, ''), c, ''),
    (a, b, c, d) AS coalesce(nullif(a, ''), nullif(b, ''), nullif(c, ''), d, ''),
    (a, b, c, d, e) AS coalesce(nullif(a, ''), nullif(b, ''), nullif(c, ''), nullif(d, ''), e, '');
CREATE OR REPLACE MACRO __split
    (source, delimiter) AS to_json(str_split(source, delimiter)),
    (source, delimiter, position) AS
        to_json(list_slice(str_split(source, delimiter), position + 1, position + 1));
-- A term is a run of letters and digits: where the text begins or ends with one, nothing more of it
-- may stand there. Most rows have nothing of the text: that is found out first.
CREATE OR REPLACE MACRO __has(source, sought) AS
    CASE WHEN contains(lower(source), lower(sought))
         THEN regexp_matches(source, '(?i)'
            || CASE WHEN regexp_matches(sought, '^[\pL\pN]') THEN '(?:^|[^\pL\pN])' ELSE '' END
            || regexp_escape(sought)
            || CASE WHEN regexp_matches(sought, '[\pL\pN]$') THEN '(?:$|[^\pL\pN])' ELSE '' END)
         ELSE false END;
CREATE OR REPLACE MACRO __string_size(source) AS CAST(strlen(source) AS BIGINT);
CREATE OR REPLACE MACRO __tohex(number) AS lower(to_hex(number));
CREATE OR REPLACE MACRO __url_decode(source) AS
    CASE WHEN contains(source, '+') THEN error('url_decode of text with a + is not supported')
         ELSE url_decode(source) END;
CREATE OR REPLACE MACRO __todecimal(source) AS TRY_CAST(source AS DECIMAL(38, 9));
-- Kusto reads whole numbers in decimal and hexadecimal; of a fraction it drops what follows the point.
CREATE OR REPLACE MACRO __tolong_text(source) AS
    list_transform([trim(source)], lambda "~s": coalesce(
        CASE WHEN regexp_full_match("~s", '-?0[xX][0-9a-fA-F]{1,15}')
             THEN (CASE WHEN starts_with("~s", '-') THEN -1 ELSE 1 END) * CAST('0x' || split_part(lower("~s"), 'x', 2) AS BIGINT) END,
        TRY_CAST(CASE WHEN regexp_full_match("~s", '[+-]?[0-9]+') THEN "~s" END AS BIGINT),
        TRY_CAST(trunc(TRY_CAST("~s" AS DOUBLE)) AS BIGINT)))[1];
CREATE OR REPLACE MACRO __toint_text(source) AS TRY_CAST(__tolong_text(source) AS INTEGER);
CREATE OR REPLACE MACRO __indexof(source, sought, start) AS
    list_transform([position(sought IN substr(source, start + 1))], lambda "~p":
        CAST(CASE WHEN "~p" = 0 THEN -1 ELSE "~p" + start - 1 END AS BIGINT))[1];
CREATE OR REPLACE MACRO __bytes_text(size, digits) AS CASE
        WHEN abs(size) < 1024 THEN CAST(CAST(size AS BIGINT) AS VARCHAR) || ' B'
        WHEN abs(size) < 1048576 THEN CAST(CAST(round(size / 1024.0, CAST(digits AS INTEGER)) AS DECIMAL(38, 9)) AS DOUBLE)::VARCHAR || ' KB'
        ELSE error('format_bytes of a megabyte and more is not supported') END;
CREATE OR REPLACE MACRO __format_bytes
    (size) AS __bytes_text(size, 0),
    (size, digits) AS __bytes_text(size, digits);
CREATE OR REPLACE MACRO __rand() AS random();
CREATE OR REPLACE MACRO __new_guid() AS uuid();
-- The arguments of a command line; a quote within an argument is not taken apart.
CREATE OR REPLACE MACRO __parse_command_line(line, dialect) AS
    CASE WHEN lower(dialect) <> 'windows' THEN error('parse_command_line knows the windows dialect only')
         WHEN line = '' THEN NULL
         WHEN contains(line, '\"') OR regexp_matches(line, '[^\s"]"|"[^\s"]+"?[^\s"]*"[^\s]')
             AND NOT regexp_full_match(line, '\s*(("[^"]*"|[^\s"]+)(\s+|$))*')
             THEN error('parse_command_line of quotes within an argument is not supported')
         ELSE to_json(list_transform(regexp_extract_all(line, '"[^"]*"|[^\s"]+'), lambda "~a": trim("~a", '"'))) END;
CREATE OR REPLACE MACRO __parse_path(source) AS
    list_transform([{'s': source, 'f': regexp_extract(source, '([^\\/]*)$', 1)}], lambda "~p": json_object(
        'Scheme', regexp_extract("~p".s, '^([A-Za-z][A-Za-z0-9+.-]*)://', 1),
        'RootPath', CASE WHEN regexp_matches("~p".s, '^[A-Za-z]:') THEN left("~p".s, 2) ELSE '' END,
        'DirectoryPath', regexp_extract(regexp_replace("~p".s, '^[A-Za-z][A-Za-z0-9+.-]+://', ''), '^(.*)[\\/][^\\/]*$', 1),
        'DirectoryName', regexp_extract("~p".s, '([^\\/:]+)[\\/][^\\/]*$', 1),
        'Filename', split_part("~p".f, ':', 1),
        'Extension', regexp_extract(split_part("~p".f, ':', 1), '\.([^.]*)$', 1),
        'AlternateDataStreamName', split_part("~p".f, ':', 2)))[1];
-- scheme://user:password@host:port/path?query#fragment
CREATE OR REPLACE MACRO __query_parameters(query) AS
    __bag_of(list_transform(list_filter(str_split(query, '&'), lambda "~p": "~p" <> ''),
        lambda "~p": {'name': split_part("~p", '=', 1), 'value': to_json(CASE WHEN contains("~p", '=') THEN substr("~p", position('=' IN "~p") + 1) ELSE '' END)}));
CREATE OR REPLACE MACRO __parse_url(source) AS
    list_transform([regexp_extract(source,
        '^(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::([0-9]+))?(/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?$',
        ['scheme', 'username', 'password', 'host', 'port', 'path', 'query', 'fragment'])], lambda "~u": json_object(
        'Scheme', "~u".scheme, 'Host', "~u".host, 'Port', "~u".port, 'Path', "~u".path,
        'Username', "~u".username, 'Password', "~u".password,
        'Query Parameters', __query_parameters("~u".query), 'Fragment', "~u".fragment))[1];
CREATE OR REPLACE MACRO __parse_urlquery(query) AS
    json_object('Query Parameters', __query_parameters(query));
