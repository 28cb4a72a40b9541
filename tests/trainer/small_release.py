"""A release made on the spot: instructions and features, without video or pipeline."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pyarrow.parquet as pq

from schemas.arrow import SCHEMA_VERSION
from schemas.features import FeatureSet
from schemas.instruction import InstructionSample, Message, lay_out
from schemas.maker import Maker
from schemas.parquet import write_rows
from schemas.release import Manifest, ReleaseFile
from schemas.units import Row

WIDTH = 16
LABELS = ("neutral", "angry", "happy", "sad")
FACES = ("brows down", "lips apart", "cheeks up", "eyes shut")


def instruction(
    clip: str, *, tier: str, task: str, label: str, target: str, words: str | None = None
) -> InstructionSample:
    prompt = "Which label fits?" if task == "emotion" else "What speaks for it?"
    asked = lay_out(task, prompt, words)
    return InstructionSample(
        sample_id=hashlib.sha256(f"{clip}:{tier}:{task}".encode()).hexdigest()[:32],
        clip_id=clip,
        tier=tier,
        task=task,
        label=label,
        prompt=prompt,
        instruction=asked,
        target=target,
        messages=(
            Message(role="user", content=asked),
            Message(role="assistant", content=target),
        ),
    )


def samples_of(clip: str, label: str, face: str, words: str | None) -> list[InstructionSample]:
    reason = f"The face shows {face}, which points to {label}."
    return [
        instruction(clip, tier="coarse", task="emotion", label=label, target=label, words=words),
        instruction(clip, tier="coarse", task="reason", label=label, target=face, words=words),
        instruction(clip, tier="fine", task="reason", label=label, target=reason, words=words),
    ]


def feature(clip: str, slot: str, vector: Sequence[float], encoder: str = "made-up") -> FeatureSet:
    return FeatureSet(
        clip_id=clip,
        slot=slot,
        encoder=encoder,
        weights=None,
        layer=None,
        pooling=None,
        sampling=None,
        made_by=Maker(engine=encoder, version="1"),
        vector=tuple(vector),
    )


def write_release(
    folder: Path,
    instructions: dict[str, list[InstructionSample]],
    features: dict[str, list[FeatureSet]],
) -> Path:
    """`instructions` and `features` by split."""
    tables: list[tuple[str, type[Row], dict[str, list[Row]]]] = [
        ("instructions", InstructionSample, instructions),
        ("features", FeatureSet, features),
    ]
    for name, row, splits in tables:
        for split, rows in splits.items():
            write_rows(folder / name / f"{split}-00000-of-00001.parquet", rows, row)
    return relist(folder)


def relist(folder: Path) -> Path:
    """Write the manifest of all tables that lie in the folder."""
    files = [_file(folder, path) for path in sorted(folder.rglob("*.parquet"))]
    manifest = Manifest(
        name=folder.parent.name,
        version=folder.name,
        schema_version=SCHEMA_VERSION,
        recipe="0",
        digest=hashlib.sha256(json.dumps([f.sha256 for f in files]).encode()).hexdigest(),
        parent=None,
        vocabulary="merr9",
        files=tuple(files),
        rows={},
        found={},
        states={},
        rejected={},
        failed={},
        parts=(),
        media="reference",
        engines=(),
        source_licence=None,
        licence="made up",
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2), "utf-8")
    return folder


def _file(folder: Path, path: Path) -> ReleaseFile:
    return ReleaseFile(
        path=path.relative_to(folder).as_posix(),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
        rows=pq.read_metadata(path).num_rows,
    )


def synthetic(folder: Path, *, clips: int = 16, held_out: int = 4, words: bool = True) -> Path:
    """`clips` to train on; a clip's label and face can be read off its features alone. Its words
    say nothing of them. The last clip to train on has no sound."""
    random = Random(7)
    splits = {"train": range(clips), "val": range(clips, clips + held_out)}
    instructions: dict[str, list[InstructionSample]] = {}
    features: dict[str, list[FeatureSet]] = {}
    for split, numbers in splits.items():
        for number in numbers:
            clip, label = f"clip{number:04d}", LABELS[number % 4]
            face = FACES[number // 4 % 4]
            said = f"Line number {number}." if words else None
            instructions.setdefault(split, []).extend(samples_of(clip, label, face, said))
            rows = features.setdefault(split, [])
            rows.append(feature(clip, "face", _code(LABELS.index(label), random)))
            rows.append(feature(clip, "motion", _code(FACES.index(face), random)))
            if number != clips - 1:
                rows.append(feature(clip, "audio", _code(None, random)))
    return write_release(folder, instructions, features)


def _code(number: int | None, random: Random) -> list[float]:
    """Noise, and a large value at the place of the number."""
    return [random.gauss(0, 0.1) + 2 * (place == number) for place in range(WIDTH)]
