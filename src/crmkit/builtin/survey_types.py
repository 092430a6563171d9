"""The supplied survey types: NPS, CSAT, customer effort in both versions, and a comment in words.

Sources of the definitions: NPS, Reichheld and Bain (nps.bain.com); CES 1.0, Dixon, Freeman and Toman, Harvard Business Review
(2010); CES 2.0, CEB/Gartner, The Effortless Experience (2013); CSAT as the share of the two best answers of five.
"""

from __future__ import annotations

from typing import Final

from crmkit import LocalText, Plugin
from crmkit.ports.survey_type import Answers, Given, Problem, Scale, SurveyType

nps = Scale(
    "nps", lo=0, hi=10, top=9, bottom=6, headline="net", latest_per_customer=True, title="NPS",
    question=LocalText.of(
        "How likely are you to recommend us to a friend or colleague?",
        nl="Hoe waarschijnlijk is het dat u ons aanbeveelt aan een vriend of collega?",
        hu="Mennyire valószínű, hogy ajánlana minket egy barátjának vagy kollégájának?",
        he="מה הסיכוי שתמליצו עלינו לחבר או לעמית?",
        ar="ما مدى احتمال أن توصي بنا لصديق أو زميل؟",
        fa="چقدر احتمال دارد که ما را به دوستان یا همکاران خود توصیه کنید؟",
    ),
    labels={
        0: LocalText.of("not at all likely", nl="zeer onwaarschijnlijk", hu="egyáltalán nem valószínű",
                        he="בכלל לא סביר", ar="غير محتمل إطلاقًا", fa="اصلاً احتمال ندارد"),
        10: LocalText.of("extremely likely", nl="zeer waarschijnlijk", hu="nagyon valószínű",
                         he="סביר מאוד", ar="محتمل جدًا", fa="بسیار محتمل است"),
    },
)  # fmt: skip
csat = Scale(
    "csat", lo=1, hi=5, top=4, bottom=2, title="CSAT",
    question=LocalText.of(
        "How satisfied are you?",
        nl="Hoe tevreden bent u?", hu="Mennyire elégedett?", he="עד כמה אתם מרוצים?", ar="ما مدى رضاك؟", fa="چقدر راضی هستید؟",
    ),
    labels={
        1: LocalText.of("very dissatisfied", nl="zeer ontevreden", hu="nagyon elégedetlen",
                        he="מאוד לא מרוצים", ar="غير راضٍ إطلاقًا", fa="بسیار ناراضی"),
        5: LocalText.of("very satisfied", nl="zeer tevreden", hu="nagyon elégedett",
                        he="מרוצים מאוד", ar="راضٍ جدًا", fa="بسیار راضی"),
    },
)  # fmt: skip
ces2 = Scale(
    "ces2", lo=1, hi=7, top=5, bottom=3, title="Customer effort (CES 2.0)",
    question=LocalText.of(
        "They made it easy for me to handle my issue.",
        nl="Zij maakten het mij gemakkelijk om mijn zaak te regelen.", hu="Megkönnyítették, hogy elintézzem az ügyemet.",
        he="עזרו לי לטפל בעניין שלי בקלות.", ar="سهّلوا عليّ معالجة مسألتي.", fa="رسیدگی به کارم را برایم آسان کردند.",
    ),
    labels={
        1: LocalText.of("strongly disagree", nl="helemaal mee oneens", hu="egyáltalán nem értek egyet",
                        he="מאוד לא מסכים", ar="لا أوافق بشدة", fa="کاملاً مخالفم"),
        7: LocalText.of("strongly agree", nl="helemaal mee eens", hu="teljesen egyetértek",
                        he="מסכים מאוד", ar="أوافق بشدة", fa="کاملاً موافقم"),
    },
)  # fmt: skip
ces1 = Scale(
    "ces1", lo=1, hi=5, top=4, bottom=2, better="lower", headline="mean", title="Customer effort (CES 1.0)",
    question=LocalText.of(
        "How much effort did you personally have to put forth to handle your request?",
        nl="Hoeveel moeite moest u zelf doen om uw verzoek geregeld te krijgen?",
        hu="Mennyi erőfeszítésébe került, hogy elintézze a kérését?",
        he="כמה מאמץ נדרש מכם כדי לטפל בבקשה?", ar="ما مقدار الجهد الذي بذلته لمعالجة طلبك؟",
        fa="برای رسیدگی به درخواستتان چقدر تلاش کردید؟",
    ),
    labels={
        1: LocalText.of("very low effort", nl="zeer weinig moeite", hu="nagyon kevés",
                        he="מאמץ מועט מאוד", ar="جهد قليل جدًا", fa="بسیار کم"),
        5: LocalText.of("very high effort", nl="zeer veel moeite", hu="nagyon sok",
                        he="מאמץ רב מאוד", ar="جهد كبير جدًا", fa="بسیار زیاد"),
    },
)  # fmt: skip

LONGEST: Final = 10_000


class Comment(SurveyType):
    """An answer in the customer's own words; it has no score."""

    name = "comment"

    def check(self, raw: object) -> Answers | Problem:
        """Return the text without outer white space."""
        if raw is None or raw == "":
            return Problem("missing")
        if not isinstance(raw, str):
            return Problem("no_text", params={"value": type(raw).__name__})
        text = raw.strip()
        if len(text) > LONGEST:
            return Problem("too_long", params={"most": LONGEST})
        return Answers(whole=Given(text=text)) if text else Problem("missing")

    def schema(self, *languages: str) -> dict[str, object]:
        """Return the schema of a text."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}


plugin = Plugin("survey-types", offers=(nps, csat, ces2, ces1, Comment()))
