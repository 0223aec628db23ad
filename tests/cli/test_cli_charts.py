"""Pictures made of characters."""

from __future__ import annotations

import pytest

from sentinel_mcp.cli.charts import BAR_CHARS, Result, draw

BY_NAME = Result([("Name", "string"), ("Count", "long")], [["a", 10], ["bb", 5], ["c", None]])
BY_HOUR = Result(
    [("Time", "datetime"), ("Failed", "long"), ("Succeeded", "long")],
    [
        ["2026-01-01T00:00:00Z", 0, 8],
        ["2026-01-01T01:00:00Z", 4, 4],
        ["2026-01-01T02:00:00Z", 8, 0],
    ],
)


def test_bars_are_in_proportion_to_the_largest_value() -> None:
    title, first, second, third, _ = draw(BY_NAME, "barchart")

    assert title == "Count"
    assert first.count("█") == BAR_CHARS
    assert second.count("█") == BAR_CHARS / 2
    assert third.split() == ["c", "-"]


def test_a_chart_over_time_draws_one_line_for_each_series() -> None:
    failed, succeeded, axis = draw(BY_HOUR, "timechart")

    assert failed.startswith("Failed")
    assert failed.index("▁") < failed.index("█")
    assert succeeded.index("█") < succeeded.index("▁")
    assert axis.split() == ["2026-01-01", "00:00", "2026-01-01", "02:00"]


def test_a_column_of_text_splits_a_chart_over_time_into_series() -> None:
    result = Result(
        [("Time", "datetime"), ("Severity", "string"), ("Alerts", "long")],
        [["2026-01-01", "High", 1], ["2026-01-02", "Low", 2], ["2026-01-03", "High", 3]],
    )

    names = [line.split()[0] for line in draw(result, "timechart")]

    assert names[:2] == ["High", "Low"]


def test_render_decides_between_bars_and_lines() -> None:
    assert "█" * BAR_CHARS in "\n".join(draw(BY_HOUR, "columnchart"))
    assert "█" * BAR_CHARS not in "\n".join(draw(BY_HOUR, None))


@pytest.mark.parametrize(
    "result",
    [
        Result([("Name", "string")], [["a"]]),
        Result([("Count", "long")], []),
        Result([("Time", "datetime"), ("Count", "long")], [[None, 1]]),
    ],
)
def test_what_has_no_picture_is_told(result: Result) -> None:
    [line] = draw(result, "timechart")

    assert line.startswith("There is nothing to draw")


def test_numbers_that_are_none_are_left_out() -> None:
    result = Result([("N", "string"), ("V", "real")], [["a", "NaN"], ["b", "Infinity"], ["c", 2]])

    lines = draw(result, "barchart")

    assert [line.split() for line in lines[1:3]] == [["a", "-"], ["b", "-"]]


def test_escape_sequences_of_a_label_do_not_reach_the_terminal() -> None:
    result = Result([("N", "string"), ("V", "long")], [["\x1b[31mred", 1]])

    assert "\x1b" not in "".join(draw(result, None))


def test_a_long_list_of_bars_is_cut_and_says_so() -> None:
    result = Result([("N", "string"), ("V", "long")], [[str(n), n] for n in range(100)])

    assert draw(result, None)[-1] == "… and 40 more"
