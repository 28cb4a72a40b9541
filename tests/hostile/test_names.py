"""Names with blanks, quotes, newlines, dashes, escape codes; files and folders nobody may read."""

import csv
import ctypes
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from flows.cli import app
from flows.guard import run_guarded
from flows.session import open_chain
from flows.texts import problems_text
from pipeline.layout import WorkFolder
from pipeline.release import publish
from pipeline.unused import unused_texts
from schemas.failure import Rejection
from schemas.parquet import read_rows
from schemas.record import ReleasedCoarse
from tests.conftest import DEMO
from tests.hostile.conftest import GOOD
from tests.hostile.films import another_of, encode, pictures_of
from tests.hostile.houses import FINE, Done, build

ROOT = Path(__file__).parents[2]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # prctl(2), capabilities(7)
NAMES = (
    "se\u00f1or \u5fae\u7b11 \U0001f600.mp4",
    "  two  blanks .mp4",
    'it\'s "quoted".mp4',
    "first line\nsecond line.mp4",
    "-rf.mp4",
    "--debug.mp4",
    "$(touch pwned); `touch pwned`.mp4",
    "%s {0} %(name)s.mp4",
    "clear\x1b[2Jscreen.mp4",
    "-sub folder-/deep er/a.mp4",
    "comma, semicolon; tab\t.mp4",
)


@pytest.fixture(scope="module")
def done(folder: Path, pool) -> Done:
    film = encode(folder.parent / "film.mp4", pictures_of("smile")[12:32]).read_bytes()
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(another_of(film, number))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [("name", "label"), (GOOD, "happy"), *((name, "surprise") for name in NAMES)]
        csv.writer(file).writerows(rows)
    return build(folder, folder.parent / "work", pool)


def merr(*words: object) -> tuple[int, str, str]:
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run_guarded(lambda: app([str(word) for word in words]))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_film_is_called_it_is_made_with_the_label_of_its_name(done, name):
    assert done.fate(name) == FINE
    assert done.row("label", name).label == "surprise"


def test_no_name_reaches_a_shell_or_makes_a_file(done):
    assert not list(done.chain.work.root.parent.rglob("pwned"))
    assert not Path("pwned").exists()


def test_a_release_keeps_every_name_as_it_is(done, tmp_path):
    made = publish(done.chain, to=tmp_path, name="names", version="0.1.0").folder
    files = sorted(made.glob("coarse/*.parquet"))
    rows = [row for path in files for row in read_rows(path, ReleasedCoarse)]
    assert sorted(row.name for row in rows) == sorted((GOOD, *NAMES))
    code, _, err = merr("verify", made)
    assert (code, err) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_is_shown_by_any_name_and_no_name_steers_the_terminal(done, name):
    code, out, err = merr("show", done.chain.work.root, "--", name)
    assert (code, err) == (0, "")
    assert all(line.isprintable() for line in out.split("\n"))


def test_a_failure_is_told_in_one_line_whatever_its_file_is_called(tmp_path, pool):
    sources = tmp_path / "sources"
    sources.mkdir()
    names = [name for name in NAMES if "/" not in name]
    for number, name in enumerate(names):
        (sources / name).write_text(f"this is no film {number}")
    encode(sources / "film\x1b[2J\n.mp4", pictures_of("smile")[12:32])
    (sources / f"{names[3]}.srt").write_text("nor are these words")
    (sources / "labels.csv").write_text(
        'name,label,start,end\nlost\x1b[2J.mp4,hap\x1b[2Jpy,,\n"film\x1b[2J\n.mp4",happy,50,60\n'
    )
    done = build(sources, tmp_path / "work", pool)
    chain = done.chain
    unused = unused_texts(chain)
    out = problems_text(done.failures, unused, chain.names_of, tmp_path)
    assert {item.rule for item in unused if isinstance(item, Rejection)} == {
        "label_for_nothing", "fits_no_clip",
    }  # fmt: skip
    assert out.count(": ingest: is text; ") == len(names)
    assert out.count(": speech: ") == 1
    assert [line for line in out.split("\n") if not line.isprintable()] == []
    assert "first line\\nsecond line.mp4: ingest:" in out  # the newline is shown, not obeyed


def obey_permissions() -> None:
    """Root may read everything; a process without these two rights may not, nor what it starts."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, right, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "a right of root cannot be given up")


def in_alone(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=obey_permissions,
    )


@pytest.mark.slow
def test_a_folder_and_a_film_that_may_not_be_read_fail_and_the_rest_is_made(tmp_path, pool):
    sources, work = tmp_path / "sources", tmp_path / "work"
    (sources / "locked").mkdir(parents=True)
    for name in (GOOD, "secret.mp4", "locked/inside.mp4"):
        (sources / name).write_bytes(another_of((DEMO / "smile.mp4").read_bytes(), len(name)))
    (sources / "labels.csv").write_text(f"name,label\n{GOOD},happy\n")
    (sources / "secret.mp4").chmod(0)
    (sources / "locked").chmod(0)
    try:
        read = in_alone("-c", f"open({str(sources / 'secret.mp4')!r})")
    except subprocess.SubprocessError as e:
        pytest.skip(f"root cannot be kept from reading here: {e}")
    assert "Permission denied" in read.stderr  # so the permissions count
    ended = in_alone("-m", "tests.hostile.alone", sources, work)
    assert ended.returncode == 1, ended.stderr
    house = Done(open_chain(WorkFolder(work)))
    house.check()
    assert house.fate(GOOD) == FINE
    assert house.fate("secret.mp4") == house.fate("locked") == ("failed", "PermissionError")
    assert all("Permission denied" in failure.reason for failure in house.failures)

    (sources / "secret.mp4").chmod(0o600)
    (sources / "locked").chmod(0o700)
    healed = build(sources, work, pool)
    assert {name: healed.fate(name) for name in healed.fates} == {
        GOOD: FINE,
        "locked/inside.mp4": ("rejected", "no_label"),
        "secret.mp4": ("rejected", "no_label"),
    }
