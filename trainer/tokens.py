"""All samples as token ids, made once per release, tokenizer and layout, and kept as flat int32."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SetupError
from schemas.instruction import Marker
from trainer.data import Samples
from trainer.folder import atomic_folder, is_complete
from trainer.sequence import IGNORED, Sequence, SequenceMaker

TOKENS_VERSION: Final = "1"


@dataclass(frozen=True)
class TokenTable:
    """Sequences of all samples of a cache; row i is `ids[offsets[i] : offsets[i + 1]]`, its answer
    the last `answers[i]` of them."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]  # [samples + 1]
    answers: NDArray[np.int32]  # [samples]

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def sequence(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(ids, labels), [T] each."""
        ids = self.ids[self.offsets[row] : self.offsets[row + 1]]
        labels = np.full(len(ids), IGNORED, np.int32)
        wanted = int(self.answers[row])
        labels[len(ids) - wanted :] = ids[len(ids) - wanted :]
        return ids, labels


def tokenised(
    samples: Samples, maker: SequenceMaker, beside: Mapping[Marker, Collection[str]]
) -> TokenTable:
    """The table of the whole cache of these samples, made first where it is not there.

    `beside`: modality -> clips that have it, of what is not in the table features (patch grids,
    and what EVA sees in training). It goes before features of that name.
    """
    cache = samples.cache
    folder = cache.folder.with_name(f"{cache.key}-{_key(maker, beside)}")
    if not is_complete(folder):
        with atomic_folder(folder) as unfinished:
            _write(unfinished, _sequences(samples, maker, beside))
    return TokenTable(
        ids=np.asarray(np.memmap(folder / "ids.i32", np.int32, mode="r")),
        offsets=np.fromfile(folder / "offsets.i64", np.int64),
        answers=np.fromfile(folder / "answers.i32", np.int32),
    )


def _key(maker: SequenceMaker, beside: Mapping[Marker, Collection[str]]) -> str:
    told = {
        "version": TOKENS_VERSION,
        "tokenizer": fingerprint(maker.tokenizer),
        "layout": [maker.layout, maker.turn, maker.answer, maker.markers, maker.grid_tokens],
        "beside": {name: sorted(clips) for name, clips in beside.items()},
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def fingerprint(tokenizer: Any) -> str:
    """Of what decides the ids: the whole of a fast tokenizer, the vocabulary of another."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    told = backend.to_str() if backend else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    ends = f"{tokenizer.bos_token_id}:{tokenizer.eos_token_id}"
    return hashlib.sha256(f"{told}\n{ends}".encode()).hexdigest()[:16]


def _sequences(
    samples: Samples, maker: SequenceMaker, beside: Mapping[Marker, Collection[str]]
) -> Iterator[Sequence]:
    whole = Samples(samples.release, samples.cache, np.arange(len(samples.cache.texts)))
    columns = [whole.column(name) for name in ("clip_id", "instruction", "target")]
    having = {name: frozenset(clips) for name, clips in beside.items()}
    for row, (clip, instruction, target) in enumerate(zip(*columns, strict=True)):
        present: list[Marker] = [name for name, clips in having.items() if clip in clips]
        present += [
            slot  # type: ignore[misc]  # the slots of a cache are markers
            for slot, table in samples.cache.slots.items()
            if slot not in having and table.there[row]
        ]
        yield maker.sample(instruction, target, present)


def _write(folder: Path, sequences: Iterator[Sequence]) -> None:
    offsets, answers = [0], []
    with (folder / "ids.i32").open("wb") as file:
        for sequence in sequences:
            np.asarray(sequence.ids, np.int32).tofile(file)
            offsets.append(offsets[-1] + len(sequence.ids))
            answers.append(_answer_length(sequence))
    np.asarray(offsets, np.int64).tofile(folder / "offsets.i64")
    np.asarray(answers, np.int32).tofile(folder / "answers.i32")


def _answer_length(sequence: Sequence) -> int:
    """The labels of a training sequence are its end, and nothing before."""
    wanted = sum(label != IGNORED for label in sequence.labels)
    if sequence.labels[len(sequence.ids) - wanted :] != sequence.ids[len(sequence.ids) - wanted :]:
        raise SetupError("a sequence has labels that are not its last tokens")
    return wanted
