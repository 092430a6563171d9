"""Consent: facts about who may be written to for what, and addresses that must not be written to at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ..errors import InvalidError
from ..ports.work import Service, verb
from ..query import each
from ..records import Consent, ContactPoint, Customer, Digest, Suppression
from .naming import Whom, customer_named
from .sending.dispatching import suppress
from .sending.judging import facts_about, rules_of, subject_of
from .sending.permission import IMPORTED, Standing, refusal, standing

Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"]


class Consents(Service):
    """Permission facts. They are only ever added; what they come to is in ``sending.permission``."""

    @verb
    def grant(
        self,
        customer: Whom,
        purpose: str,
        *,
        channel: str = "",
        basis: Basis = "consent",
        source: str = "",
        evidence: str = "",
        at: datetime | None = None,
    ) -> Consent:
        """Keep that a customer may be written to for a purpose.

        Args:
            channel: the kind of address (``email``, ``phone``); empty: any.
            source: where it was given: ``form``, ``phone``, ...; ``import`` is nobody's own word and lifts no withdrawal.
            evidence: a reference to what was shown and agreed to, never the text of a person.
        """
        whom = customer_named(self.unit, customer)
        source = source if self.unit.origin == "live" else IMPORTED
        return self.add(
            Consent(
                customer=whom.id, purpose=purpose, channel=channel, basis=basis, action="grant", at=at or self.now,
                source=source, evidence=evidence, actor=self.actor,
            )
        )  # fmt: skip

    @verb
    def withdraw(
        self, customer: Whom, purpose: str, *, channel: str = "", source: str = "", at: datetime | None = None
    ) -> tuple[Consent, ...]:
        """Keep that a customer does not want to be written to for a purpose, until they grant it anew.

        A fact is kept for the customer, and one for each of their addresses: these outlive the customer.
        """
        return self._refused(customer, "withdraw", purpose, channel, source, at)

    @verb
    def object(
        self, customer: Whom, purpose: str = "marketing", *, source: str = "", at: datetime | None = None
    ) -> tuple[Consent, ...]:
        """Keep that a customer objects. An objection to marketing is absolute: no later grant lifts it."""
        return self._refused(customer, "object", purpose, "", source, at)

    def _refused(
        self, customer: Whom, action: str, purpose: str, channel: str, source: str, at: datetime | None
    ) -> tuple[Consent, ...]:
        whom = customer_named(self.unit, customer)
        subjects = [None, *self._subjects(whom, channel)]
        facts = [
            Consent(
                customer=whom.id, subject=subject, purpose=purpose, channel=channel, action=action, at=at or self.now,
                source=source, actor=self.actor,
            )
            for subject in subjects
        ]  # fmt: skip
        return tuple(self.add(facts))

    @verb
    def state(self, customer: Whom, purpose: str, *, channel: str) -> Standing:
        """Return what the facts come to for a purpose on a kind of address, by this moment."""
        whom = customer_named(self.unit, customer)
        return standing(facts_about(self.unit, whom.id, self._subjects(whom, channel), purpose), purpose, channel)

    @verb
    def refusal(self, customer: Whom, purpose: str, *, channel: str) -> str:
        """Return why a customer would not be written to (``objected``, ``withdrawn``, ``no_consent``), or an empty text."""
        return refusal(self.state(customer, purpose, channel=channel), purpose, rules_of(self.unit.house))

    @verb
    def facts(self, customer: Whom) -> Sequence[Consent]:
        """Return all facts about a customer, the earliest first."""
        c = each(Consent)
        return self.unit.find(Consent, c.customer == customer_named(self.unit, customer).id, order=[c.at])

    @verb
    def suppress(self, address: str, *, channel: str = "email", reason: str = "asked") -> Suppression:
        """Never write to an address again, whoever has it. Only its keyed hash is kept.

        Raises:
            InvalidError: it can be no address of that kind.
        """
        kept = suppress(self, channel, address, reason)
        if kept is None:
            raise InvalidError(f"This can be no address of the kind {channel!r}.", code="address", field="address")
        return kept

    @verb
    def is_suppressed(self, address: str, *, channel: str = "email") -> bool:
        """Say whether an address must not be written to."""
        subject = subject_of(self.unit.house, channel, address)
        s = each(Suppression)
        return subject is not None and bool(self.find(Suppression, s.channel == channel, s.subject == subject, limit=1))

    def _subjects(self, customer: Customer, kind: str) -> list[Digest]:
        p = each(ContactPoint)
        where = [p.customer == customer.id, *([p.kind == kind] if kind else [])]
        made = (
            subject_of(self.unit.house, point.kind, point.value, customer.country)
            for point in self.unit.find(ContactPoint, *where)
        )
        return [subject for subject in made if subject is not None]
