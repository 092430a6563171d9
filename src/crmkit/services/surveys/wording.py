"""What an invitation says, in the languages that crmkit comes with; whoever wants other words gives a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ...ports.survey_type import Scale, SurveyType
from ...records import LocalText, Question
from .questions import text_of

GREETING: Final = LocalText.of(
    "Dear {name},", nl="Beste {name},", hu="Kedves {name}!", he="שלום {name},", ar="عزيزنا {name}،", fa="{name} گرامی،",
)  # fmt: skip
SCALE: Final = LocalText.of(
    "Please reply to this message with a number from {lo} to {hi}; a few words why are welcome.",
    nl="Beantwoord dit bericht met een cijfer van {lo} tot {hi}; een paar woorden waarom zijn welkom.",
    hu="Kérjük, válaszoljon erre az üzenetre egy számmal {lo} és {hi} között; örülünk néhány szónak arról is, miért.",
    he="אנא השיבו להודעה זו במספר בין {lo} ל-{hi}; נשמח גם לכמה מילים מדוע.",
    ar="يرجى الرد على هذه الرسالة برقم من {lo} إلى {hi}، ويسعدنا أن تذكروا السبب ببضع كلمات.",
    fa="لطفاً با عددی از {lo} تا {hi} به این پیام پاسخ دهید؛ چند کلمه درباره دلیل آن هم خوشحالمان می‌کند.",
)
ENDS: Final = "{lo} = {lo_label}, {hi} = {hi_label}"
LINK: Final = LocalText.of(
    "You can answer here: {link}", nl="U kunt hier antwoorden: {link}", hu="Itt válaszolhat: {link}",
    he="אפשר לענות כאן: {link}", ar="يمكنكم الإجابة هنا: {link}", fa="از اینجا می‌توانید پاسخ دهید: {link}",
)  # fmt: skip
WORDS: Final = LocalText.of(
    "Please reply to this message in your own words.",
    nl="Beantwoord dit bericht in uw eigen woorden.", hu="Kérjük, válaszoljon erre az üzenetre a saját szavaival.",
    he="אנא השיבו להודעה זו במילים שלכם.", ar="يرجى الرد على هذه الرسالة بكلماتكم.", fa="لطفاً با کلمات خودتان به این پیام پاسخ دهید.",
)  # fmt: skip
THANKS: Final = LocalText.of(
    "Thank you!", nl="Dank u wel!", hu="Köszönjük!", he="תודה!", ar="شكرًا لكم!", fa="سپاسگزاریم!"
)
CODE: Final = LocalText.of(
    "Your code: {token}", nl="Uw code: {token}", hu="Az Ön kódja: {token}", he="הקוד שלכם: {token}", ar="رمزكم: {token}",
    fa="کد شما: {token}",
)  # fmt: skip
SUBJECT: Final = LocalText.of(
    "How are we doing?", nl="Hoe doen we het?", hu="Hogyan teljesítünk?", he="איך אנחנו?", ar="ما رأيكم بنا؟", fa="نظر شما درباره ما چیست؟",
)  # fmt: skip


def invitation_text(
    name: str, questions: Sequence[Question], types: Mapping[str, SurveyType], languages: Sequence[str], link: str = ""
) -> str:
    """Return the text of an invitation; the place ``{token}`` in it is filled when it goes.

    Args:
        link: where a form is; a ``{token}`` in it is filled too.
    """
    first = questions[0]
    parts = [GREETING.into(*languages).replace("{name}", name), text_of(first, types, languages)]
    parts += _how(types.get(first.type), languages, has_link=bool(link))
    if link:
        parts.append(LINK.into(*languages).replace("{link}", link))
    parts.append(THANKS.into(*languages))
    parts.append(CODE.into(*languages))
    return "\n\n".join(parts)


def _how(of: SurveyType | None, languages: Sequence[str], *, has_link: bool) -> list[str]:
    if not isinstance(of, Scale) or of.items:
        return [] if has_link else [WORDS.into(*languages)]
    ends = {"{lo}": str(of.lo), "{hi}": str(of.hi)}
    made = [_put(SCALE.into(*languages), ends)]
    if of.lo in of.labels and of.hi in of.labels:
        labels = {"{lo_label}": of.labels[of.lo].into(*languages), "{hi_label}": of.labels[of.hi].into(*languages)}
        made.append(_put(ENDS, {**ends, **labels}))
    return made


def _put(text: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        text = text.replace(place, value)
    return text
