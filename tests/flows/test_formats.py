"""`merr import` and `merr export`: what people type, what they read, and the exit code."""

import json

import pytest

from flows.cli import app
from flows.guard import guarded
from pipeline.release_folder import read_manifest
from tests.pipeline.merr_house import DIRTY, fine_entry, write_json

LISTS = ("--list", DIRTY / "fine.txt", "--transcripts", DIRTY / "transcription_en_all.csv")


@pytest.fixture
def merr(capsys, monkeypatch, tmp_path):
    """Run a command in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = guarded(lambda: app(words, prog_name="merr"), debug=False)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def add(merr, *options):
    return merr("import", "merr", "--json", DIRTY / "fine.json", *LISTS, "--work", "w", *options)


def publish(merr, *options):
    return merr("publish", "w", "--to", "to", "--name", "m", "--version", "0.1.0", *options)


def test_an_import_says_what_it_found_and_what_is_dirty(merr):
    code, out, err = add(merr)
    assert (code, err) == (0, "")
    assert out.startswith("imported fine.json: 7 entries; dirt: comment 2, ")
    assert "4 clips by name" not in out
    assert "7 clips by name, without video: 4 coarse, 4 fine" in out
    assert "rejected: bad_entry 1, unknown_label 1, no_text 1" in out
    assert "smp_reason_caption:refusal 1" in out
    assert "fine.txt: 1 line names no clip of the JSON, the first 'nobody' in line 5" in out


def test_an_import_again_has_nothing_to_do(merr):
    _, first, _ = add(merr)
    code, out, _ = add(merr)
    assert (code, out) == (0, f"{first}nothing to do: all of it was imported\n")


def test_an_imported_folder_goes_the_way_of_a_built_one(merr, tmp_path):
    add(merr)
    code, out, _ = merr("status", "w")
    assert code == 0
    assert "7 clips by name, without video" in out
    assert "files found" not in out
    told = json.loads(merr("status", "w", "--json")[1])
    assert (told["imports"]["coarse"], told["imports"]["rejected"]["no_text"]) == (4, 1)
    assert [item["id"] for item in told["given_not_used"]] == [
        "fine.txt",
        "transcription_en_all.csv",
    ]
    assert publish(merr)[0] == 0
    assert publish(merr)[1].startswith("already published, nothing to do: m 0.1.0")
    assert merr("verify", "to/m/0.1.0")[0] == 0
    assert read_manifest(tmp_path / "to" / "m" / "0.1.0").media == "reference"


def test_a_licence_said_at_the_import_is_that_of_the_release(merr, tmp_path):
    add(merr, "--set", "publish.source_licence=research only")
    publish(merr)
    licence = read_manifest(tmp_path / "to" / "m" / "0.1.0").licence
    assert licence.startswith("videos: research only")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": {"b": 1}}', "is no MERR file"),
        ("[1, 2", "is no JSON"),
        ("name,label\na,happy\n", "is no JSON"),
    ],
)
def test_what_is_no_merr_file_is_one_line_and_code_2(merr, tmp_path, text, why):
    (tmp_path / "no.json").write_text(text)
    code, out, err = merr("import", "merr", "--json", "no.json", "--work", "w")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("merr: no.json")
    assert why in err


def test_a_name_cannot_steer_the_terminal(merr, tmp_path):
    write_json(tmp_path / "f.json", {"\x1b[2J": fine_entry(pseu_emotion="?"), "a": fine_entry()})
    _, out, _ = merr("import", "merr", "--json", "f.json", "--work", "w")
    write_json(tmp_path / "g.json", {"\x1b[2J": fine_entry(text="\x1b[2J")})
    merr("import", "merr", "--json", "g.json", "--work", "v")
    shown = merr("show", "v", "\x1b[2J")[1]
    assert "\\x1b[2J" in shown
    assert "\x1b" not in out + shown


def test_a_build_and_an_import_must_mean_the_same_labels(merr, workshop):
    words = ("import", "merr", "--json", DIRTY / "fine.json", "--work", workshop.work.root)
    code, _, err = merr(*words, "--set", "given.vocabulary=dfew")
    assert code == 2
    assert "was built with the vocabulary merr9, this import asks for dfew" in err
    assert merr(*words)[0] == 0
    out = merr("status", workshop.work.root)[1]
    assert "7 files found" in out
    assert "imported fine.json: 7 entries" in out
    assert merr("show", workshop.work.root, "samplenew_00000001")[0] == 0
    assert "smile.mp4" in merr("show", workshop.work.root, "smile.mp4")[1]


@pytest.mark.parametrize("form", ["merr", "sharegpt"])
def test_an_export_says_what_it_wrote_and_again_does_nothing(merr, form, tmp_path):
    add(merr)
    publish(merr)
    words = ("export", "to/m/0.1.0", "--format", form, "--to", "out")
    code, out, err = merr(*words)
    assert (code, err) == (0, "")
    assert out.startswith("exported m 0.1.0 to out\n")
    for line in out.splitlines()[1:]:
        name, count = line.strip().rsplit(": ", 1)
        assert int(count) > 0
        assert "." not in name or (tmp_path / "out" / name).is_file()
    assert merr(*words)[1].startswith("already exported, nothing to do: m 0.1.0 to out")


def test_a_release_that_is_not_whole_is_not_exported(merr, tmp_path):
    add(merr)
    publish(merr)
    (tmp_path / "to" / "m" / "0.1.0" / "report.html").write_text("")
    code, _, err = merr("export", "to/m/0.1.0", "--format", "merr", "--to", "out")
    assert (code, err.count("\n")) == (2, 1)
    assert "is not whole, so nothing is exported: report.html: 0 bytes" in err
    assert not (tmp_path / "out").exists()


def test_what_is_no_release_and_no_format_ends_with_2(merr, tmp_path):
    assert merr("export", tmp_path, "--format", "merr", "--to", "out")[0] == 2
    assert merr("export", tmp_path, "--format", "csv", "--to", "out")[0] == 2
