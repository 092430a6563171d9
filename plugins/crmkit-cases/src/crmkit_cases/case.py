"""The record type and its pipeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import attrs
from crmkit import (
    AnyRef,
    Choices,
    Code,
    Customer,
    History,
    Id,
    Indexed,
    LocalText,
    Owner,
    Personal,
    Pipeline,
    Searchable,
    Stage,
    Staged,
)


@attrs.frozen(kw_only=True)
class Case(Staged, unique=[("number",)]):
    """Something that a customer asks us to solve; the customer may not be known yet."""

    customer: Annotated[Id[Customer] | None, Owner(on_erase="keep", on_merge_conflict="keep_winner")] = None
    number: Code | None = None
    """The number that people use; given when it is opened, or by an import."""
    subject: Annotated[str, Personal(), Searchable()] = ""
    solution: Annotated[str, Personal()] = ""
    priority: Annotated[Code, Choices("low", "normal", "high", "urgent"), Indexed()] = "normal"
    category: Annotated[Code, Indexed()] = ""
    owner: Annotated[AnyRef | None, History()] = None
    channel: Code = ""
    touchpoint: Code = ""
    opened_at: Annotated[datetime | None, Indexed()] = None
    closed_at: Annotated[datetime | None, Indexed()] = None
    reason: Code = ""


cases_path = Pipeline(
    "cases",
    of=Case,
    name=LocalText.of("Service cases", nl="Servicezaken", hu="Ügyek", he="פניות שירות", ar="حالات الخدمة", fa="پرونده‌های خدمات"),
    stages=(
        Stage("new", name=LocalText.of("New", nl="Nieuw", hu="Új", he="חדש", ar="جديدة", fa="تازه")),
        Stage("in-work", name=LocalText.of("In work", nl="In behandeling", hu="Folyamatban", he="בטיפול", ar="قيد العمل", fa="در حال انجام")),
        Stage("waiting", "hold", name=LocalText.of("Waiting", nl="Wacht", hu="Várakozik", he="ממתין", ar="بانتظار", fa="در انتظار")),
        Stage("resolved", "won", name=LocalText.of("Resolved", nl="Opgelost", hu="Megoldva", he="נפתר", ar="محلولة", fa="حل شد")),
        Stage("closed", "lost", name=LocalText.of("Closed unsolved", nl="Gesloten", hu="Lezárva", he="נסגר", ar="مغلقة", fa="بسته")),
    ),
)  # fmt: skip
