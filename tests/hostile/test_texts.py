"""Subtitles, labels and settings that are broken: told by place, and every film is still made."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import GOOD
from tests.hostile.films import another_of, encode, pictures_of
from tests.hostile.houses import FINE, Done, build
from tests.pipeline.workshop import books_of

MERR = Path(sys.executable).with_name("merr")
RUSSIAN = "Здравствуйте, я очень рада вас видеть. Как долго мы не встречались!"
CUE = "1\n00:00:00,100 --> 00:00:00,900\n{words}\n"
BROKEN_CUE = "\n2\n00:00:zz,000 --> never\nThis is lost.\n"
WORDS = {  # name -> bytes of its subtitles, the words that come of them
    "utf_16.mp4": (CUE.format(words=RUSSIAN).encode("utf-16"), RUSSIAN),
    "windows_1251.mp4": (CUE.format(words=RUSSIAN).encode("cp1251"), RUSSIAN),
    "with_a_bom.mp4": (CUE.format(words=RUSSIAN).encode("utf-8-sig"), RUSSIAN),
    "old_mac_lines.mp4": (CUE.format(words="So glad.").replace("\n", "\r").encode(), "So glad."),
    "one_broken_cue.mp4": (
        (CUE.format(words="So") + CUE.format(words="glad.") + BROKEN_CUE).encode(),
        "So glad.",
    ),
    "noise.mp4": (bytes(range(256)) * 20, None),
    "half_broken.mp4": ((CUE.format(words="So glad.") + BROKEN_CUE).encode(), None),
    "empty.mp4": (b"", None),
    "a_film_itself.mp4": (b"\0\0\0\x20ftypisom" * 400, None),
    "long_line.mp4": (b"1\n00:00:00,100 --> 00:00:00,900\n" + b"so " * 500_000, None),
}
UNREADABLE = {"noise.mp4", "half_broken.mp4", "a_film_itself.mp4", "long_line.mp4"}


@pytest.fixture(scope="module")
def done(folder, pool) -> Done:
    film = encode(folder.parent / "film.mp4", pictures_of("smile")[12:42]).read_bytes()
    for number, (name, (subtitles, _)) in enumerate(WORDS.items()):
        (folder / name).write_bytes(another_of(film, number))
        (folder / name).with_suffix(".srt").write_bytes(subtitles)
    for number, name in enumerate(("typo.mp4", "strange.mp4")):
        (folder / name).write_bytes(another_of(film, 100 + number))
    labels = "".join(f"{name},happy\n" for name in (GOOD, *WORDS))
    wrong = "typo.mp4,hapy\nstrange.mp4,\u5fae\u7b11\nno_such_film.mp4,sad\n"
    (folder / "labels.csv").write_text(f"name,label\n{labels}{wrong}", "utf-8")
    return build(folder, folder.parent / "work", pool)


@pytest.mark.parametrize("name", WORDS)
def test_a_film_is_made_with_the_words_that_can_be_read_and_without_the_others(done, name):
    words = WORDS[name][1]
    assert done.fate(name) == FINE
    transcript = done.row("speech", name).transcript
    assert (transcript and transcript.text) == words
    assert done.row("coarse", name).text == words
    keys = {item.key for item in done.row("evidence", name).items}
    assert ("words.text" in keys) == (words is not None)


def test_subtitles_that_cannot_be_read_are_failures_of_their_own(done):
    failures = [failure for failure in done.failures if failure.subject == "label"]
    assert {f.id for f in failures} == {name.replace(".mp4", ".srt") for name in UNREADABLE}
    assert {f.stage for f in failures} == {"speech"}
    assert books_of(done.chain).texts_failed == len(UNREADABLE)
    assert done.fate(GOOD) == FINE


def test_a_broken_cue_among_good_ones_is_counted(done):
    (damaged,) = [p for p in done.chain.catalog.problems if p.rule == "damaged_cue"]
    assert damaged.id == "one_broken_cue.srt"
    assert "1 of 3" in damaged.reason


def test_an_unknown_label_costs_its_clip_the_sample_and_names_the_nearest_word(done):
    told = {p.id: p.reason for p in done.chain.catalog.problems if p.rule == "unknown_label"}
    assert len(told) == 2
    (typo,) = [reason for place, reason in told.items() if "typo.mp4" in place]
    assert "'hapy' is not in the vocabulary merr9; did you mean 'happy'?" in typo
    assert done.fate("typo.mp4") == done.fate("strange.mp4") == ("rejected", "no_label")
    assert done.row("face", "typo.mp4").success  # measured all the same: a mended label suffices
    assert books_of(done.chain).labels == {
        "unknown_label": 2, "label_for_nothing": 1, "damaged_cue": 1,
    }  # fmt: skip


def test_a_typo_in_the_configuration_stops_the_build_before_it_makes_anything(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.mp4").write_bytes(b"no matter")
    (tmp_path / "merr.toml").write_text("[face.mesh]\ndetect_evry = 5\n")
    words = [MERR, "build", "sources", "--work", "work"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    told = r"merr: merr.toml: there is no setting face.mesh.detect_evry; did you mean (\S+)\?\n"
    found = re.fullmatch(told, done.stderr)
    assert found, done.stderr
    assert found[1] == "face.mesh.detect_every"
    assert not (tmp_path / "work").exists()
