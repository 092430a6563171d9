"""Search keys of texts that are there already, where a field is searched in since today, or the keys have a new form.

On a server this is done after the upgrade's own transaction, in many: others write meanwhile and wait for none of it.
What is to be folded stands in the ledger until it is, field by field, so that whoever breaks off is followed by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, literal_column, select, update

from crmkit.builtin.sql.catalogue import Catalogue
from crmkit.builtin.sql.dialect import Database
from crmkit.builtin.sql.layout import Layout, compiled
from crmkit.builtin.sql.ledger import keeper, remover
from crmkit.builtin.sql.link import Link, Row
from crmkit.builtin.sql.schema import Found
from crmkit.builtin.sql.steps import Step, sentence
from crmkit.records import Field
from crmkit.records.ledger import FOLD_AGAIN, FOLDING
from crmkit.records.text import FOLD_VERSION, fold

_PAGE: Final = 1000
"""Rows that are folded at once."""
Change = Callable[[Link, str, Sequence[Row]], object]


def to_fold(layout: Layout[Any], found: Found) -> list[Field]:
    """Return the fields whose texts are there and their search keys are not, or are of another version, or not all made yet."""
    there = found.columns.get(layout.table.name, frozenset())
    is_old = bool(found.ledger) and found.value("fold") != {"version": FOLD_VERSION}
    return [
        field
        for field in layout.declaration.stored
        if field.searchable
        and field.columns[0] in there
        and (is_old or field.columns[1] not in there or FOLDING + _name(layout, field) in found.ledger)
    ]


def noting(
    catalogue: Catalogue, found: Found, layout: Layout[Any], fields: Sequence[Field], *, aside: bool
) -> Iterator[Step]:
    """Note what is to be folded, where that is not one transaction with what makes it so; and what older code may write without its key."""
    for field in fields:
        name = _name(layout, field)
        keys = [FOLD_AGAIN] if FOLDING + name not in found.ledger else []
        keys += [FOLDING] if aside or catalogue.database.keeps_at_once else []
        for key in (start + name for start in keys):
            if key not in found.ledger:
                yield sentence(f"Note {key} in the ledger.", keeper(catalogue, found, key, {"version": FOLD_VERSION}))


def folding(catalogue: Catalogue, layout: Layout[Any], fields: Sequence[Field], *, aside: bool) -> Iterator[Step]:
    """Make the search keys of these fields anew, where they are not right.

    Args:
        aside: after this transaction, in many.
    """
    for field in fields:
        run = _folder(layout.table, field, catalogue.database, _kept_at_once if aside else _changed)
        done = remover(catalogue, FOLDING + _name(layout, field))
        yield Step(f"Fold {layout.declaration.name}.{field.name} anew.", _both(run, done), aside)


def not_sure(found: Found) -> Iterator[str]:
    """Yield a sentence about the texts that older code may have written without their keys."""
    names = sorted(key.removeprefix(FOLD_AGAIN) for key in found.ledger if key.startswith(FOLD_AGAIN))
    if names:
        yield (
            f"A search may not find what older versions have written since the last upgrade ({', '.join(names)}): "
            "`crmkit db upgrade --contract`, once none of them runs any more, mends it."
        )


def _name(layout: Layout[Any], field: Field) -> str:
    return f"{layout.declaration.name}.{field.name}"


def _both(first: Callable[[Link], None], then: Callable[[Link], None]) -> Callable[[Link], None]:
    def run(link: Link) -> None:
        first(link)
        then(link)

    return run


def _changed(link: Link, text: str, rows: Sequence[Row]) -> None:
    link.change_many(text, rows)


def _kept_at_once(link: Link, text: str, rows: Sequence[Row]) -> None:
    link.change("BEGIN")
    link.change_many(text, rows)
    link.change("COMMIT")


def _folder(table: Table, field: Field, database: Database, change: Change) -> Callable[[Link], None]:
    text: ColumnElement[Any] = table.c[field.columns[0]]
    folded: ColumnElement[Any] = table.c[field.columns[1]]
    asked = select(table.c.id, text, folded).where(table.c.id > bindparam("_after"), text.is_not(None))
    page = compiled(asked.order_by(table.c.id).limit(literal_column(str(_PAGE))), database).text
    # a text that somebody has changed since it was read has its own key by now
    this = and_(table.c.id == bindparam("_id"), text == bindparam("_text"))
    keep = compiled(update(table).values({field.columns[1]: bindparam("_fold")}).where(this), database).text

    def run(link: Link) -> None:
        after = database.smallest_id
        while rows := link.rows(page, (after,)):
            wrong = [(key, record_id, value) for record_id, value, was in rows if (key := fold(value)) != was]
            if wrong:
                change(link, keep, wrong)
            after = rows[-1][0]

    return run
