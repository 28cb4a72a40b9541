"""`merr predict`: a video through the pipeline's annotators and encoders, then a trained model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from flows.building import Request
from flows.features import make_features
from flows.measuring import measure
from flows.opened_model import OpenedModel
from flows.wanted_features import (
    Features,
    check_encoders,
    feature_settings,
    features_of,
)
from pipeline.batches import Shard
from pipeline.chain import Chain
from pipeline.instructions import load_prompts
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from pipeline.stages import BY_NAME, MEASURED
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.failure import Failure, Rejection
from schemas.instruction import Task, lay_out
from schemas.label import Vocabulary
from schemas.units import Row
from trainer.evaluation import ModelUse
from trainer.metrics.answers import LabelReader, Unread

_MEASURED: Final = (*MEASURED, "peak", "stills")
_MAX_LABEL_TOKENS: Final = 32  # a label word, or a sentence around it


class PredictedClip(Row):
    """`label` is None where `why` says why none could be read of the answer."""

    name: str  # of the file
    clip_id: str
    start_s: float
    end_s: float
    text: str | None  # what was said, as the model read it
    modalities: tuple[str, ...]  # what the model had of this clip, beside words
    label: str | None
    why: Unread | None
    answer: str  # to the question for the label, as it came
    reasons: str | None
    reasons_cut: bool


class Fallen(Row):
    """A file, video or clip that the model was not asked about."""

    name: str
    stage: str
    reason: str
    failed: bool  # broken; else a rule said no


@dataclass(frozen=True)
class Predicted:
    clips: tuple[PredictedClip, ...]
    fallen: tuple[Fallen, ...]
    model: ModelUse

    @property
    def failed(self) -> int:
        unread = sum(clip.label is None for clip in self.clips)
        return unread + sum(one.failed for one in self.fallen)

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model.model_dump(mode="json"),
            "clips": [clip.model_dump(mode="json") for clip in self.clips],
            "fallen": [one.model_dump(mode="json") for one in self.fallen],
        }


@dataclass(frozen=True)
class Wish:
    """What is asked of which videos. `texts`: words by the name of a file without suffix, over
    those that were heard. `keep`: the file that answers are kept in as they come; None: nowhere."""

    sources: tuple[str, ...]
    work: WorkFolder
    settings: Settings
    vocabulary: Vocabulary
    reasons: bool = True
    constrained: bool = False
    batch_size: int = 8
    max_new_tokens: int = 500
    jobs: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    keep: Path | None = None


@dataclass(frozen=True)
class _Subject:
    name: str
    clip: Clip
    text: str | None
    picture: bytes | None  # that a model with EVA inside looks at


def predict(wish: Wish, opened: OpenedModel) -> Predicted:
    """Every clip that could be measured gets an answer. SetupError where an engine or an encoder
    that the model reads is not here."""
    from trainer.answering import How

    trained_on = opened.trained.trained_on
    _check_told(opened)
    own = {"image"} if trained_on.eyes else set()  # EVA inside looks at the picture itself
    encoders = {slot: name for slot, name in trained_on.encoders.items() if slot not in own}
    wanted = feature_settings(encoders, wish.settings.features, grid=trained_on.grid)
    check_encoders(encoders, wanted)
    chain = measure(Request(wish.sources, wish.work, wish.settings, jobs=wish.jobs))
    frame = (trained_on.frame or "peak") if trained_on.eyes else None
    subjects = list(_subjects(chain, wish.texts, frame))
    features = Features({}, ())
    if subjects and (encoders or trained_on.grid):
        make_features(wish.work, wanted, jobs=wish.jobs)
        features = features_of(chain, encoders, grid=trained_on.grid)
    labels = wish.vocabulary.labels if wish.constrained else None
    how = How(wish.batch_size, wish.max_new_tokens, labels)
    clips = _answered(wish, opened, subjects, features)
    return Predicted(tuple(clips), tuple(_fallen(chain)), opened.use(how))


def _check_told(opened: OpenedModel) -> None:
    if opened.trained.trained_on.release is None:
        raise SetupError(
            f"{opened.folder}: does not say which encoders made the features that it was trained "
            "with (no trained_on.json), so nobody can make them of a video; `merr evaluate` asks "
            "it about a release that has them"
        )


def question(task: Task, vocabulary: Vocabulary) -> str:
    """The first of the pool that training drew from."""
    return load_prompts().pools[task][0].replace("{labels}", ", ".join(vocabulary.labels))


def _answered(
    wish: Wish, opened: OpenedModel, subjects: list[_Subject], features: Features
) -> Iterator[PredictedClip]:
    from trainer.answering import Answer, Asked, How, answer
    from trainer.kept_answers import KeptAnswers, keep_answers

    def ask(task: Task, most: int, labels: tuple[str, ...] | None) -> list[Answer]:
        prompt = question(task, wish.vocabulary)
        asked = (
            Asked(lay_out(task, prompt, s.text), features.of(s.clip.clip_id), s.picture)
            for s in subjects
        )
        how = How(wish.batch_size, most, labels)
        if wish.keep is None:
            return list(answer(opened.trained, asked, how))
        kept = KeptAnswers(wish.keep, opened.asker(how))
        return list(keep_answers(opened.trained, asked, how, kept))

    labels = ask("emotion", _MAX_LABEL_TOKENS, wish.vocabulary.labels if wish.constrained else None)
    reasons: list[Answer | None] = [None] * len(subjects)
    if wish.reasons:
        reasons = [*ask("reason", wish.max_new_tokens, None)]
    reader = LabelReader(wish.vocabulary)
    for subject, said, why in zip(subjects, labels, reasons, strict=True):
        read = reader.read(said.text, cut=said.cut)
        yield PredictedClip(
            name=subject.name,
            clip_id=subject.clip.clip_id,
            start_s=subject.clip.start_s,
            end_s=subject.clip.end_s,
            text=subject.text,
            modalities=(
                *features.names_of(subject.clip.clip_id),
                *(("picture",) if subject.picture else ()),
            ),
            label=read.label,
            why=read.why,
            answer=said.text,
            reasons=(why.text or None) if why is not None else None,
            reasons_cut=why is not None and why.cut,
        )


def _subjects(chain: Chain, texts: Mapping[str, str], frame: str | None) -> Iterator[_Subject]:
    """Clips that were measured up to their pictures, in the order of the shards."""
    for shard in chain.shards():
        speech, stills = chain.rows("speech", shard), chain.rows("stills", shard)
        for clip in chain.clips(shard):
            if clip.clip_id in stills:
                name = chain.catalog.names[clip.video_id][0]
                heard = speech[clip.clip_id].transcript
                said = None if heard is None else heard.text_en or heard.text
                text = texts.get(PurePath(name).stem, said)
                picture = None if frame is None else getattr(stills[clip.clip_id], frame)
                yield _Subject(name, clip, text or None, picture.jpeg if picture else None)


def _fallen(chain: Chain) -> Iterator[Fallen]:
    for outcome in (*chain.catalog.failures, *_of_videos(chain), *_of_clips(chain)):
        names = chain.names_of(outcome.id)
        yield Fallen(
            name=names[0] if names else outcome.id,
            stage=outcome.stage,
            reason=outcome.reason,
            failed=isinstance(outcome, Failure),
        )


def _of_videos(chain: Chain) -> Iterator[Rejection | Failure]:
    for batch in chain.batches():
        for part in (chain.videos(batch), chain.cuts(batch)):
            yield from (o for o in part.fallen if o.subject != "video" or _is_live(chain, o.id))


def _of_clips(chain: Chain) -> Iterator[Rejection | Failure]:
    for shard in chain.shards():
        ids = {clip.clip_id for clip in chain.clips(shard)}
        for stage in _MEASURED:
            yield from (o for o in _part(chain, stage, shard).fallen if o.id in ids)


def _part(chain: Chain, stage: str, shard: Shard) -> Any:
    return chain.part(BY_NAME[stage], shard)


def _is_live(chain: Chain, video_id: str) -> bool:
    return video_id in chain.catalog.videos
