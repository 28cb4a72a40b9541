"""Decisions and preferences on their way out; answers of other programs on their way in."""

import csv
import io
import json
from xml.etree import ElementTree as Tree

import pytest

from review import argilla, label_studio
from review.deciding import decide
from review.errors import InvalidError
from review.exporting import COLUMNS, export_decisions, export_preferences
from review.history import all_events
from review.outside import take_in
from review.queues import Entry
from review.undoing import undo
from schemas.errors import SetupError
from schemas.parquet import read_rows
from schemas.review import Answer, Decision
from tests.review.office import accepted, handed, person, queue_of, sample, ticket

REFUSED = "refused: the text was changed: choose edit, or take the change back"


def edited(text):
    return Answer(labels=("sad",), verdict="edit", edited_text=text)


def test_every_event_comes_out_as_parquet_also_what_was_taken_back(store, tmp_path):
    ann, queue = person(store), queue_of(store)
    made = decide(store, ann, ticket(handed(store, ann, queue)), accepted())
    undo(store, ann, made.event_id, "u")
    assert export_decisions(store, tmp_path / "d.parquet") == 2
    rows = read_rows(tmp_path / "d.parquet", Decision)
    assert rows == list(all_events(store))
    assert [(row.kind, row.undoes, row.stands) for row in rows] == [
        ("decide", None, False),
        ("undo", made.event_id, False),
    ]


def test_edits_and_comparisons_come_out_as_pairs_with_the_better_text_named(store, tmp_path):
    ann = person(store)
    queue = queue_of(store, 20)
    for number in range(20):
        decide(store, ann, ticket(handed(store, ann, queue)), edited(f"Better {number}."))
    ab = queue_of(store, [Entry(sample(50), sample(50, text="Other."))], name="ab", mode="ab")
    decide(store, ann, ticket(handed(store, ann, ab)), Answer(preference="same"))
    path = tmp_path / "pairs.csv"
    assert export_preferences(store, path) == 21
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert tuple(rows[0]) == COLUMNS
    better = [row for row in rows if row["preference"] != "same"]
    for row in better:
        side = row["preference"][1]
        assert row[f"a{side}"].startswith("Better")
        assert row[f"model{side}"] == "human"
        assert row[f"model{3 - int(side)}"] == "hand 1"
    assert {row["preference"] for row in better} == {"a1", "a2"}  # sides are drawn
    assert {row["annotator"] for row in rows} == {ann.pseudonym}
    first = path.read_bytes()
    export_preferences(store, path)
    assert path.read_bytes() == first


def label_studio_export(tasks, *annotations):
    """What Label Studio exports: the tasks as imported, each with annotations."""
    return [task | {"id": i, "annotations": list(annotations)} for i, task in enumerate(tasks)]


def annotation(number, by, **filled):
    kinds = {"labels": "choices", "verdict": "choices", "reason": "choices",
             "intensity": "rating"}  # fmt: skip
    return {
        "id": number,
        "completed_by": by,
        "lead_time": 4.5,
        "was_cancelled": False,
        "result": [
            {"from_name": name, "to_name": "text", "type": kinds.get(name, "textarea"),
             "value": {kinds.get(name, "text"): value}}
            for name, value in filled.items()
        ],
    }  # fmt: skip


def test_label_studio_gets_tasks_and_gives_decisions_back_once(store, tmp_path):
    queue = queue_of(store, [sample(0, text="<b>Text & more</b>")], reviews=2)
    assert label_studio.write_tasks(store, queue, tmp_path) == 1
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert tasks[0]["predictions"][0]["result"][0]["value"] == {"choices": ["happy"]}
    config = Tree.fromstring((tmp_path / "config.xml").read_text())  # noqa: S314  our own
    choices = config.find("Choices[@name='labels']")
    assert [c.get("value") for c in choices] == list(queue.labels)
    back = label_studio_export(
        tasks,
        annotation(1, 10, labels=["sad", "angry"], verdict=["accept"], intensity=4),
        annotation(2, {"id": 11, "email": "a@b"}, labels=["sad"], verdict=["edit"],
                   edited_text=["Better."]),
        annotation(3, 12, labels=["sad"], verdict=["accept"]),
        annotation(4, 13, verdict=["accept"]) | {"was_cancelled": True},
    )  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(back))
    told = take_in(store, queue, label_studio.TOOL, label_studio.read_annotations(path))
    assert told == {"stored": 2, "of a sample that has all its reviews": 1}
    one, two = all_events(store)
    assert (one.labels, one.intensity, one.seconds) == (("sad", "angry"), 4, 4.5)
    assert (two.verdict, two.edited_text) == ("edit", "Better.")
    assert one.saw_label
    again = take_in(store, queue, label_studio.TOOL, label_studio.read_annotations(path))
    assert again == {"stored already": 2, "of a sample that has all its reviews": 1}
    assert "a@b" not in str(list(all_events(store)))


def test_argilla_gets_records_and_gives_decisions_back(store, tmp_path):
    queue = queue_of(store, 2)
    assert argilla.write_records(store, queue, tmp_path) == 2
    records = json.loads((tmp_path / "records.json").read_text())
    assert records[0]["suggestions"]["labels"]["value"] == ["happy"]
    text = records[0]["fields"]["text"]
    records[0]["responses"] = {
        "labels": [{"value": ["sad"], "user_id": "u1"}],
        "verdict": [{"value": "accept", "user_id": "u1"}],
        "edited_text": [{"value": text, "user_id": "u1"}],
    }
    records[1]["responses"] = {
        "labels": [{"value": ["sad"], "user_id": "u1"}],
        "verdict": [{"value": "accept", "user_id": "u1"}],
        "edited_text": [{"value": "Changed.", "user_id": "u1"}],
    }
    path = tmp_path / "back.json"
    path.write_text(json.dumps(records))
    told = take_in(store, queue, argilla.TOOL, argilla.read_records(path))
    assert told == {"stored": 1, REFUSED: 1}
    (one,) = all_events(store)
    assert (one.labels, one.verdict, one.edited_text) == (("sad",), "accept", None)


def test_an_answer_on_another_text_is_not_stored(store, tmp_path):
    queue = queue_of(store)
    label_studio.write_tasks(store, queue, tmp_path)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    tasks[0]["data"]["text_hash"] = "another"
    path = tmp_path / "export.json"
    said = annotation(1, 10, labels=["sad"], verdict=["accept"])
    path.write_text(json.dumps(label_studio_export(tasks, said)))
    told = take_in(store, queue, label_studio.TOOL, label_studio.read_annotations(path))
    assert told == {"of no sample of this queue": 1}


def test_a_queue_that_hides_its_texts_does_not_go_out(store, tmp_path):
    queue = queue_of(store, mode="label_first")
    with pytest.raises(InvalidError, match="label_first"):
        argilla.write_records(store, queue, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "cannot be read"), ("{}", "no list of objects"), ("[1]", "no list of objects")],
)
def test_a_file_that_is_no_export_is_named(tmp_path, text, words):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(SetupError, match=words):
        list(label_studio.read_annotations(path))


@pytest.mark.parametrize("filled", [{"verdict": ["perhaps"]}, {"intensity": 9}])
def test_an_answer_that_no_page_would_send_is_refused(tmp_path, filled):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"data": {}, "annotations": [annotation(1, 1, **filled)]}]))
    with pytest.raises(SetupError, match="cannot be understood"):
        list(label_studio.read_annotations(path))
