"""A release as chats that LLaMA-Factory and ms-swift read: messages, and a list of files for every
kind of media, as long as there are tags of that kind in the messages."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from pipeline.export_folder import read_split
from schemas.errors import SetupError
from schemas.instruction import InstructionSample
from schemas.record import ReleasedCoarse

DATASET_INFO: Final = "dataset_info.json"
# Column of the row -> the tag that stands for one of its files, and the columns of `evidence` that
# may hold one, the best first.
MEDIA: Final = {
    "images": ("<image>", ("peak_frame", "middle_frame", "first_frame")),
    "audios": ("<audio>", ("audio",)),
}
# What either program takes for a place of media or for a token of its own, wherever it stands.
_TAG: Final = re.compile(
    r"<(?=/?(?:image|video|audio|bbox|ref-object|cot-process|start-image|img|quad|ref|box)>|\|)",
    re.I,
)


def write_sharegpt(release: Path, folder: Path) -> dict[str, Any]:
    """A file of chats by tier, task and split, the media beside them, and dataset_info.json."""
    told: Counter[str] = Counter()
    media = dict(_write_media(release, folder, told))
    words = {row.clip_id: row.text for _, row in read_split(release, "coarse", ReleasedCoarse)}
    files: dict[str, list[str]] = {}
    for split, sample in read_split(release, "instructions", InstructionSample):
        chat = _chat(sample, words.get(sample.clip_id), media.get(sample.clip_id, {}), told)
        name = f"{sample.tier}_{sample.task}_{split}.jsonl"
        files.setdefault(name, []).append(json.dumps(chat, ensure_ascii=False))
    kinds = [kind for kind in MEDIA if any(kind in found for found in media.values())]
    for name, lines in sorted(files.items()):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        told[name] = len(lines)
    info = {Path(name).stem: _described(name, kinds) for name in sorted(files)}
    (folder / DATASET_INFO).write_text(json.dumps(info, indent=2) + "\n", "utf-8")
    return {"counts": dict(sorted((+told).items()))}


def _write_media(
    release: Path, folder: Path, told: Counter[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """(clip_id, path by kind) of what the release embeds."""
    columns = ["clip_id", *(column for _, columns in MEDIA.values() for column in columns)]
    for path in sorted((release / "evidence").glob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(batch_size=50, columns=columns):
            for row in batch.to_pylist():
                found = {
                    kind: cell
                    for kind, (_, sources) in MEDIA.items()
                    if (cell := _embedded(row, sources)) is not None
                }
                for kind, cell in found.items():
                    _write_file(folder / "media", cell["path"], cell["bytes"])
                    told[f"media: {kind}"] += 1
                yield row["clip_id"], {kind: f"media/{c['path']}" for kind, c in found.items()}


def _embedded(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any] | None:
    cells = [row[column] for column in columns if row[column] is not None]
    return next((cell for cell in cells if cell["bytes"] is not None), None)


def _write_file(folder: Path, name: str, content: bytes) -> None:
    """SetupError for a name that leads elsewhere: a release may come from anybody."""
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise SetupError(f"the release names a picture or sound {name!r}, which is no file name")
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)


def _chat(
    sample: InstructionSample, words: str | None, media: dict[str, str], told: Counter[str]
) -> dict[str, Any]:
    tags = "".join(tag for kind, (tag, _) in MEDIA.items() if kind in media)
    said = "" if words is None else f'The person in the video says: "{defused(words, told)}"\n'
    question = f"{tags}\n{said}{defused(sample.prompt, told)}".lstrip("\n")
    answer = defused(sample.target, told)
    return {
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ],
        **{kind: [media[kind]] if kind in media else [] for kind in MEDIA},
    }


def defused(text: str, told: Counter[str]) -> str:
    """A tag inside a text would count as one more file: it gets a blank behind its bracket."""
    defused, found = _TAG.subn("< ", text)
    told["tags inside texts, taken apart"] += found
    return defused


def _described(name: str, kinds: list[str]) -> dict[str, Any]:
    """An entry of LLaMA-Factory's dataset_info.json; columns only of media that there is."""
    return {
        "file_name": name,
        "formatting": "sharegpt",
        "columns": {"messages": "messages", **{kind: kind for kind in kinds}},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
        },
    }
