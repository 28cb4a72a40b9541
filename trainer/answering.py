"""Answers of a trained model, and whether each was cut."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from numpy.typing import NDArray

from schemas.instruction import MARKERS, Marker
from trainer.generate import MAX_NEW_TOKENS, Question, generate_ids
from trainer.label_decoding import only
from trainer.open_model import TrainedModel
from trainer.vision import pixels_of

BATCH: Final = 8
_SEEN: Final[tuple[Marker, ...]] = ("grid", "image")


@dataclass(frozen=True)
class Asked:
    """`features`: of one clip by modality; what it lacks is not there, and has no place in the
    sequence. `picture`: a JPEG, for a model with EVA inside, which looks at it itself."""

    instruction: str
    features: Mapping[str, NDArray[Any]]
    picture: bytes | None = None


@dataclass(frozen=True)
class How:
    """`labels`: nothing but one of these can be said; None: anything."""

    batch_size: int = BATCH
    max_new_tokens: int = MAX_NEW_TOKENS
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Answer:
    text: str
    cut: bool  # it ended at the limit of its length, not by itself


def answer(trained: TrainedModel, asked: Iterable[Asked], how: How) -> Iterator[Answer]:
    """One answer each, in order, greedy. Of `asked` no more than a batch is taken at once: patch
    grids are megabytes each."""
    allowed = None if how.labels is None else only(how.labels, trained.maker)
    most, left = how.max_new_tokens, iter(asked)
    while batch := [_question(trained, one) for one in islice(left, how.batch_size)]:
        for ids in generate_ids(trained.model, trained.tokenizer, batch, most, allowed):
            text = trained.tokenizer.decode(ids, skip_special_tokens=True).strip()
            yield Answer(text, cut=len(ids) >= most)


def _question(trained: TrainedModel, asked: Asked) -> Question:
    own = _SEEN if trained.trained_on.eyes else ()  # what EVA inside says is not read elsewhere
    features: dict[Marker, NDArray[Any]] = {
        marker: asked.features[marker]
        for marker in MARKERS
        if marker in asked.features and marker in trained.config.markers and marker not in own
    }
    present = list(features)
    pixels = None
    if own and asked.picture is not None:
        pixels = pixels_of(asked.picture, int(trained.config.vision_config.image_size))
        present += [marker for marker in own if marker in trained.config.markers]
    return Question(trained.maker.prompt(asked.instruction, present).ids, features, pixels)
