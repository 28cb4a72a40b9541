"""The `merr` command: what people type, what they read, and the exit code."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from flows.cli import app
from flows.guard import guarded

MERR = Path(sys.executable).with_name("merr")


@pytest.fixture
def merr(capsys, monkeypatch, tmp_path):
    """Run a command in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MERR_DEBUG", "0")

    def run(*arguments):
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = guarded(lambda: app(words, prog_name="merr"), debug=False)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def process(*arguments, **options):
    """The installed command as a process of its own."""
    return subprocess.run(
        [MERR, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def build(merr, workshop, *options):
    return merr("build", workshop.sources, "--work", workshop.work.root, *options)


# ---- build: what it says when all is done, and what makes it end with 1


def test_a_build_with_nothing_to_do_says_so_and_starts_nothing(merr, workshop):
    before = workshop.parts()
    code, out, err = build(merr, workshop)
    assert (code, err) == (1, "")  # broken.mp4 is a failure that nobody has seen
    assert "nothing to do: all of it was done" in out
    assert "1 failed: `merr status" in out
    assert workshop.parts() == before
    assert not (workshop.work.root / "prefect").exists()


def test_accepted_failures_no_longer_make_a_build_end_with_1(merr, workshop):
    code, out, _ = merr("accept", workshop.work.root)
    assert (code, out) == (0, "1 failure marked as seen\n")
    code, out, _ = build(merr, workshop)
    assert code == 0
    assert "failed:" not in out
    (workshop.sources / "another.mp4").symlink_to("nowhere")
    assert build(merr, workshop)[0] == 1


def test_a_failure_is_accepted_by_the_start_of_its_id(merr, workshop):
    _, out, _ = merr("status", workshop.work.root, "--json")
    (failure,) = json.loads(out)["failures"]
    assert merr("accept", workshop.work.root, failure["id"][:12])[0] == 0
    assert json.loads(merr("status", workshop.work.root, "--json")[1])["failures"] == []
    code, _, err = merr("accept", workshop.work.root, "0123")
    assert code == 2
    assert err == "merr: 0123 is no failure that stands; `merr status` lists them\n"


def test_status_names_the_broken_file_and_what_is_wrong_with_it(merr, workshop):
    code, out, _ = merr("status", workshop.work.root)
    assert code == 0
    assert re.search(r"^video broken\.mp4: ingest: .*text.*\[DecodeError\]$", out, re.M)
    assert re.search(r"^coarse +4 +3 +1 +0 +0 +no_face 1$", out, re.M)
    assert "1 other names of the same bytes" in out


def test_status_as_json_has_the_books(merr, workshop):
    code, out, _ = merr("status", workshop.work.root, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["clips"], told["files"]["found"], told["stages"]["fine"]["done"]) == (4, 7, 3)


def test_status_asks_for_nothing_that_can_be_written(merr, workshop):
    """The index is derived: without it the books are the same."""
    with_index = merr("status", workshop.work.root)
    workshop.work.index.unlink(missing_ok=True)
    assert merr("status", workshop.work.root) == with_index


def test_a_limit_leaves_the_rest_out(merr, workshop):
    _, out, _ = build(merr, workshop, "--limit", "2")
    assert "4 left out by --limit" in out
    assert "2 videos" in out


# ---- publish and verify


def test_a_release_is_published_once_and_verified(merr, workshop, tmp_path):
    words = ("publish", workshop.work.root, "--to", tmp_path / "out", "--name", "d", "--version")
    code, out, err = merr(*words, "0.1.0")
    assert (code, err) == (0, "")
    assert out.startswith("published d 0.1.0 at ")
    assert merr(*words, "0.1.0")[1].startswith("already published, nothing to do: d 0.1.0")
    code, out, _ = merr("verify", tmp_path / "out" / "d" / "0.1.0")
    assert code == 0
    assert out.startswith("d 0.1.0 is whole: ")
    code, _, err = merr(*words, "one")
    assert (code, err.count("\n")) == (2, 1)


def test_a_release_may_be_published_otherwise_than_it_was_built_for(merr, workshop, tmp_path):
    words = ["publish", workshop.work.root, "--to", tmp_path / "out", "--name", "d"]
    words += ["--version", "0.1.0", "--set"]
    code, _, err = merr(*words, "peak.k=1")
    assert code == 2
    assert "only publish.* can be set here" in err
    assert merr(*words, "publish.media=reference", "--set", "publish.source_licence=MIT")[0] == 0
    told = json.loads((tmp_path / "out" / "d" / "0.1.0" / "manifest.json").read_text())
    assert (told["media"], told["source_licence"]) == ("reference", "MIT")


def test_a_damaged_release_is_told_fault_by_fault(merr, release, tmp_path):
    folder = shutil.copytree(release, tmp_path / "copy")
    (folder / "README.md").unlink()
    (folder / "more.txt").write_text("more")
    code, out, err = merr("verify", folder)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"{folder}: more.txt: is not in the manifest",
        f"{folder}: README.md: is missing",
    ]


# ---- show


def test_a_clip_is_shown_by_the_name_of_its_file(merr, workshop):
    code, out, _ = merr("show", workshop.work.root, "smile.mp4")
    assert code == 0
    assert "happy" in out
    by_stem = merr("show", workshop.work.root, "smile")[1]
    assert by_stem == out == merr("show", workshop.work.root, "the_same.mp4")[1]
    code, out, _ = merr("show", workshop.work.root, "smile", "--open")
    page = Path(out.splitlines()[-1])
    assert (code, page.suffix) == (0, ".html")
    assert "data:image/jpeg" in page.read_text()


def test_a_clip_that_fell_out_says_why(merr, workshop):
    assert "no_face" in merr("show", workshop.work.root, "rocket")[1]


@pytest.mark.parametrize(
    ("wanted", "told"), [("nobody", "no clip 'nobody'"), ("", "means 4 clips")]
)
def test_a_clip_that_is_not_clear_is_asked_for(merr, workshop, wanted, told):
    code, _, err = merr("show", workshop.work.root, wanted)
    assert (code, err.count("\n")) == (2, 1)
    assert told in err


# ---- configuration


def test_config_says_where_every_value_is_from(merr, tmp_path):
    (tmp_path / "merr.toml").write_text("[peak]\nk = 3\n")
    _, out, _ = merr("config", "--set", "cut.max_s=12")
    assert "peak.k = 3  # merr.toml\n" in out
    assert "cut.max_s = 12.0  # --set\n" in out
    assert 'cut.rule = "auto"  # default\n' in out
    assert json.loads(merr("config", "--json")[1])["peak"]["k"] == 3


def test_init_writes_a_file_and_never_over_one(merr, tmp_path):
    assert merr("init")[:2] == (0, "wrote merr.toml\n")
    assert merr("config")[1].count("# default") > 40
    kept = (tmp_path / "merr.toml").read_text()
    code, _, err = merr("init")
    assert (code, err.count("\n")) == (2, 1)
    assert (tmp_path / "merr.toml").read_text() == kept
    assert merr("init", "other.toml")[0] == 0


# ---- errors: one line, exit code 2


def not_there(_):
    return ["build", "nowhere", "--work", "w"]


def unknown_setting(_):
    return ["config", "--set", "peak.kk=1"]


def unknown_stage(workshop):
    return ["build", workshop.sources, "--work", workshop.work.root, "--until", "faces"]


def no_work_folder(_):
    return ["status", "nowhere"]


def no_release(workshop):
    return ["verify", workshop.sources]


def work_is_a_file(workshop):
    return ["build", workshop.sources, "--work", workshop.sources / "labels.csv"]


def no_engine(_):
    return ["engines", "install", "crystal_ball"]


def no_config(_):
    return ["config", "--config", "lost.toml"]


def strange_labels(workshop):
    (workshop.sources / "labels.csv").write_text("this,is\nno,table\n")
    return ["build", workshop.sources, "--work", workshop.work.root]


def no_vocabulary(workshop):
    words = ["build", workshop.sources, "--work", workshop.work.root]
    return [*words, "--set", "given.vocabulary=klingon"]


def damaged_run(workshop):
    workshop.work.run.write_text("{")
    return ["status", workshop.work.root]


def run_of_another_merr(workshop):
    run = json.loads(workshop.work.run.read_text())
    run["settings"]["peak"]["gone"] = 1
    workshop.work.run.write_text(json.dumps(run))
    return ["status", workshop.work.root]


@pytest.mark.parametrize(
    "words",
    [
        not_there,
        unknown_setting,
        unknown_stage,
        no_work_folder,
        no_release,
        work_is_a_file,
        no_engine,
        no_config,
        strange_labels,
        no_vocabulary,
        damaged_run,
        run_of_another_merr,
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(merr, workshop, words):
    code, out, err = merr(*words(workshop))
    assert (code, out) == (2, "")
    assert re.fullmatch(r"merr: .{20,}\n", err), err


def test_the_folder_of_the_videos_is_no_work_folder_and_stays_clean(merr, workshop):
    before = sorted(workshop.sources.iterdir())
    code, _, err = merr("build", workshop.sources, "--work", f"{workshop.sources}/")
    assert (code, "is the folder of the videos itself" in err) == (2, True)
    assert sorted(workshop.sources.iterdir()) == before


def test_one_merr_at_a_time_works_on_a_folder(merr, workshop, tmp_path):
    with FileLock(workshop.work.lock):
        for words in (
            ("build", workshop.sources, "--work", workshop.work.root),
            ("accept", workshop.work.root),
            ("publish", workshop.work.root, "--to", tmp_path, "--name", "d", "--version", "0.1.0"),
        ):
            code, _, err = merr(*words)
            assert code == 2
            assert "another merr works here" in err
        assert merr("status", workshop.work.root)[0] == 0


@pytest.mark.parametrize("words", [["--nonsense"], ["build"], ["publish", "w"], ["frobnicate"]])
def test_wrong_usage_ends_with_2(merr, words):
    assert merr(*words)[0] == 2


def test_the_lock_is_gone_after_an_error(merr, workshop):
    build(merr, workshop, "--set", "given.labels=lost.csv")
    assert build(merr, workshop)[0] == 1


# ---- the installed command


def test_an_error_of_the_installed_command_is_one_line_and_debug_shows_more(tmp_path):
    plain = process("status", tmp_path / "nowhere", cwd=tmp_path)
    assert (plain.returncode, plain.stdout, plain.stderr.count("\n")) == (2, "", 1)
    for words in (["--debug", "status"], ["status", "--debug"]):
        shown = process(*words, tmp_path / "nowhere", cwd=tmp_path)
        assert shown.returncode == 2
        assert shown.stderr.startswith("Traceback (most recent call last):")
        assert shown.stderr.endswith(plain.stderr)


def test_help_costs_less_than_a_second_and_150_mb():
    program = (  # a small process starts it: what a process held before exec counts as its own
        "import resource, subprocess, sys\n"
        "told = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(b'From raw video' in told, used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    words = [sys.executable, "-c", program, MERR, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    told, cpu_s, memory_kb = done.stdout.split()
    assert told == "True"
    assert float(cpu_s) < 1.0
    assert int(memory_kb) < 150 * 1024


def test_norms_of_too_few_clips_are_refused_with_their_number(merr, workshop, tmp_path):
    code, out, err = merr("norms", workshop.work.root, "--out", tmp_path / "norms.json")
    assert (code, out) == (2, "")
    assert "4 clips have a voice measured by prosody, norms need 100" in err
    assert not (tmp_path / "norms.json").exists()


def test_a_build_by_norms_that_are_not_there_stops_before_anything_starts(merr, workshop):
    before = workshop.parts()
    code, _, err = build(merr, workshop, "--set", "tone.norms=none.json")
    assert code == 2
    assert "tone.norms: no norms 'none.json'" in err
    assert workshop.parts() == before


def test_a_build_with_nothing_to_do_never_imports_prefect_or_a_decoder(workshop):
    program = (
        "import sys; from flows.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(sorted({'prefect', 'av', 'cv2', 'ai_edge_litert'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "build", workshop.sources, "--work", workshop.work.root],
        capture_output=True,
        text=True,
        check=False,
        cwd=workshop.work.root,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
