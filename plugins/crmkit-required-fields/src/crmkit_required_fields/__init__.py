"""What a deal must say before it is won or lost: a check, whoever moves it."""

import attrs
from crmkit import Change, Context, Deal, Plugin, Refusal, check, declaration_of


def _of_deals(settings: object, attribute: object, names: tuple[str, ...]) -> None:
    known = [field.name for field in declaration_of(Deal).own_fields]
    for name in names:
        if name not in known:
            raise ValueError(f"a deal has no field {name!r}: choose of {', '.join(known)}")


@attrs.frozen
class Settings:
    """``[settings.required-fields]``: the fields that must be filled before a deal is won, or lost."""

    won: tuple[str, ...] = attrs.field(default=(), validator=_of_deals)
    lost: tuple[str, ...] = attrs.field(default=(), validator=_of_deals)


@check(Deal)
def filled(change: Change[Deal], context: Context[Settings]) -> Refusal | None:
    """Refuse to close a deal that does not say what the settings ask for."""
    for state, names in (("won", context.settings.won), ("lost", context.settings.lost)):
        missing = [name for name in names if getattr(change.after, name) in {None, ""}]
        if missing and change.kind != "removed" and change.becomes(state=state):
            return Refusal(f"Before a deal is {state} it needs: {', '.join(missing)}.", field=missing[0])
    return None


plugin = Plugin("required-fields", settings=Settings, offers=(filled,))
