"""Keeping rows of survey responses: an answer per row (``question``, ``answer``), or one per column (``answers.NAME``).

What an answer says is checked by its survey type. Several rows with one external id are one response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import attrs

from ...ports.survey_type import Answers, Given, Problem, SurveyType
from ...ports.work import Work
from ...query import each
from ...records import Answer, Question, Survey, SurveyVersion
from .drafts import Draft, Outcome, ReadRow
from .keeping import RecordKeeper
from .mapping import Target
from .references import external_of
from .targets import ImportTarget
from .values import ExternalKey, Lookup

PREFIX: Final = "answers."
FIELDS: Final = (
    Target(name="survey_type", kind="code"),
    Target(name="question", kind="code"),
    Target(name="answer", aliases=("score",)),
    Target(name="comment"),
)
COMMENT: Final = "comment"
"""The survey type of a comment that comes without a score."""
Place = tuple[UUID, str, str]
"""Response, question, item."""


def of_responses(plain: ImportTarget, columns: Iterable[str]) -> ImportTarget:
    """Return the target of responses.

    Args:
        columns: the names in a mapping or header, of which those of answers become targets.
    """
    own = tuple(Target(name=name) for name in dict.fromkeys(columns) if name.startswith(PREFIX))
    return attrs.evolve(plain, name="responses", fields=(*map(_renamed, plain.fields), *FIELDS, *own))


def _renamed(field: Target) -> Target:
    return attrs.evolve(field, aliases=("answered_at",)) if field.name == "submitted_at" else field


@attrs.frozen
class _Asked:
    """One answer as a row gives it."""

    question: str
    column: str
    raw: Any
    comment: str = ""
    kind: str = ""


class ResponseKeeper(RecordKeeper):
    """Responses, their answers, and (where the mapping adds the survey) its questions."""

    def __init__(self, work: Work, target: ImportTarget) -> None:
        super().__init__(work, target)
        self._types: Mapping[str, SurveyType] = {o.value.name: o.value for o in work.house.loaded.offers(SurveyType)}
        self._heads: dict[Any, Draft] = {}

    def keep(self, rows: Sequence[ReadRow]) -> list[Outcome]:
        """Keep rows; those that share an external id become one response."""
        self._heads = {}
        return super().keep(rows)

    def identify(self, drafts: Sequence[Draft]) -> None:
        """By id or external id, also of an earlier row of the batch."""
        super().identify(drafts)
        self._questions = _Questions(self.work, [d.fields["survey"] for d in drafts if "survey" in d.fields])

    def check(self, draft: Draft) -> None:
        """Let the survey types check the answers."""
        if draft.old is not None:
            draft.fields.setdefault("survey", draft.old.survey)
        super().check(draft)
        if draft.problem is None:
            draft.more["answers"] = [one for asked in _asked(draft.row) if (one := self._checked(draft, asked))]

    def _checked(self, draft: Draft, asked: _Asked) -> tuple[str, str, Answers] | None:
        of = self._type_of(draft, asked)
        if of is None:
            return None
        found = of.check(asked.raw)
        if isinstance(found, Problem):
            draft.refuse(f"answer-{found.code.replace('_', '-')}", asked.column, reason=str(found))
            return None
        if asked.comment and not found.whole.text:
            found = attrs.evolve(found, whole=attrs.evolve(found.whole, text=asked.comment))
        return asked.question or of.name, of.name, found

    def _type_of(self, draft: Draft, asked: _Asked) -> SurveyType | None:
        survey = draft.fields["survey"]
        name = asked.kind or draft.more.get("survey_type") or self._questions.type_of(survey, asked.question)
        if name in self._types:
            question = asked.question or name
            if self._may_ask(draft) or self._questions.type_of(survey, question) == name:
                return self._types[name]
            draft.refuse("no-question", asked.column, question=question, type=name)
        elif name:
            draft.refuse("no-survey-type", "survey_type", value=name, known=tuple(sorted(self._types)))
        else:
            draft.refuse("no-question", asked.column, question=asked.question, type="a type")
        return None

    @staticmethod
    def _may_ask(draft: Draft) -> bool:
        asked = draft.row.values.get("survey")
        return isinstance(asked, Lookup) and asked.otherwise == "add"

    @classmethod
    def signature(cls, target: ImportTarget, row: ReadRow) -> list[Any]:
        """By its answers: rows of one response may share a batch."""
        key = row.values.get("external_id")
        if not isinstance(key, ExternalKey):
            return super().signature(target, row)
        return [(key, one.question, one.column) for one in _asked(row)]

    # --- writing ---
    def _add(self, drafts: Sequence[Draft]) -> None:
        heads: list[Draft] = []
        for draft in drafts:
            key = draft.more.get("external_id")
            head = draft if key is None else self._heads.setdefault(external_of(key, self.target.of), draft)
            if head is draft:
                heads.append(draft)
        super()._add(heads)
        for draft in drafts:
            if draft.kept is None:
                draft.kept = self._heads[external_of(draft.more["external_id"], self.target.of)].kept
                draft.more.pop("external_id")  # the first row names the response

    def complete(self, drafts: Sequence[Draft]) -> None:
        """Keep the answers, and the questions that they are to."""
        self._questions.ask(self.work, drafts)
        there = self._there([draft.kept.id for draft in drafts if draft.old is not None])
        new: list[Answer] = []
        for draft in drafts:
            for question, kind, answers in draft.more["answers"]:
                made = [_answer(draft, question, kind, seq, one) for seq, one in enumerate(answers.rows)]
                fresh = [one for one in made if (one.response, one.question, one.item) not in there]
                there |= {(one.response, one.question, one.item): one for one in fresh}
                new += fresh
                draft.is_changed = draft.is_changed or bool(fresh)
        if new:
            self.work.add(new)

    def _there(self, responses: Sequence[UUID]) -> dict[Place, Answer]:
        if not responses:
            return {}
        found = self.work.find(Answer, each(Answer).response.in_(responses))
        return {(answer.response, answer.question, answer.item): answer for answer in found}


class _Questions:
    """The questions of some surveys, and those that an import adds to them."""

    def __init__(self, work: Work, surveys: Sequence[Any]) -> None:
        s, v, q = each(Survey), each(SurveyVersion), each(Question)
        ids = list(dict.fromkeys(surveys))
        self._numbers = {one.id: one.number for one in work.find(Survey, s.id.in_(ids))} if ids else {}
        versions = list(work.find(SurveyVersion, v.survey.in_(ids))) if ids else []
        self._versions = {one.survey: one for one in versions if one.number == self._numbers.get(one.survey)}
        current = {one.id: one.survey for one in self._versions.values()}
        found = work.find(Question, q.survey_version.in_(list(current))) if current else ()
        self._types = {(current[one.survey_version], one.key): one.type for one in found}

    def type_of(self, survey: Any, question: str) -> str:
        """Return the survey type of a question; of the only one, where none is named."""
        if question:
            return self._types.get((survey, question), "")
        only = [kind for (one, _), kind in self._types.items() if one == survey]
        return only[0] if len(only) == 1 else ""

    def ask(self, work: Work, drafts: Sequence[Draft]) -> None:
        """Add the questions that rows answer and their surveys do not have."""
        wanted = {(d.fields["survey"], key): kind for d in drafts for key, kind, _ in d.more["answers"]}
        missing = {place: kind for place, kind in wanted.items() if place not in self._types}
        for survey in dict.fromkeys(survey for survey, _ in missing):
            version = self._versions.get(survey) or self._published(work, survey)
            have = sum(1 for one, _ in self._types if one == survey)
            keys = [(key, kind) for (one, key), kind in missing.items() if one == survey]
            work.add(
                [
                    Question(survey_version=version.id, key=key, type=kind, position=have + n)
                    for n, (key, kind) in enumerate(keys)
                ]
            )
        self._types |= missing

    def _published(self, work: Work, survey: Any) -> SurveyVersion:
        made = work.add(SurveyVersion(survey=survey, number=self._numbers.get(survey, 1), published_at=work.now))
        self._versions[survey] = made
        return made


def _asked(row: ReadRow) -> list[_Asked]:
    """Return the answers of a row; those to the items of one question are one."""
    values, asked = row.values, list[_Asked]()
    if values.get("answer") is not None:
        comment = values.get("comment") or ""
        asked.append(_Asked(values.get("question") or "", "answer", values["answer"], comment))
    elif values.get("comment"):
        asked.append(_Asked(values.get("question") or "comment", "comment", values["comment"], kind=COMMENT))
    items: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name.startswith(PREFIX) and value is not None:
            question, dot, item = name.removeprefix(PREFIX).partition(".")
            if dot:
                items.setdefault(question, {})[item] = value
            else:
                asked.append(_Asked(question, name, value))
    return [*asked, *(_Asked(question, f"{PREFIX}{question}", given) for question, given in items.items())]


def _answer(draft: Draft, question: str, kind: str, seq: int, given: Given) -> Answer:
    response = draft.kept
    return Answer(
        response=response.id, customer=response.customer, survey=response.survey, survey_type=kind, question=question, item=given.item,
        seq=seq, raw=given.raw, score=given.score, code=given.code, text=given.text, touchpoint=response.touchpoint,
        channel=response.channel, answered_at=response.submitted_at or response.created_at,
    )  # fmt: skip
