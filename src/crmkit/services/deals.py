"""Deals: chances to sell, from the first question to won or lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypedDict, Unpack

import attrs

from ..errors import InvalidError, nearest
from ..ports.work import Service, verb
from ..query import Page, each
from ..records import Deal, Id, Money, StageChange
from .agents import Responsible, reference_of
from .naming import Whom, customer_named, named
from .pipelines import (
    CLOSED_DAYS,
    STALE_DAYS,
    BoardColumn,
    Pipelines,
    StageDuration,
    moves_of,
    only_pipeline,
    see_that_known,
    stages_of,
)

Which = Deal | Id[Deal] | str
"""A deal: the record, its id, or what people type for it."""


class DealFields(TypedDict, total=False):
    """What a deal can be given beside its title; ``custom`` changes the fields that it names (None: empties)."""

    amount: Money | None
    owner: Responsible | None
    probability: int | None
    expected_on: date | None
    source: str
    product: str
    custom: Mapping[str, Any]


_KNOWN: Final = ("title", "customer", *DealFields.__annotations__)


class Deals(Service):
    """Deals and their board."""

    @verb
    def open(
        self,
        customer: Whom | None,
        *,
        title: str = "",
        pipeline: str = "",
        stage: str = "",
        at: datetime | None = None,
        **fields: Unpack[DealFields],
    ) -> Deal:
        """Keep a new deal; without an owner it is the customer's.

        Args:
            pipeline: by default the only one of deals. stage: by default its first.
            at: when it was opened; by default now.

        Raises:
            InvalidError: a pipeline, stage or field is unknown, or a value wrong.
        """
        principal = customer_named(self.unit, customer) if customer else None
        values = self._values(fields)
        if principal is not None and "owner" not in values:
            values["owner"] = principal.owner
        deal = Deal(
            customer=principal.id if principal else None,
            title=title,
            pipeline=pipeline,
            stage=stage,
            opened_at=at or self.now,
            **values,
        )
        return self.unit.add(deal, name="deal.opened", at=at)

    @verb
    def change(
        self, deal: Which, *, title: str | None = None, customer: Whom | None = None, **fields: Unpack[DealFields]
    ) -> Deal:
        """Change the fields that are given; where it stands is changed by ``move``.

        Raises:
            ConflictError: somebody else changed the record that was passed since it was read.
        """
        before = self._deal(deal)
        values = self._values(fields)
        if "custom" in values:
            values["custom"] = {**before.custom, **values["custom"]}
        if title is not None:
            values["title"] = title
        if customer is not None:
            values["customer"] = customer_named(self.unit, customer).id
        after = attrs.evolve(before, **values)
        return before if after == before else self.unit.replace(after)

    @verb
    def move(  # type: ignore[override]  # the family's own verb
        self, deal: Which, stage: str, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> Deal:
        """Move a deal to a stage; won and lost ones are closed, reopened ones are not.

        Args:
            reason: one of the stage's reasons, where it has some. side: whose it is, ``customer`` or ``supplier``.
            at: when it was moved, by default now; before a later move it corrects the past alone.

        Raises:
            InvalidError: the stage or the reason is unknown. RefusedError: a rule does not allow it.
            ConflictError: somebody else changed the record that was passed since it was read.
        """
        return self.unit.move(self._deal(deal), stage, reason=reason, side=side, note=note, at=at)

    @verb
    def win(self, deal: Which, *, reason: str = "", note: str = "", at: datetime | None = None) -> Deal:
        """Move a deal to the first won stage of its pipeline."""
        one = self._deal(deal)
        return self.unit.move(one, self._ending(one, "won"), reason=reason, note=note, at=at)

    @verb
    def lose(
        self, deal: Which, *, reason: str = "", side: str = "", note: str = "", at: datetime | None = None
    ) -> Deal:
        """Move a deal to the first lost stage of its pipeline, with the reason."""
        one = self._deal(deal)
        return self.unit.move(one, self._ending(one, "lost"), reason=reason, side=side, note=note, at=at)

    @verb
    def find(  # type: ignore[override]  # the family's own verb
        self,
        text: str = "",
        *,
        customer: Whom | None = None,
        owner: Responsible | None = None,
        state: str = "",
        stage: str = "",
        pipeline: str = "",
        limit: int | None = 50,
        after: str | None = None,
    ) -> Page[Deal]:
        """Return the deals whose title has a text in it, the last opened first.

        Raises:
            NotFoundError: there is no such pipeline. InvalidError: no pipeline of deals has such a stage.
        """
        d = each(Deal)
        if stage or pipeline:
            see_that_known(self.unit, Deal, stage, pipeline)
        exact = {"state": state, "stage": stage, "pipeline": pipeline}
        where = [getattr(d, field) == value for field, value in exact.items() if value]
        if text.strip():
            where.append(d.title.contains(text))
        if customer:
            where.append(d.customer == customer_named(self.unit, customer).id)
        if owner:
            where.append(d.owner == reference_of(self.unit, owner))
        return self.unit.find(Deal, *where, order=[-d.opened_at], limit=limit, after=after)

    @verb
    def board(
        self, pipeline: str = "", *, closed_days: int = CLOSED_DAYS, stale_days: int = STALE_DAYS
    ) -> tuple[BoardColumn, ...]:
        """Return a column per stage: how many deals, their amounts per currency, how many are stale.

        Args:
            pipeline: by default the only one of deals. closed_days: of won and lost deals those of the last days.

        Raises:
            NotFoundError: there is no such pipeline. InvalidError: there are several, and none is named.
        """
        return self.service(Pipelines).board(self._pipeline(pipeline), closed_days=closed_days, stale_days=stale_days)

    @verb
    def durations(
        self, pipeline: str = "", *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[StageDuration, ...]:
        """Return how long deals stood at each stage; see ``Pipelines.durations``."""
        return self.service(Pipelines).durations(self._pipeline(pipeline), since=since, until=until)

    @verb
    def history(self, deal: Which) -> tuple[StageChange, ...]:
        """Return a deal's moves, the first one first."""
        return tuple(moves_of(self.unit, self._deal(deal)))

    def _pipeline(self, pipeline: str) -> str:
        return pipeline or only_pipeline(self.unit, Deal).key

    def _deal(self, deal: Which) -> Deal:
        if isinstance(deal, Deal):
            return deal
        return named(self.unit, Deal, deal) if isinstance(deal, str) else self.unit.get(Deal, deal)

    def _ending(self, deal: Deal, state: str) -> str:
        for stage in stages_of(self.unit, deal.pipeline):
            if stage.state == state and not stage.is_retired:
                return stage.key
        raise InvalidError(
            f"Pipeline {deal.pipeline!r} has no {state} stage: declare one, or move to another.",
            code="no_stage",
            field="stage",
        )

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for field in given:
            if field not in _KNOWN:
                raise InvalidError(
                    f"A deal has no field {field!r}.{nearest(field, _KNOWN)}", code="unknown_field", field=field
                )
        values = dict(given)
        if "owner" in values:
            values["owner"] = reference_of(self.unit, values["owner"])
        return values
