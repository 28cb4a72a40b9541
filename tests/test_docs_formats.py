"""docs/formats.md does what it says: its files are taken in, its commands run one after another."""

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from flows.cli import app
from flows.guard import guarded
from tests.pipeline.emotion_llama import EmotionLlama

PAGE = (Path(__file__).parent.parent / "docs" / "formats.md").read_text("utf-8")
BLOCKS = re.findall(r"^```([^\n]*)\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """(folder, what each command of the page said), after all of them ran in its folder."""
    folder = tmp_path_factory.mktemp("formats")
    for kind, text in BLOCKS:
        if re.fullmatch(r"\w+ \w+\.(json|txt|csv)", kind):
            (folder / kind.split()[1]).write_text(text, "utf-8")
    lines = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
    with contextlib.chdir(folder):
        return folder, {line: run(line) for line in lines}


def run(line):
    """What a command of the page prints; it must end with 0."""
    words = shlex.split(line)[1:]
    with contextlib.redirect_stdout(io.StringIO()) as told:
        code = guarded(lambda: app(words, prog_name="merr"), debug=False)
    assert code == 0, line
    return told.getvalue()


def test_every_command_of_the_page_runs(ran):
    _, said = ran
    assert len(said) == 9
    assert "comment 1" in next(text for line, text in said.items() if "fine.json" in line)
    assert "2 clips by name, without video: 2 coarse, 1 fine" in said["merr status imported"]
    assert "is whole" in said["merr verify releases/merr/1.0.0"]
    assert "identity: declared" in said["merr show imported samplenew_00000001"]


def test_the_files_exported_are_those_of_the_page_and_the_loader_reads_them(ran):
    folder, _ = ran
    out = folder / "emotion_llama"
    named = set(re.findall(r"`([\w.]+\.(?:json|csv))`", PAGE))
    made = {path.name for path in out.iterdir()} - set(map(str, out.glob("*.txt")))
    assert {name for name in made if not name.endswith(".txt")} <= named
    [name] = [path.name for path in out.glob("MERR_fine_grained_*.txt")]
    [item] = EmotionLlama(out, name).all("reason_v2")
    assert item["words"] == "The person in video says: We did it, all of us!. "


def test_the_chat_shown_has_the_keys_of_those_that_are_written(ran):
    folder, _ = ran
    [shown] = [json.loads(text) for kind, text in BLOCKS if kind == "json chat"]
    for path in (folder / "chats").glob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            assert set(json.loads(line)) == set(shown)
    content = shown["messages"][0]["content"]
    assert content.count("<image>") == len(shown["images"])
    assert content.count("<audio>") == len(shown["audios"])


def test_every_kind_of_dirt_that_the_code_counts_is_on_the_page():
    told = {
        code
        for row in re.findall(r"^\| (`.*?) \|", PAGE, re.M)
        for code in re.findall(r"`(\w+)`", row)
    }
    kinds = set()
    for path in (Path(__file__).parent.parent / "pipeline").glob("merr_*.py"):
        source = path.read_text("utf-8")
        for inside in re.findall(r"dirt\[([^\]]+)\]", source):
            kinds |= set(re.findall(r'"(\w+)"', inside))
        kinds |= set(re.findall(r'found\["(\w+)"\]', source))
        kinds |= set(re.findall(r'dirt\.update\(\{"(\w+)"', source))
        kinds |= set(re.findall(r'Counter\(\{"(\w+)"', source))
        kinds |= set(re.findall(r'_counting\("(\w+)"', source))
    assert kinds >= {"comment", "spare_comma", "unknown_key", "raw_line_end", "key_twice"}
    assert kinds <= told
