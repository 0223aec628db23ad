"""Gives every column a name that DuckDB keeps apart and the translator's grammar reads.

KQL's names are case-sensitive and may hold any character; DuckDB folds case, and the grammar
takes keywords and bracketed names in some places only. Each KQL name therefore gets one name of
its own for the whole query, which is the KQL name itself wherever that is safe. The result's real
names travel beside the text, so a caller never sees these.
"""

from __future__ import annotations

import re

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_WORDS = """
access accumulate aggregations alias all and anomalychart anomalycolumns areachart as asc axes
bagexpansion barchart base between bin bin_legacy bool boolean by card cluster columnchart
consume contains contains_cs containscs count database datascope datatable date datetime decimal
declare decodeblocks default delta desc distinct double dynamic edges endswith endswith_cs
entity_group evaluate execute expandoutput extend external_data externaldata facet filter find
first flags float fork from getschema guid has has_all has_any has_cs hasprefix hasprefix_cs
hassuffix hassuffix_cs hidden hot hotcache hotdata hotindex id in int int16 int32 int64 int8
into invoke isfuzzy join kind ladderchart last legend let like likecs limit linear linechart
list log long lookup map materialize mvapply mvexpand nodes none nooptimization notcontains
notcontainscs notlike notlikecs null nulls of on optional or order others output pack panels
parse partition pattern piechart pivotchart plugin print project query_parameters range real
reduce regex relaxed render replace restrict sample scan scatterchart search serialize series
set simple sort stacked stackedareachart startswith startswith_cs step string summarize table
take threshold time timechart timeline timepivot timespan title to top toscalar totable treemap
typeof uint uint16 uint32 uint64 uint8 ulong union uniqueid unstacked uuid view visible where
with withsource with_source xaxis xcolumn xmax xmin xtitle yaxis ycolumns ymax ymin ysplit
ytitle true false not nan inf
"""
KEYWORDS = frozenset(_WORDS.split())

# The translator's lambdas: a column of such a name would be taken for the lambda's variable.
_LAMBDAS = """
i k m p t v x _bin _fd _gy _k _sa _t _ts _u _us _w
"""
VARIABLES = frozenset(_LAMBDAS.split())


def is_plain(name: str) -> bool:
    """Tell whether the translator takes the name as it is, everywhere."""
    folded = name.lower()
    return bool(_SIMPLE.match(name)) and folded not in KEYWORDS and folded not in VARIABLES


def bracketed(name: str) -> str:
    """Quote a name the way the grammar takes any name."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


class Names:
    """The names used in one query."""

    def __init__(self) -> None:
        self._columns: dict[str, str] = {}
        self._taken: set[str] = set()
        self._counter = 0

    def column(self, name: str) -> str:
        """Return the one name by which the column called `name` goes in the rewritten text."""
        known = self._columns.get(name)
        if known is not None:
            return known
        base = name if is_plain(name) else "c_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
        chosen, suffix = base, 1
        while chosen.lower() in self._taken:
            suffix += 1
            chosen = f"{base}__{suffix}"
        self._taken.add(chosen.lower())
        self._columns[name] = chosen
        return chosen

    def fresh(self, stem: str) -> str:
        """Return a name that nothing else in the query has."""
        while True:
            self._counter += 1
            chosen = f"__{stem}{self._counter}"
            if chosen.lower() not in self._taken:
                self._taken.add(chosen.lower())
                return chosen
