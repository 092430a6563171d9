"""A plain module of pluggy hooks, as it was written against API 1.0: each with other arguments left out."""

from __future__ import annotations

import attrs

from crmkit import Customer, Refusal, hookimpl
from crmkit.ports.survey_type import Scale

told = []


@hookimpl
def crmkit_offers():
    return [Scale("plain-stars", lo=1, hi=5, top=5, bottom=2)]


@hookimpl(tryfirst=True)
def crmkit_adjust(change):
    if isinstance(change.after, Customer) and change.after.note == "plain":
        return attrs.evolve(change.after, note="plain, adjusted")
    return None


@hookimpl
def crmkit_check(context, change):
    if isinstance(change.after, Customer) and change.after.name == "Nobody":
        return Refusal(f"Nobody is no name ({context.plugin}).", field="name")
    return None


@hookimpl
def crmkit_check_batch(changes):
    return [Refusal("Too many.") if len(changes) > 1000 else None for _ in changes]


@hookimpl(trylast=True)
def crmkit_subscribe(event):
    told.append(event.name)
