"""Chats out of a release, as LLaMA-Factory and ms-swift read them."""

import json
import re
from collections import Counter

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export_sharegpt import DATASET_INFO, defused, write_sharegpt
from schemas.errors import SetupError
from schemas.parquet import read_rows, write_rows
from schemas.record import ClipRecord, Media
from tests.pipeline.merr_house import MerrHouse, fine_entry, tables

# What LLaMA-Factory counts in the content of every message (mm_plugin.py).
TAGS = {"images": "<image>", "videos": "<video>", "audios": "<audio>"}
KEYS = {"messages", "images", "videos", "audios"}  # of ms-swift's standard form


def chats(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def llama_factory(folder):
    """(name of the data set, row) of everything that dataset_info.json tells of, checked as its
    converter and its plugin do."""
    info = json.loads((folder / DATASET_INFO).read_text())
    for name, described in info.items():
        columns, tags = described["columns"], described["tags"]
        assert described["formatting"] == "sharegpt"
        for row in chats(folder / described["file_name"]):
            messages = row[columns["messages"]]
            roles = [message[tags["role_tag"]] for message in messages]
            assert roles == [tags["user_tag"], tags["assistant_tag"]]
            contents = [message[tags["content_tag"]] for message in messages]
            assert all(content.strip() for content in contents)
            for kind, tag in TAGS.items():
                files = row[columns[kind]] if kind in columns else []
                assert len(files) == sum(content.count(tag) for content in contents)
                assert all((folder / file).is_file() for file in files)
            yield name, row


def ms_swift(folder):
    """Rows of every file by its standard keys; paths hold in the folder of the export."""
    for path in sorted(folder.glob("*.jsonl")):
        for row in chats(path):
            assert set(row) <= KEYS
            assert [m["role"] for m in row["messages"]] == ["user", "assistant"]
            first = row["messages"][0]["content"]
            for kind in ("images", "audios"):
                assert first.count(TAGS[kind]) == len(row[kind])
            yield row


@pytest.fixture(scope="module")
def out(release, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chats")
    write_sharegpt(release, folder)
    return folder


def test_both_programs_find_as_many_files_as_tags(out, release):
    rows = dict.fromkeys(name for name, _ in llama_factory(out))
    found = [row for _, row in llama_factory(out)]
    assert len(found) == len(list(ms_swift(out))) == len(tables(release)["instructions"])
    assert {"coarse_emotion_train", "coarse_reason_train", "fine_reason_train"} <= set(rows)
    assert all(row["images"] for row in found)
    assert any(row["audios"] for row in found)


def test_every_sample_is_asked_and_answered_as_in_the_release(out, release):
    texts = {row.clip_id: row.text for row in tables(release)["coarse"]}
    answers = {row["messages"][1]["content"]: row for _, row in llama_factory(out)}
    for sample in tables(release)["instructions"]:
        if sample.task == "reason":
            question = answers[sample.target]["messages"][0]["content"]
            assert question.endswith(sample.prompt)
            words = texts[sample.clip_id]
            assert (f'says: "{words}"' in question) is (words is not None)
    assert "<VideoHere>" not in "".join(map(str, answers))


def test_the_media_are_the_bytes_of_the_release_and_can_be_opened(out, release):
    embedded = {}
    for row in tables(release)["evidence"]:
        for cell in (row.peak_frame, row.audio):
            if cell is not None:
                embedded[cell.path] = cell.bytes
    assert {path.name: path.read_bytes() for path in (out / "media").iterdir()} == embedded
    for path in (out / "media").iterdir():
        with av.open(str(path)) as container:
            assert next(container.decode()) is not None


def test_targets_hold_line_ends_and_no_written_backslashes(tmp_path):
    text = "First the face.\nThen the voice."
    house = MerrHouse(tmp_path).add_entries(a=fine_entry(smp_reason_caption=text))
    folder = tmp_path / "chats"
    folder.mkdir()
    write_sharegpt(house.publish(), folder)
    answers = [r["messages"][1]["content"] for n, r in llama_factory(folder) if "fine" in n]
    assert answers == [text]


def test_without_embedded_media_there_are_neither_tags_nor_files_nor_columns(tmp_path):
    house = MerrHouse(tmp_path).add_entries(a=fine_entry())
    folder = tmp_path / "chats"
    folder.mkdir()
    write_sharegpt(house.publish(), folder)
    assert not (folder / "media").exists()
    info = json.loads((folder / DATASET_INFO).read_text())
    assert {tuple(d["columns"]) for d in info.values()} == {("messages",)}
    assert all(row["images"] == row["audios"] == [] for _, row in llama_factory(folder))
    assert "<" not in next(ms_swift(folder))["messages"][0]["content"]


def test_a_release_with_media_of_some_clips_only_is_consistent_row_by_row(release, tmp_path):
    rows = tables(release)["evidence"]
    mixed = [rows[0].model_copy(update={"audio": None, "peak_frame": None}), *rows[1:]]
    folder = copy_with_evidence(release, tmp_path, mixed)
    out = tmp_path / "chats"
    out.mkdir()
    write_sharegpt(folder, out)
    lengths = {(len(row["images"]), len(row["audios"])) for _, row in llama_factory(out)}
    assert {(1, 1), (1, 0)} <= lengths  # without a peak the middle frame stands for the clip


@pytest.mark.parametrize("name", ["../../stolen.jpg", "a/b.jpg", "..", "", "c:\\x.jpg"])
def test_a_release_that_names_media_outside_is_refused(release, tmp_path, name):
    rows = tables(release)["evidence"]
    bad = rows[0].model_copy(update={"peak_frame": Media(bytes=b"x", path=name)})
    folder = copy_with_evidence(release, tmp_path / "in", [bad])
    out = tmp_path / "chats"
    out.mkdir()
    with pytest.raises(SetupError, match="no file name"):
        write_sharegpt(folder, out)
    assert not list(tmp_path.glob("**/stolen.jpg"))


def copy_with_evidence(release, to, rows):
    """The tables of a release that chats are made of, with other evidence."""
    for table in ("coarse", "fine", "instructions"):
        (to / "r" / table).mkdir(parents=True)
        for path in (release / table).iterdir():
            (to / "r" / table / path.name).write_bytes(path.read_bytes())
    write_rows(to / "r" / "evidence" / "train-00000-of-00001.parquet", rows, ClipRecord)
    assert read_rows(to / "r" / "evidence" / "train-00000-of-00001.parquet", ClipRecord) == rows
    return to / "r"


TAGGED = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["<image>", "<audio>", "</video>", "<IMAGE>", "<<image>", "<|im_end|>", "<b>", "a < b"]
        ),
    ),
    max_size=6,
).map("".join)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(TAGGED)
def test_no_text_can_put_a_tag_into_a_message(text):
    safe = defused(text, Counter())
    assert not re.search(r"</?(image|video|audio)>|<\|", safe, re.IGNORECASE)
    assert safe.replace("< ", "<") == text.replace("< ", "<")
    assert defused(safe, Counter()) == safe
