"""What Microsoft Sentinel recommends for the workspaces; in its preview version only."""

from __future__ import annotations

from sentinel_mcp.domains.calls import AzureCalls
from sentinel_mcp.domains.content.models import (
    Recommendation,
    RecommendationListing,
    RecommendationState,
    Suggestion,
)
from sentinel_mcp.domains.documents import Document, flattened, inner, inners, name, text, time
from sentinel_mcp.domains.pages import PageRequest, page_of

MAX_SUGGESTIONS = 20

_URGENCY = {"Active": 0, "InProgress": 1}


class Recommendations:
    """Reads recommendations."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure

    async def page(
        self,
        state: RecommendationState | None,
        *,
        limit: int,
        cursor: str | None,
        workspace: str | None,
    ) -> RecommendationListing:
        """Return one page: those to be acted on first, then in order of title."""
        context = await self._azure.open(workspace)
        call = {
            "tool": "list_recommendations",
            "workspace": context.config.name,
            "state": state,
        }
        client = context.security_insights_preview_client
        found = await self._azure.read_all(
            "list the recommendations",
            lambda: client.get_recommendations.list(context.resource_group, context.workspace_name),
        )
        kept = sorted(
            (each for each in map(_recommendation, found) if state in (None, each.state)),
            key=lambda each: (_URGENCY.get(each.state or "", 2), each.title.casefold(), each.id),
        )
        page = page_of(kept, PageRequest(call, limit, cursor, self._azure.max_answer_bytes))
        return RecommendationListing(
            workspace=context.config.name,
            recommendations=page.items,
            total_count=len(kept),
            next_cursor=page.next_cursor,
        )


def _recommendation(document: Document) -> Recommendation:
    properties = inner(document, "properties")
    return Recommendation(
        id=name(document),
        title=text(properties, "title", 300) or name(document),
        kind=text(properties, "recommendationTypeId"),
        state=text(properties, "state"),
        description=text(properties, "description"),
        suggestions=[
            Suggestion(
                title=text(each, "title", 300),
                description=text(each, "description", 600),
                action=text(each, "action", 600),
            )
            for each in inners(properties, "suggestions")[:MAX_SUGGESTIONS]
        ],
        created=time(properties, "creationTimeUtc"),
        evaluated=time(properties, "lastEvaluatedTimeUtc"),
        facts=flattened(inner(properties, "additionalProperties")),
    )
