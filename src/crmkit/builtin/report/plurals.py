"""Plural forms by the rules of the Unicode CLDR, for whole numbers.

Source: CLDR, "Language Plural Rules" (cardinals).
"""

from crmkit.builtin.report.view import Number


def plural_form(rule: str, count: Number) -> str:
    """The name of the form that a count takes: zero, one, two, few, many, other."""
    if rule in ("arabic", "hebrew") and count != int(count):
        return "other"
    if rule == "arabic":
        return _arabic(count)
    if rule == "hebrew":
        return {1: "one", 2: "two"}.get(int(count), "other")
    if rule == "zero-one-other":
        return "one" if 0 <= count <= 1 else "other"
    return "one" if count == 1 else "other"


def _arabic(count: Number) -> str:
    if count in (0, 1, 2):
        return ("zero", "one", "two")[int(count)]
    rest = count % 100
    if 3 <= rest <= 10:
        return "few"
    return "many" if rest >= 11 else "other"
