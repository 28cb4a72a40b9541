"""How far two descriptions of a person's feelings overlap, by a chat model: the judge of EMER.

The judge of the papers is retired and was asked in Chinese, on a scale of 1 to 10, with the
original always first. This one is asked in English, on 0 to 10, and does not know which of the two
descriptions is the original; who asks, asks in both orders.
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from annotators.fence import fenced
from annotators.prompt import Prompt, load_prompt
from annotators.question import Answered, Channel, Question, ask_for
from annotators.role_settings import RoleSettings
from schemas.exchange import Exchange
from schemas.units import Row

VERSION: Final = "1"
Criterion = Literal["clue", "label"]
_PROMPTS: Final[dict[Criterion, str]] = {"clue": "overlap_clues", "label": "overlap_labels"}
_OUT_OF_TEN: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:/\s*10|out of 10)?\s*\.?\s*")


def _number(value: Any) -> Any:
    """`7/10` is 7. Any other text is left, and refused."""
    found = _OUT_OF_TEN.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else value


Score = Annotated[float, Field(ge=0, le=10), BeforeValidator(_number)]


class JudgeSettings(RoleSettings):
    """Who judges. Every number that a judge gives names it."""


class ClueAnswer(Row):
    first_state: str
    second_state: str
    score: Score
    reason: str


class LabelAnswer(Row):
    first_words: str
    second_words: str
    score: Score
    reason: str


class Verdict(Row):
    """`raw` is the whole answer; `asked` finds it in the answer store."""

    score: Score
    reason: str
    asked: Exchange
    raw: str


def prompt_of(criterion: Criterion) -> Prompt:
    return load_prompt(_PROMPTS[criterion])


async def judge(criterion: Criterion, first: str, second: str, channel: Channel) -> Verdict:
    """Raises what `ask_for` raises; an answer without a score from 0 to 10 is asked for again, and
    then an OffSchemaError."""
    answered: Answered[ClueAnswer] | Answered[LabelAnswer]
    if criterion == "clue":
        answered = await ask_for(clue_question(first, second), channel)
    else:
        answered = await ask_for(label_question(first, second), channel)
    return Verdict(
        score=answered.answer.score,
        reason=" ".join(answered.answer.reason.split()),
        asked=answered.asked,
        raw=answered.raw,
    )


def clue_question(first: str, second: str) -> Question[ClueAnswer]:
    return Question(
        prompt=prompt_of("clue"),
        texts={"texts": _fenced(first, second)},
        answer=ClueAnswer,
        lines=_lines("state"),
        unfit=lambda answer: None,
    )


def label_question(first: str, second: str) -> Question[LabelAnswer]:
    return Question(
        prompt=prompt_of("label"),
        texts={"texts": _fenced(first, second)},
        answer=LabelAnswer,
        lines=_lines("words"),
        unfit=lambda answer: None,
    )


def _fenced(first: str, second: str) -> str:
    return fenced(
        [{"description": "first", "text": first}, {"description": "second", "text": second}]
    )


def _lines(what: str) -> str:
    return (
        f"first_{what}: of the first\nsecond_{what}: of the second\n"
        "score: a number from 0 to 10\nreason: one sentence"
    )
