"""Answers of a model, kept as they come: who is killed while it is asked goes on where it was.

A file of JSON lines that is only ever appended to. A line says who answered (model, decoding), what
was asked (a digest of all that the model read) and what came; lines of other askers stay.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from schemas.units import Row
from trainer.answering import Answer, Asked, How, answer
from trainer.open_model import TrainedModel


class KeptAnswer(Row):
    asker: str
    question: str  # sha256, see `question_digest`
    text: str
    cut: bool


class KeptAnswers:
    """`asker` says who is asked and how: where two are equal, so are answers to equal questions."""

    def __init__(self, path: Path, asker: str) -> None:
        self._path = path
        self._asker = asker
        self._known = {
            line.question: Answer(line.text, line.cut)
            for line in _lines(path)
            if line.asker == asker
        }

    def __len__(self) -> int:
        return len(self._known)

    def of(self, questions: Sequence[str]) -> list[Answer] | None:
        """None where one is missing: a batch is asked as a whole, so that its sums, too, are those
        of a run that nobody stopped."""
        if any(question not in self._known for question in questions):
            return None
        return [self._known[question] for question in questions]

    def add(self, questions: Sequence[str], answers: Sequence[Answer]) -> None:
        """On the disk before anybody uses them."""
        lines = [
            KeptAnswer(asker=self._asker, question=question, text=found.text, cut=found.cut)
            for question, found in zip(questions, answers, strict=True)
        ]
        _append(self._path, "".join(f"{line.model_dump_json()}\n" for line in lines))
        self._known.update(zip(questions, answers, strict=True))


def keep_answers(
    trained: TrainedModel, asked: Iterable[Asked], how: How, kept: KeptAnswers
) -> Iterator[Answer]:
    """One answer each, in order: those that are kept, and the others from the model."""
    left = iter(asked)
    while batch := list(islice(left, how.batch_size)):
        questions = [question_digest(one) for one in batch]
        found = kept.of(questions)
        if found is None:
            found = list(answer(trained, batch, how))
            kept.add(questions, found)
        yield from found


def question_digest(asked: Asked) -> str:
    """sha256 over words, features and picture."""
    told = hashlib.sha256(repr(asked.instruction).encode())
    for name, values in sorted(asked.features.items()):
        told.update(f"\n{name} {values.dtype} {values.shape}\n".encode())
        told.update(np.ascontiguousarray(values).tobytes())
    if asked.picture is not None:
        told.update(b"\npicture\n" + asked.picture)
    return told.hexdigest()


def _lines(path: Path) -> Iterator[KeptAnswer]:
    """Whole ones; what a kill cut is asked again."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield KeptAnswer.model_validate_json(line)
            except ValidationError:
                continue


def _append(path: Path, text: str) -> None:
    """In one write, on a line of its own even where a kill cut the line before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        with os.fdopen(handle, "ab", closefd=False) as file:
            file.write(("\n" if cut else "").encode() + text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
