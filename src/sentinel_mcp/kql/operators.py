"""The query operators of KQL, as they are written behind a pipe."""

from __future__ import annotations

_OPERATORS = """as consume count distinct evaluate extend facet find fork getschema invoke join
limit lookup make-series mv-apply mv-expand order parse parse-kv parse-where partition project
project-away project-keep project-rename project-reorder reduce render sample sample-distinct scan
search serialize sort summarize take top top-hitters top-nested union where"""

OPERATORS = tuple(_OPERATORS.split())
