"""Names for the demo's customers, in four scripts. All of them are made up for this purpose."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen
class Culture:
    """How people and firms are called somewhere.

    Attributes:
        family_first: the family name comes before the given name.
        prefix: what phone numbers begin with.
    """

    language: str
    country: str
    region: str
    time_zone: str
    prefix: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    firms: tuple[str, ...]
    family_first: bool = False

    def person(self, n: int) -> str:
        """Return the n-th name of a person; the same n gives the same name."""
        given, family = self.given[n % len(self.given)], self.family[(n // len(self.given) + n) % len(self.family)]
        return f"{family} {given}" if self.family_first else f"{given} {family}"


CULTURES: Final = (
    Culture(
        "nl", "NL", "Utrecht", "Europe/Amsterdam", "+3130",
        ("Anna", "Bé", "Daan", "Els", "Fleur", "Gijs", "Hanneke", "Joris", "Lotte", "Maarten", "Noor", "Sjoerd", "Tess", "Wouter"),
        ("Jansen", "de Wit", "van den Berg", "Bakker", "Visser", "van der Meer", "Smit", "Mulder", "de Boer", "Dekker", "Kok"),
        ("Fietsenmakerij de Ketting", "Bakkerij Zonneveld", "Stichting Stadstuin", "Van Vliet Transport", "Grachten Apotheek",
         "Basisschool de Linde", "Koeriers Utrecht Oost"),
    ),
    Culture(
        "hu", "HU", "Budapest", "Europe/Budapest", "+361",
        ("Ágnes", "Balázs", "Csilla", "Dániel", "Eszter", "Gergő", "Ilona", "Kristóf", "Márta", "Őrs", "Réka", "Zoltán"),
        ("Nagy", "Kovács", "Szőke", "Tóth", "Horváth", "Fűzi", "Kiss", "Molnár", "Lukács", "Gyenes"),
        ("Duna Kerékpár Kft.", "Zöld Udvar Étterem", "Hídfő Könyvesbolt", "Tisza Logisztika Zrt."),
        family_first=True,
    ),
    Culture(
        "he", "IL", "תל אביב", "Asia/Jerusalem", "+9723",
        ("נועה", "איתן", "מיכל", "יונתן", "תמר", "עומר", "שירה", "אלון", "רות", "דניאל", "הילה", "גיא"),
        ("לוי", "כהן", "מזרחי", "פרץ", "ברק", "שדה", "אבני", "רוזן", "גולן"),
        ("אופני הים", "מאפיית השחר", "ספריית הגן", "משלוחי הכרמל"),
    ),
    Culture(
        "ar", "JO", "عمّان", "Asia/Amman", "+9626",
        ("ليلى", "يوسف", "مريم", "خالد", "نور", "سامي", "هدى", "طارق", "سلمى", "كريم", "رنا", "زياد"),
        ("الحسيني", "منصور", "حداد", "الخطيب", "نجار", "صالح", "درويش", "عبد الله"),
        ("دراجات المدينة", "مخبز الزيتون", "مكتبة النهر", "شركة الوادي للنقل"),
    ),
    Culture(
        "fa", "IR", "شیراز", "Asia/Tehran", "+9871",
        ("پریسا", "آرش", "نگار", "کیان", "مهسا", "سینا", "شیرین", "بهرام", "گلناز", "یاشار", "ژاله", "فرهاد"),
        ("احمدی", "کریمی", "رستمی", "یزدانی", "نیک‌نام", "پاکزاد", "شیرازی", "گنجی"),
        ("دوچرخه‌سرای باغ", "نان‌وایی سپیده", "کتاب‌فروشی مهتاب", "باربری کویر"),
    ),
    Culture(
        "en", "GB", "Bristol", "Europe/London", "+44117",
        ("Amelia", "Ben", "Chloe", "Dev", "Erin", "Finn", "Grace", "Harriet", "Imran", "Jade", "Kofi", "Lewis"),
        ("Ashworth", "Bello", "Carter", "Doyle", "Evans", "Fletcher", "Okafor", "Price", "Singh", "Underwood"),
        ("Harbour Cargo Bikes", "Clifton Bakery", "Avon Community Garden", "Severn Couriers Ltd"),
    ),
)  # fmt: skip
