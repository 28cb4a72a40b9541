"""Label Studio: tasks to import there, its JSON export read back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args
from xml.etree import ElementTree as Tree

from review.outside import OutsideAnswer, answer_of, read_list, samples_out
from review.queues import Queue
from review.store import ReviewStore
from schemas.parquet import atomic_path
from schemas.review import ReasonCode, ReviewVerdict, ShownSample

TOOL: Final = "label-studio"
_TEXT: Final = "text"  # the object that every control belongs to


def write_tasks(store: ReviewStore, queue: Queue, folder: Path) -> int:
    """tasks.json to import, config.xml for the labelling interface. How many tasks."""
    tasks = [_task(sample) for sample in samples_out(store, queue)]
    with atomic_path(folder / "tasks.json") as path:
        path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), "utf-8")
    with atomic_path(folder / "config.xml") as path:
        path.write_text(_config(queue), "utf-8")
    return len(tasks)


def _task(sample: ShownSample) -> dict[str, Any]:
    clip, told = sample.clip, sample.told
    return {
        "data": {
            "sample_id": told.sample_id,
            "text_hash": told.text_hash,
            "clip_id": clip.clip_id,
            "name": clip.name,
            "spoken": clip.spoken or "",  # Label Studio wants every variable of its page
            "text": told.text,
        },
        "predictions": [
            {
                "model_version": f"{told.made_by.engine} {told.made_by.version}",
                "result": [
                    {
                        "from_name": "labels",
                        "to_name": _TEXT,
                        "type": "choices",
                        "value": {"choices": [told.label]},
                    }
                ],
            }
        ],
    }


def _config(queue: Queue) -> str:
    view = Tree.Element("View")
    Tree.SubElement(view, "Header", value="$name")
    Tree.SubElement(view, "Text", name="spoken", value="$spoken")
    Tree.SubElement(view, "Text", name=_TEXT, value="$text")
    _choices(view, "labels", queue.labels, choice="multiple")
    Tree.SubElement(view, "Rating", name="intensity", toName=_TEXT, maxRating="5")
    _choices(view, "verdict", get_args(ReviewVerdict), choice="single", required="true")
    _choices(view, "reason", get_args(ReasonCode), choice="single")
    for name in ("edited_text", "note"):
        Tree.SubElement(view, "TextArea", name=name, toName=_TEXT, maxSubmissions="1")
    Tree.indent(view)
    return Tree.tostring(view, "unicode") + "\n"


def _choices(view: Tree.Element, name: str, values: tuple[str, ...], **more: str) -> None:
    box = Tree.SubElement(view, "Choices", {"name": name, "toName": _TEXT} | more)
    for value in values:
        Tree.SubElement(box, "Choice", value=value)


def read_annotations(path: Path) -> Iterator[OutsideAnswer]:
    """Of a project exported as JSON. What was cancelled there is left out."""
    for task in read_list(path):
        data = task.get("data") or {}
        for annotation in task.get("annotations") or ():
            if not annotation.get("was_cancelled"):
                yield OutsideAnswer(
                    sample_id=str(data.get("sample_id")),
                    text_hash=str(data.get("text_hash")),
                    person=_person(annotation.get("completed_by")),
                    name=str(annotation.get("id")),
                    answer=answer_of(_said(annotation)),
                )


def _person(completed_by: Any) -> str:
    """A number, or an object with one. Never an address: names here go into exports."""
    return str(completed_by.get("id") if isinstance(completed_by, dict) else completed_by)


def _said(annotation: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"seconds": annotation.get("lead_time")}
    for result in annotation.get("result") or ():
        name, value = result.get("from_name"), result.get("value") or {}
        found = value.get("choices") or value.get("text") or value.get("rating")
        if name in ("verdict", "reason", "edited_text", "note") and isinstance(found, list):
            found = found[0] if found else None
        said[str(name)] = found
    return said
