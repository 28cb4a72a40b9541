"""Argilla 2: records to log there, its JSON of records read back."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from review.outside import OutsideAnswer, answer_of, read_list, samples_out
from review.queues import Queue
from review.store import ReviewStore
from schemas.parquet import atomic_path
from schemas.review import ShownSample

TOOL: Final = "argilla"


def write_records(store: ReviewStore, queue: Queue, folder: Path) -> int:
    """records.json for `dataset.records.from_json`. How many."""
    records = [_record(sample) for sample in samples_out(store, queue)]
    with atomic_path(folder / "records.json") as path:
        path.write_text(json.dumps(records, ensure_ascii=False, indent=1), "utf-8")
    return len(records)


def _record(sample: ShownSample) -> dict[str, Any]:
    clip, told = sample.clip, sample.told
    agent = f"{told.made_by.engine} {told.made_by.version}"
    return {
        "id": told.sample_id,
        "fields": {"name": clip.name, "spoken": clip.spoken or "-", "text": told.text},
        "metadata": {
            "sample_id": told.sample_id,
            "text_hash": told.text_hash,
            "clip_id": clip.clip_id,
            "tier": told.tier,
        },
        "suggestions": {
            "labels": {"value": [told.label], "score": None, "agent": agent},
            "edited_text": {"value": told.text, "score": None, "agent": agent},
        },
        "responses": {},
        "vectors": {},
    }


def read_records(path: Path) -> Iterator[OutsideAnswer]:
    """Of `dataset.records.to_json`. Its JSON does not tell drafts from what was submitted: export
    submitted records alone."""
    for record in read_list(path):
        metadata = record.get("metadata") or {}
        by_person: dict[str, dict[str, Any]] = defaultdict(dict)
        for question, responses in (record.get("responses") or {}).items():
            for response in responses:
                by_person[str(response.get("user_id"))][question] = response.get("value")
        for person, said in by_person.items():
            yield OutsideAnswer(
                sample_id=str(metadata.get("sample_id")),
                text_hash=str(metadata.get("text_hash")),
                person=person,
                name="response",
                answer=answer_of(said),
            )
