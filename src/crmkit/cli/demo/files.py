"""The demo's files: CSV as other programs write it, and the mappings that say what its columns are."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .company import Company, Row

SOURCE: Final = "ketting"

MAPPINGS: Final[Mapping[str, tuple[str, str]]] = {
    "teams": ("teams", ""),
    "agents": ("agents", ""),
    "touchpoints": ("touchpoints", '[columns]\nkey = "key"\noffice = "office"\nname = "name"\n'),
    "customers": (
        "customers",
        f"""[columns]
external_id       = {{ from = "number", source = "{SOURCE}" }}
name              = "name"
kind              = "kind"
status            = "status"
emails            = {{ from = "e-mail", split = "," }}
phones            = {{ from = "phone", split = "," }}
language          = "language"
country           = "country"
region            = "region"
time_zone         = "time zone"
owner             = "owner"
relationship      = "relationship"
tags              = {{ from = "tags", split = "|" }}
preferred_channel = "channel"
since             = "since"
at                = "since"
pipeline          = {{ value = "life-cycle" }}
stage             = {{ value = "exploration" }}
""",
    ),
    "departures": (
        "customers",
        f"""[columns]
external_id = {{ from = "number", source = "{SOURCE}" }}
status      = {{ value = "former" }}
at          = "left"
""",
    ),
    "life-cycle": (
        "stage-changes",
        f"""[columns]
record   = {{ from = "record", find = "external_id", source = "{SOURCE}" }}
stage    = "stage"
reason   = "reason"
at       = "at"
""",
    ),
    "interactions": (
        "interactions",
        f"""[columns]
external_ids = {{ from = "number", source = "{SOURCE}" }}
customer     = {{ from = "customer", find = "external_id", source = "{SOURCE}", otherwise = "reject" }}
channel      = "channel"
direction    = "direction"
touchpoint   = "touchpoint"
subject      = "subject"
agent        = "agent"
sentiment    = "sentiment"
occurred_at  = "at"
answered_at  = "answered"
""",
    ),
    "deals": (
        "deals",
        f"""[columns]
external_id = {{ from = "number", source = "{SOURCE}" }}
customer    = {{ from = "customer", find = "external_id", source = "{SOURCE}", otherwise = "reject" }}
title       = "title"
product     = "product"
amount      = {{ from = "amount", currency = {{ from = "currency" }} }}
owner       = "owner"
source      = "source"
opened_at   = "opened"
pipeline    = {{ value = "sales" }}
stage       = {{ value = "lead" }}
""",
    ),
    "deal-stages": (
        "stage-changes",
        f"""[columns]
record   = {{ from = "record", find = "external_id", source = "{SOURCE}" }}
stage    = "stage"
reason   = "reason"
at       = "at"
""",
    ),
    "purchases": (
        "purchases",
        f"""[columns]
external_id  = {{ from = "number", source = "{SOURCE}" }}
number       = "number"
customer     = {{ from = "customer", find = "external_id", source = "{SOURCE}", otherwise = "reject" }}
product      = "product"
value        = {{ from = "value", currency = {{ from = "currency" }} }}
placed_at    = "placed"
delivered_at = "delivered"
reason       = "reason"
""",
    ),
    "costs": (
        "costs",
        """[columns]
kind        = "kind"
amount      = { from = "amount", currency = { from = "currency" } }
incurred_at = "incurred"
""",
    ),
    "cases": (
        "cases",
        f"""[columns]
external_id = {{ from = "number", source = "{SOURCE}" }}
number      = "number"
customer    = {{ from = "customer", find = "external_id", source = "{SOURCE}", otherwise = "reject" }}
subject     = "subject"
priority    = "priority"
category    = "category"
opened_at   = "opened"
pipeline    = {{ value = "cases" }}
stage       = {{ value = "new" }}
""",
    ),
    "case-stages": (
        "stage-changes",
        f"""[columns]
record   = {{ from = "record", find = "external_id", source = "{SOURCE}" }}
stage    = "stage"
reason   = "reason"
at       = "at"
""",
    ),
    "responses": (
        "responses",
        f"""[columns]
external_id = {{ from = "number", source = "{SOURCE}" }}
customer    = {{ from = "customer", find = "external_id", source = "{SOURCE}", otherwise = "reject" }}
touchpoint  = "touchpoint"
submitted_at = "answered"
survey      = {{ value = "satisfaction" }}
"answers.nps"  = "recommend"
"answers.csat" = "satisfied"
comment     = "comment"
""",
    ),
}
"""File -> what it is imported as, and its mapping; in the order in which they build on each other."""


def write_files(folder: Path, company: Company) -> None:
    """Write the company's files and their mappings into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (_, mapping) in MAPPINGS.items():
        _write(folder / f"{name}.csv", company.files[name])
        if mapping:
            (folder / f"{name}.toml").write_text(mapping, "utf-8")


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
