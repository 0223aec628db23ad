"""What the user is told of a damaged file: what was carried over, what was lost, where it is."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_mcp.errors import StoreCorrupt
from sentinel_mcp.local.carry_over import CarriedOver
from sentinel_mcp.local.document_recovery import Recovered

DISMISSAL = "`sentinel-mcp local status --dismiss` ends this notice."


def logs_notice(carried: CarriedOver, kept_as: str) -> str:
    """Return what became of the ingested rows of damaged logs."""
    sentences = [
        f"logs.duckdb was damaged ({carried.damage}); it is kept as {kept_as}, and the tables "
        "were built anew."
    ]
    if carried.rows:
        sentences.append(f"Ingested rows carried over: {_counted(carried.rows)}.")
    if carried.lost:
        sentences.append(f"Ingested rows that could not be read: {_counted(carried.lost)}.")
    if carried.unknown:
        sentences.append(
            "Whether logs had been ingested into these is not known any more: "
            f"{', '.join(carried.unknown)}."
        )
    if not carried.rows and not carried.lost and not carried.unknown:
        sentences.append("No ingested rows could be read; there may have been some.")
    if carried.lost or carried.unknown or not carried.rows:
        sentences.append("Ingest what is missing again.")
    return " ".join([*sentences, DISMISSAL])


def documents_notice(error: StoreCorrupt, recovered: Recovered, kept_as: str) -> str:
    """Return what became of the changed documents of a damaged file."""
    sentences = [
        f"{error.message} It is kept as {kept_as}, and incidents and other resources were built "
        "anew.",
        f"Carried over: {len(recovered.documents):,} that were changed or deleted by hand, and "
        f"{len(recovered.appended):,} rows that changes had added to tables.",
        f"Could not be read: {_lost(recovered.lost_documents)} documents, of which those of the "
        f"scenario are there again, and {_lost(recovered.lost_appended)} added rows.",
    ]
    return " ".join([*sentences, DISMISSAL])


def _lost(count: int | None) -> str:
    return "an unknown number of" if count is None else f"{count:,}"


def _counted(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in rows.items())
