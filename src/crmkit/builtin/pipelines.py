"""The pipelines that every CRM begins with: selling, and the customer's own life cycle.

A pipeline that a host or plugin declares for deals goes before ``sales``: a deal that names none then enters that one.
"""

from __future__ import annotations

from crmkit import Customer, Deal, LocalText, Pipeline, Plugin, Stage

sales = Pipeline(
    "sales",
    of=Deal,
    name=LocalText.of("Sales", nl="Verkoop", hu="Értékesítés", he="מכירות", ar="المبيعات", fa="فروش"),
    stages=(
        Stage(
            "lead",
            probability=10,
            name=LocalText.of("Lead", nl="Lead", hu="Érdeklődő", he="ליד", ar="عميل محتمل", fa="سرنخ"),
        ),
        Stage(
            "qualified",
            probability=25,
            name=LocalText.of(
                "Qualified", nl="Gekwalificeerd", hu="Minősített", he="מוסמך", ar="مؤهل", fa="واجد شرایط"
            ),
        ),
        Stage(
            "offer",
            probability=50,
            name=LocalText.of("Offer", nl="Offerte", hu="Ajánlat", he="הצעה", ar="عرض", fa="پیشنهاد"),
        ),
        Stage(
            "negotiation",
            probability=75,
            name=LocalText.of(
                "Negotiation", nl="Onderhandeling", hu="Tárgyalás", he="משא ומתן", ar="تفاوض", fa="مذاکره"
            ),
        ),
        Stage(
            "won",
            "won",
            name=LocalText.of("Won", nl="Gewonnen", hu="Megnyert", he="נסגר בהצלחה", ar="مكسوبة", fa="برنده"),
        ),
        Stage(
            "lost", "lost", name=LocalText.of("Lost", nl="Verloren", hu="Elveszett", he="אבוד", ar="خاسرة", fa="باخته")
        ),
    ),
)

life_cycle = Pipeline(
    "life-cycle",
    of=Customer,
    enters=False,
    name=LocalText.of("Life cycle", nl="Levensloop", hu="Életciklus", he="מחזור חיים", ar="دورة الحياة", fa="چرخه عمر"),
    stages=(
        Stage("exploration", name=LocalText.of("Exploration", nl="Verkenning", hu="Felfedezés", he="היכרות", ar="استكشاف", fa="کاوش")),
        Stage("awareness", name=LocalText.of("Awareness", nl="Bewustwording", hu="Tudatosság", he="מודעות", ar="وعي", fa="آگاهی")),
        Stage("expansion", name=LocalText.of("Expansion", nl="Uitbreiding", hu="Bővülés", he="התרחבות", ar="توسع", fa="گسترش")),
        Stage("commitment", name=LocalText.of("Commitment", nl="Verbondenheid", hu="Elköteleződés", he="מחויבות", ar="التزام", fa="تعهد")),
        Stage(
            "dissolution",
            "lost",
            reasons=(
                "dissatisfied", "moved to another brand", "demand changed", "adds no sales", "fraud",
            ),
            name=LocalText.of("Dissolution", nl="Beëindiging", hu="Felbomlás", he="סיום", ar="انتهاء", fa="پایان"),
        ),
    ),
)  # fmt: skip

plugin = Plugin("pipelines", offers=(sales, life_cycle))
