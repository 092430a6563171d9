from crmkit.testing import SurveyTypeContract

from .crmkit_wellbeing import trust


class TestTrust(SurveyTypeContract):
    survey_type = trust
    examples = (
        ({"keeps-promises": 7, "honest": 7, "cares": 7, "hides-things": 1, "hard-to-reach": 1}, 7.0),
        ({"keeps-promises": "۷", "honest": 1}, None),
    )
