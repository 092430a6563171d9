"""Questions: one small closed language over record fields, with one meaning in Python, in SQL and as JSON."""

from __future__ import annotations

from .as_json import condition_to_json, find_to_json, tally_to_json
from .binding import Binding, bind, bind_tally
from .conditions import Always, And, Compare, Condition, Has, Missing, Not, OneOf, Or, TextTest, all_of, has
from .evaluate import Evaluator, Resolver, holds
from .from_json import condition_from_json, find_from_json, tally_from_json
from .moments import Ago, StartOf, ago, now, start_of
from .paths import (
    CustomStep,
    Descending,
    Difference,
    Each,
    FieldStep,
    FoldStep,
    LatestStep,
    Path,
    Product,
    Step,
    each,
    final_field,
    latest,
    path_of,
    reference_target,
)  # fmt: skip
from .question import Access, Find, Order, Page, cursor_of, find, keys_of
from .ranks import Rank, rank
from .tallies import (
    Bucket,
    Component,
    Key,
    Tallied,
    Tally,
    by_edges,
    check_tally,
    count,
    day,
    distinct,
    empty_value,
    least,
    month,
    most,
    quantile,
    quarter,
    squares,
    total,
    week,
    year,
)  # fmt: skip
from .tallying import tally
from .values import brought, reference_to

__all__ = [
    "Access", "Ago", "Always", "And", "Binding", "Bucket", "Compare", "Component", "Condition", "CustomStep",
    "Descending", "Difference", "Each", "Evaluator", "FieldStep", "Find", "FoldStep", "Has", "Key", "LatestStep",
    "Missing", "Not", "OneOf", "Or", "Order", "Page", "Path", "Product", "Rank", "Resolver", "StartOf", "Step",
    "Tallied", "Tally", "TextTest", "ago", "all_of", "bind", "bind_tally", "brought", "by_edges", "check_tally",
    "condition_from_json", "condition_to_json", "count", "cursor_of", "day", "distinct", "each", "empty_value",
    "final_field", "find", "find_from_json", "find_to_json", "has", "holds", "keys_of", "latest", "least", "month",
    "most", "now", "path_of", "quantile", "quarter", "rank", "reference_target", "reference_to", "squares", "start_of", "tally",
    "tally_from_json", "tally_to_json", "total", "week", "year",
]  # fmt: skip
