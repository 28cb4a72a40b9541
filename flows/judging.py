"""The judge of `merr evaluate --benchmark emer`: a chat model, its answers kept in a store."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from annotators.judge import VERSION, judge, prompt_of
from annotators.question import Channel
from annotators.role_settings import Speaking, speaking
from pipeline.settings import Settings
from schemas.errors import ClipError, SetupError, TransientError, WaitingError
from schemas.units import Row
from trainer.metrics.overlap import CRITERIA, JudgedBy, Judgement, OverlapQuestion

_ROLE = "judge"


@dataclass(frozen=True)
class Judged:
    """`waiting`: questions whose answers come with a batch; then there are no scores yet."""

    judgements: tuple[Judgement, ...]
    by: JudgedBy
    waiting: int


def judge_by_chat(questions: Sequence[OverlapQuestion], settings: Settings, store: Path) -> Judged:
    """Every question once, ever: what was answered is taken from the store. A question that could
    not be judged is a judgement with a failure; SetupError where nobody can be asked."""
    from pipeline.chat_opening import open_asking
    from pipeline.talk import Talk

    asked = _speaking(settings)
    keys = _keys(settings, asked)
    with open_asking(settings.run.chat, default_store=store, keys=keys) as asking:
        talk = Talk(asking, settings)
        channel = talk.channel(_ROLE)
        told = talk.each([partial(_judged, question, channel) for question in questions])
    found = tuple(one.judgement for one in told if isinstance(one, _Told))
    served = {one.served for one in told if isinstance(one, _Told) and one.served}
    by = _judged_by(asked, tuple(sorted(served)))
    return Judged(found, by, waiting=len(told) - len(found))


class _Told(Row):
    judgement: Judgement
    served: str | None


async def _judged(question: OverlapQuestion, channel: Channel) -> _Told | None:
    """None: the answer comes with a batch."""
    place = {"name": question.name, "criterion": question.criterion, "order": question.order}
    try:
        verdict = await judge(question.criterion, question.first, question.second, channel)
    except WaitingError:
        return None
    except (ClipError, TransientError) as e:
        failed = {"failure": type(e).__name__, "reason": str(e)}
        nothing = dict.fromkeys(("score", "request_id", "raw"))
        return _Told(
            judgement=Judgement.model_validate(place | failed | nothing),
            served=None,
        )
    told = {
        "score": verdict.score,
        "failure": None,
        "reason": verdict.reason,
        "request_id": verdict.asked.request_id,
        "raw": verdict.raw,
    }
    return _Told(
        judgement=Judgement.model_validate(place | told), served=verdict.asked.served_model
    )


def _speaking(settings: Settings) -> Speaking:
    for value, what in (
        (settings.judge.base_url or settings.chat.base_url, "base_url"),
        (settings.judge.model or settings.chat.model, "model"),
    ):
        if not value:
            raise SetupError(
                f"emer needs a judge: set judge.{what} or chat.{what}, in merr.toml or with --set; "
                "docs/engines/chat.md has the settings of each kind of endpoint"
            )
    return speaking(settings.chat, settings.judge, _ROLE)


def _keys(settings: Settings, asked: Speaking) -> dict[str, SecretStr | None]:
    """Empty where the variable of the key is not set: then stored answers alone are used."""
    name = settings.judge.key_env or settings.chat.key_env
    if name is None:
        return {asked.endpoint: None}
    value = os.environ.get(name, "").strip()
    return {asked.endpoint: SecretStr(value)} if value else {}


def _judged_by(asked: Speaking, served: tuple[str, ...]) -> JudgedBy:
    return JudgedBy(
        endpoint=asked.endpoint,
        model=asked.model,
        served_models=served,
        prompts={criterion: prompt_of(criterion).digest for criterion in CRITERIA},
        version=VERSION,
        temperature=asked.temperature,
        seed=asked.seed,
    )
