"""Taking log files in: what comes out of the store afterwards, through `ingest` itself."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from stores import built_store, copied

from moment import MOMENT
from sentinel_mcp.kql.catalog import bundled
from sentinel_mcp.local.ingest import IngestReport, ingest
from sentinel_mcp.local.store import Store

TIME = "2026-03-01T10:00:00Z"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_store(tmp_path_factory)


@pytest.fixture
def directory(built: Path, tmp_path: Path) -> Path:
    return copied(built, tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def take(
    directory: Path,
    *files: Path,
    table: str | None = "My_CL",
    where: Sequence[str] = (),
    windows_events: bool = False,
    time_field: str | None = None,
) -> IngestReport:
    return ingest(
        directory,
        table,
        files,
        catalog=bundled("sentinel"),
        where=where,
        windows_events=windows_events,
        time_field=time_field,
        now=MOMENT,
    )


def rows(directory: Path, sql: str) -> list[tuple[object, ...]]:
    with Store.open(directory, now=MOMENT) as store:
        connection = store.connect()
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


def types(directory: Path, table: str) -> dict[str, str]:
    with Store.open(directory, now=MOMENT) as store:
        return {each.name: each.type for each in store.tables()[table].columns}


LINES = f'{{"TimeGenerated":"{TIME}","n":1}}\n\n{{"TimeGenerated":"{TIME}","n":2}}\n'
ARRAY = f'[{{"TimeGenerated":"{TIME}",\n "n":1}},\n{{"TimeGenerated":"{TIME}","n":2}}]'
CONCATENATED = ARRAY.strip("[]").replace("},", "}\n")
TABLE = f"TimeGenerated,n\n{TIME},1\n{TIME},2\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINES),
        ("a.json", LINES),
        ("a.json", LINES.strip()),
        ("a.json", ARRAY),
        ("a.json", CONCATENATED),
        ("a.json", "\ufeff" + ARRAY),
        ("a.json", f"[{LINES.splitlines()[0]}]\n[{LINES.splitlines()[2]}]"),
        ("a.json", LINES.encode("utf-16")),
        ("a.csv", TABLE),
        ("a.csv", "\ufeff" + TABLE.replace("\n", "\r\n")),
        ("a.csv", TABLE.replace(",", ";")),
        ("a.tsv", TABLE.replace(",", "\t")),
        ("a.csv", TABLE.encode("utf-16")),
        ("a.log", LINES),
    ],
)
def test_every_way_of_writing_two_rows_gives_two_rows(
    directory: Path, folder: Path, name: str, content: str | bytes
) -> None:
    report = take(directory, written(folder, name, content))

    assert (report.taken, report.refused) == (2, 0)
    assert rows(directory, "SELECT n, Type FROM My_CL ORDER BY n") == [(1, "My_CL"), (2, "My_CL")]
    assert types(directory, "My_CL")["n"] == "long"


def test_parquet_keeps_its_types(directory: Path, folder: Path) -> None:
    path = folder / "a.parquet"
    duckdb.execute(
        "COPY (SELECT TIMESTAMPTZ '2026-03-01 12:00:00+02' AS TimeGenerated, 7 AS n, 1.5 AS r, "
        "true AS b, {'k': [1, 2]} AS d, TIMESTAMP '2026-03-01 10:00:00' AS moment, 'x' AS s, "
        f"NULL::INTEGER AS nothing, 'abc'::BLOB AS raw) TO '{path}'"
    )
    report = take(directory, path)

    assert report.taken == 1
    assert rows(directory, "SELECT TimeGenerated, n, d, moment, s FROM My_CL") == [
        (datetime(2026, 3, 1, 10), 7, '{"k":[1,2]}', datetime(2026, 3, 1, 10), "x")
    ]
    found = types(directory, "My_CL")
    assert (found["b"], found["d"], found["moment"]) == ("bool", "dynamic", "datetime")


def test_archives_are_read_through_and_what_is_no_log_is_passed_over(
    directory: Path, folder: Path
) -> None:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../outside.jsonl", LINES)
        archive.writestr("deep/er/b.csv", TABLE)
        archive.writestr("README.txt", "hello")
    report = take(directory, path)

    assert report.taken == 4
    assert any("README.txt" in each for each in report.notices)
    assert not list(folder.parent.rglob("outside.jsonl"))


def test_known_columns_get_their_types_and_unknown_ones_those_of_their_content(
    directory: Path, folder: Path
) -> None:
    content = (
        f'{{"TimeGenerated":"{TIME}","EventID":"4624","LogonType":"3","Keywords":-5,"Mine":1.5,'
        '"Tags":["a"],"Nested":{"k":1},"Flag":true,"When":"2026-01-02T03:04:05+01:00",'
        '"Quoted":"12","None":null}\n'
    )
    report = take(directory, written(folder, "a.jsonl", content), table="SecurityEvent")

    found = types(directory, "SecurityEvent")
    assert report.refused == 0
    assert (found["EventID"], found["Keywords"]) == ("int", "string")
    assert (found["Mine"], found["Tags"], found["Nested"]) == ("real", "dynamic", "dynamic")
    assert (found["Flag"], found["When"], found["Quoted"]) == ("bool", "datetime", "string")
    assert rows(
        directory,
        'SELECT EventID, LogonType, Keywords, Tags, "When", Quoted, "None", CommandLine '
        "FROM SecurityEvent WHERE Mine = 1.5",
    ) == [(4624, 3, "-5", '["a"]', datetime(2026, 1, 2, 2, 4, 5), "12", "", "")]


def test_a_column_of_mixed_content_is_text_and_keeps_every_value(
    directory: Path, folder: Path
) -> None:
    lines = "".join(
        f'{{"TimeGenerated":"{TIME}","v":{value}}}\n' for value in ("1", '"null"', "2.5", "true")
    )
    take(directory, written(folder, "a.jsonl", lines))

    assert types(directory, "My_CL")["v"] == "string"
    assert rows(directory, "SELECT v FROM My_CL") == [("1",), ("null",), ("2.5",), ("true",)]


def test_csv_numbers_with_leading_zeros_stay_text(directory: Path, folder: Path) -> None:
    content = f"TimeGenerated,code,n,r,b\n{TIME},007,1,1.5,true\n{TIME},12,,,FALSE\n"
    take(directory, written(folder, "a.csv", content))

    found = types(directory, "My_CL")
    assert (found["code"], found["n"], found["r"], found["b"]) == ("string", "long", "real", "bool")
    assert rows(directory, "SELECT code, n, r, b FROM My_CL") == [
        ("007", 1, 1.5, True),
        ("12", None, None, False),
    ]


def test_a_spelling_that_differs_in_case_goes_to_the_tables_column(
    directory: Path, folder: Path
) -> None:
    lines = (
        f'{{"TimeGenerated":"{TIME}","eventid":4624,"Note":"a"}}\n'
        f'{{"timegenerated":"{TIME}","EVENTID":4625,"NOTE":"b"}}\n'
        f'{{"TimeGenerated":"{TIME}","EventID":1,"eventid":2,"Note":"c"}}\n'
    )
    report = take(directory, written(folder, "a.jsonl", lines), table="securityevent")

    assert report.tables[0].name == "SecurityEvent"
    assert rows(
        directory,
        "SELECT EventID, EventID_2, Note FROM SecurityEvent WHERE Note <> '' ORDER BY Note",
    ) == [(4624, None, "a"), (4625, None, "b"), (1, 2, "c")]
    hows = {each.source: (each.column, each.how) for each in report.tables[0].fields}
    assert hows["EVENTID"] == ("EventID", "spelling")


def test_names_that_kql_cannot_take_are_made_fit_and_shown(directory: Path, folder: Path) -> None:
    line = f'{{"@timestamp":"{TIME}","@version":"1","Version":2,"a b-c":3,"1st":4,"größe":5}}\n'
    report = take(directory, written(folder, "a.jsonl", line))

    shown = {each.source: each.column for each in report.tables[0].fields}
    assert shown["@timestamp"] == "TimeGenerated"
    assert (shown["@version"], shown["Version"]) == ("_version", "Version")
    assert (shown["a b-c"], shown["1st"], shown["größe"]) == ("a_b_c", "_1st", "gr__e")
    assert rows(directory, "SELECT _version, Version, a_b_c, _1st FROM My_CL") == [("1", 2, 3, 4)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("TimeGenerated", "2026-03-01T10:00:00Z"),
        ("TimeGenerated [UTC]", "3/1/2026, 10:00:00.000 AM"),
        ("@timestamp", "2026-03-01T12:00:00.1234567+02:00"),
        ("EventTime", "2026-03-01 10:00:00"),
        ("TimeCreated", "2026-03-01T10:00:00.000000000Z"),
        ("Timestamp", "1772359200"),
        ("CreationTime", "1772359200000"),
        ("UtcTime", "2026-03-01 10:00:00.000"),
        ("ts", "1772359200.0"),
        ("time", "01/Mar/2026:12:00:00 +0200"),
        ("published", "Sun, 01 Mar 2026 10:00:00 GMT"),
        ("ReceiptTime", "Mar 01 2026 10:00:00"),
    ],
)
def test_the_time_is_found_in_the_usual_fields_and_forms(
    directory: Path, folder: Path, field: str, value: str
) -> None:
    take(directory, written(folder, "a.jsonl", f'{{"{field}":"{value}","n":1}}\n'))

    ((found,),) = rows(directory, "SELECT TimeGenerated FROM My_CL")
    assert isinstance(found, datetime)
    assert found.replace(microsecond=0) == datetime(2026, 3, 1, 10)


def test_a_time_with_a_zone_outranks_the_local_one_of_the_machine(
    directory: Path, folder: Path
) -> None:
    line = f'{{"EventTime":"2026-03-01 05:00:00","@timestamp":"{TIME}"}}\n'
    take(directory, written(folder, "a.jsonl", line))

    assert rows(directory, "SELECT TimeGenerated, EventTime FROM My_CL") == [
        (datetime(2026, 3, 1, 10), "2026-03-01 05:00:00")
    ]


def test_the_field_with_the_time_can_be_named(directory: Path, folder: Path) -> None:
    line = '{"seen":"2026-03-01T10:00:00Z","timestamp":"garbage"}\n'
    take(directory, written(folder, "a.jsonl", line), time_field="Seen")

    assert rows(directory, "SELECT TimeGenerated, timestamp FROM My_CL") == [
        (datetime(2026, 3, 1, 10), "garbage")
    ]


def test_rows_that_cannot_be_taken_are_counted_with_line_and_reason(
    directory: Path, folder: Path
) -> None:
    lines = [
        f'{{"TimeGenerated":"{TIME}","EventID":1,"Mark":"yes"}}',
        '{"TimeGenerated":"banana","EventID":2}',
        '{"EventID":3}',
        f'{{"TimeGenerated":"{TIME}","EventID":"x"}}',
        f'{{"TimeGenerated":"{TIME}","EventID":5,',
        "[1, 2]",
        f'{{"TimeGenerated":"{TIME}","EventID":99999999999}}',
        f'{{"TimeGenerated":"{TIME}","EventID":8,"Mark":"yes"}}',
    ]
    path = written(folder, "a.jsonl", "\n".join(lines))
    report = take(directory, path, table="SecurityEvent")

    assert (report.taken, report.refused) == (2, 7)
    reasons = [(each.line, each.reason) for each in report.refusals]
    assert [line for line, _ in reasons] == [2, 3, 4, 5, 6, 6, 7]
    assert "'banana' is no time" in reasons[0][1]
    assert "no time" in reasons[1][1]
    assert "EventID: 'x' is no int" in reasons[2][1]
    assert "not JSON" in reasons[3][1]
    assert "not an object" in reasons[4][1]
    assert "does not fit int" in reasons[6][1]
    assert rows(directory, "SELECT EventID FROM SecurityEvent WHERE Mark = 'yes'") == [(1,), (8,)]


def test_csv_rows_name_the_line_on_which_they_begin(directory: Path, folder: Path) -> None:
    content = f'TimeGenerated,text\n{TIME},"two\nlines"\nbanana,x\n{TIME},too,many\n'
    report = take(directory, written(folder, "a.csv", content))

    assert [each.line for each in report.refusals] == [4, 5]
    assert rows(directory, "SELECT text FROM My_CL") == [("two\nlines",)]


def test_text_that_is_no_utf8_refuses_its_row_only(directory: Path, folder: Path) -> None:
    good = f'{{"TimeGenerated":"{TIME}","t":"ok"}}'.encode()
    bad = f'{{"TimeGenerated":"{TIME}","t":"'.encode() + b'\xff\xfe"}'
    lone = f'{{"TimeGenerated":"{TIME}","t":"\\ud800"}}'.encode()
    report = take(directory, written(folder, "a.jsonl", b"\n".join([good, bad, lone, good])))

    assert (report.taken, [each.line for each in report.refusals]) == (2, [2, 3])

    in_array = b"[" + b",".join([good, bad, lone, good]) + b"]"
    report = take(directory, written(folder, "b.json", in_array))
    assert (report.taken, report.refused) == (2, 2)
    assert "UTF-8" in report.refusals[0].reason


def test_only_rows_that_meet_the_condition_are_taken(directory: Path, folder: Path) -> None:
    lines = "".join(
        f'{{"TimeGenerated":"{TIME}","Channel":"{channel}","n":{number}}}\n'
        for number, channel in enumerate(["Security", "security", "System"])
    )
    report = take(directory, written(folder, "a.jsonl", lines), where=["channel=SECURITY"])

    assert (report.taken, report.skipped) == (2, 1)


def test_windows_events_go_to_the_table_of_their_channel(directory: Path, folder: Path) -> None:
    lines = "".join(
        f'{{"@timestamp":"{TIME}","EventID":{event},"Channel":"{channel}","Hostname":"pc1",'
        '"Message":"A service was installed in the system.\\r\\nmore","SourceName":"Source",'
        '"SubjectUserName":"eve","SubjectDomainName":"CORP","ServiceName":"Bad & Co"}\n'
        for event, channel in [
            (4697, "security"),
            (7045, "System"),
            (10, "Microsoft-Windows-Sysmon/Operational"),
        ]
    )
    report = take(directory, written(folder, "a.jsonl", lines), table=None, windows_events=True)

    assert {each.name: each.rows for each in report.tables} == {
        "SecurityEvent": 1, "Event": 1, "Sysmon": 1,
    }  # fmt: skip
    assert rows(
        directory,
        "SELECT Computer, Account, SubjectAccount, Activity, EventSourceName, ServiceName "
        "FROM SecurityEvent WHERE Hostname = 'pc1'",
    ) == [
        ("pc1", "CORP\\eve", "CORP\\eve", "4697 - A service was installed in the system.",
         "Source", "Bad & Co")
    ]  # fmt: skip
    ((computer, log, source, data),) = rows(
        directory, "SELECT Computer, EventLog, Source, EventData FROM Event WHERE Hostname = 'pc1'"
    )
    assert (computer, log, source) == ("pc1", "System", "Source")
    assert '<Data Name="ServiceName">Bad &amp; Co</Data>' in str(data)
    derived = {
        each.column: each.source for each in report.tables[0].fields if each.how == "derived"
    }
    assert derived["Computer"] == "Hostname"


def test_a_column_that_the_source_has_is_not_worked_out(directory: Path, folder: Path) -> None:
    line = (
        f'{{"TimeGenerated":"{TIME}","EventID":1,"Computer":"mine","Hostname":"other",'
        '"Account":""}\n'
    )
    report = take(directory, written(folder, "a.jsonl", line), table="SecurityEvent")

    assert rows(directory, "SELECT Computer FROM SecurityEvent WHERE Hostname = 'other'") == [
        ("mine",)
    ]
    hows = {each.column: each.how for each in report.tables[0].fields}
    assert hows["Computer"] == "schema"


def test_a_second_file_adds_rows_columns_and_widens_types(directory: Path, folder: Path) -> None:
    first = written(folder, "a.jsonl", f'{{"TimeGenerated":"{TIME}","v":1,"w":1}}\n')
    second = written(
        folder, "b.jsonl", f'{{"TimeGenerated":"{TIME}","v":"text","w":2.5,"x":true}}\n'
    )
    take(directory, first)
    take(directory, second)

    assert rows(directory, "SELECT v, w, x FROM My_CL") == [("1", 1.0, None), ("text", 2.5, True)]
    found = types(directory, "My_CL")
    assert (found["v"], found["w"], found["x"]) == ("string", "real", "bool")


@pytest.mark.parametrize("values", [("9007199254740993", "2.5"), ("2.5", "9007199254740993")])
def test_a_whole_number_keeps_its_last_digit_beside_fractions(
    directory: Path, folder: Path, values: tuple[str, str]
) -> None:
    for number, value in enumerate(values):
        text = f'{{"TimeGenerated":"{TIME}","v":{value}}}\n'
        take(directory, written(folder, f"{number}.jsonl", text))

    assert rows(directory, "SELECT v FROM My_CL") == [(value,) for value in values]


def test_a_field_named_type_that_is_not_the_table_is_kept_beside_it(
    directory: Path, folder: Path
) -> None:
    take(directory, written(folder, "a.jsonl", f'{{"TimeGenerated":"{TIME}","type":"alert"}}\n'))

    assert rows(directory, "SELECT Type, Type_2 FROM My_CL") == [("My_CL", "alert")]


def test_progress_reaches_its_end_without_going_back(directory: Path, folder: Path) -> None:
    told: list[float] = []
    ingest(
        directory,
        "My_CL",
        [written(folder, "a.jsonl", LINES)],
        catalog=bundled("sentinel"),
        now=MOMENT,
        on_progress=lambda _, part: told.append(part),
    )

    assert told == sorted(told)
    assert told[-1] == 1.0
