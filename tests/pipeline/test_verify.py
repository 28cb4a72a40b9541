"""Verifying: what was changed, lost or added in a release is found."""

import json
import shutil

import pytest

from pipeline.digests import release_digest, sha256_of
from pipeline.release_folder import MANIFEST, read_manifest
from pipeline.release_tables import TABLES
from pipeline.tables import TableWriter
from pipeline.verify import verify
from schemas.errors import SetupError
from schemas.parquet import read_rows


@pytest.fixture
def copied(release, tmp_path):
    return shutil.copytree(release, tmp_path / "release")


def edit_manifest(folder, change):
    told = json.loads((folder / MANIFEST).read_text())
    change(told)
    (folder / MANIFEST).write_text(json.dumps(told))


def list_again(folder, **changes):
    """A forger's manifest: files, sizes and digest are right."""
    manifest = read_manifest(folder)
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != MANIFEST]
    rows = {file.path: file.rows for file in manifest.files}
    files = tuple(
        manifest.files[0].model_copy(
            update={
                "path": (name := path.relative_to(folder).as_posix()),
                "sha256": sha256_of(path),
                "size_bytes": path.stat().st_size,
                "rows": rows.get(name),
            }
        )
        for path in paths
    )
    changed = manifest.model_copy(update=changes | {"files": files})
    changed = changed.model_copy(update={"digest": release_digest(changed)})
    (folder / MANIFEST).write_text(changed.model_dump_json())


def rewrite(folder, table, change):
    """Write the rows of a table again, changed; as many rows as before."""
    for path in sorted((folder / table).iterdir()):
        split = path.name.split("-")[0]
        rows = change(read_rows(path, TABLES[table]))
        path.unlink()
        writer = TableWriter(folder / table, TABLES[table])
        for row in rows:
            writer.add(split, row)
        writer.finish()


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


EVERY_FILE = ("README.md", "report.html", "coarse", "evidence", "books", "instructions", "fine")


@pytest.mark.parametrize("name", EVERY_FILE)
def test_one_flipped_bit_is_found(copied, name):
    path = copied / name
    flip(path if path.is_file() else min(path.iterdir()))
    (fault,) = verify(copied)
    assert name in fault
    assert "its sha256 is not that of the manifest" in fault


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_lost_file_is_found(copied, name):
    path = copied / name if (copied / name).is_file() else min((copied / name).iterdir())
    path.unlink()
    assert verify(copied) == [f"{path.relative_to(copied)}: is missing"]


@pytest.mark.parametrize("name", ["notes.txt", "coarse/train-00001-of-00002.parquet", ".hidden"])
def test_a_file_too_many_is_found(copied, name):
    (copied / name).write_text("mine")
    assert verify(copied) == [f"{name}: is not in the manifest"]


def test_a_shortened_file_is_found(copied):
    path = copied / "report.html"
    path.write_bytes(path.read_bytes()[:-1])
    (fault,) = verify(copied)
    assert fault.startswith("report.html: ")
    assert "bytes, the manifest says" in fault


def test_every_fault_is_told(copied):
    (copied / "README.md").unlink()
    flip(copied / "report.html")
    (copied / "more").write_text("more")
    assert len(verify(copied)) == 3


def set_rows(told):
    told["rows"]["coarse"] += 1


def set_states(told):
    told["states"]["clip"]["released"] -= 1


def set_found(told):
    told["found"]["file"] += 1


def set_rejected(told):
    told["rejected"] = {}


def set_failed(told):
    told["failed"]["ingest/DecodeError"] = 0


def set_sha(told):
    told["files"][0]["sha256"] = "0" * 64


def set_digest(told):
    told["digest"] = "0" * 64


def drop_file(told):
    del told["files"][0]


def set_file_rows(told):
    next(f for f in told["files"] if f["rows"])["rows"] += 1


@pytest.mark.parametrize(
    "change",
    [
        set_rows,
        set_states,
        set_found,
        set_rejected,
        set_failed,
        set_sha,
        set_digest,
        drop_file,
        set_file_rows,
    ],
)
def test_an_edited_manifest_is_found(copied, change):
    edit_manifest(copied, change)
    assert verify(copied)


def test_a_manifest_that_was_only_written_otherwise_is_still_the_same(copied):
    edit_manifest(copied, lambda told: None)
    assert verify(copied) == []


def test_another_major_version_of_the_schema_is_told(copied):
    edit_manifest(copied, lambda told: told.update(schema_version="2.0"))
    assert any("schema 2.0; this merr reads" in fault for fault in verify(copied))


# ---- a forger who lists his files again


def test_a_forged_list_alone_changes_nothing(copied):
    list_again(copied)
    assert verify(copied) == []


def test_a_clip_whose_fate_was_changed_no_longer_balances(copied):
    rewrite(
        copied,
        "books",
        lambda rows: [
            row.model_copy(update={"state": "pending"}) if row.subject == "clip" else row
            for row in rows
        ],
    )
    list_again(copied)
    faults = verify(copied)
    assert any(fault.startswith("books: states counts") for fault in faults)
    assert any("clips of the coarse tier, the table holds others" in fault for fault in faults)


def test_a_subject_that_left_the_books_is_missed(copied):
    """The manifest was made to say the new sums; what was found still says the old."""

    def without_the_broken_file(rows):
        kept = [row for row in rows if row.id != "broken.mp4"]
        return [*kept, kept[-1]]

    rewrite(copied, "books", without_the_broken_file)
    list_again(copied)
    assert verify(copied)


def test_a_sample_of_a_clip_that_is_in_no_other_table_is_found(copied):
    rewrite(
        copied,
        "fine",
        lambda rows: [row.model_copy(update={"clip_id": "0" * 32}) for row in rows],
    )
    list_again(copied)
    assert any(
        fault.startswith("fine: ") and "no coarse sample" in fault for fault in verify(copied)
    )


def test_a_swapped_clip_is_found_by_the_books(copied):
    strange = {"clip_id": "0" * 32}
    for table in ("coarse", "fine", "evidence", "instructions"):
        rewrite(copied, table, lambda rows: [row.model_copy(update=strange) for row in rows])
    list_again(copied)
    assert any("the coarse tier, the table holds others" in fault for fault in verify(copied))


def test_a_table_that_is_no_table_is_told_and_not_raised(copied):
    path = min((copied / "coarse").iterdir())
    path.write_bytes(b"no parquet")
    list_again(copied)
    (fault,) = verify(copied)
    assert "cannot be read" in fault


def test_a_folder_without_a_manifest_is_no_release(tmp_path):
    with pytest.raises(SetupError, match="is not a release"):
        verify(tmp_path)


@pytest.mark.parametrize("field", ["licence", "parent", "recipe", "vocabulary"])
def test_no_word_of_the_manifest_can_be_edited(release, tmp_path, field):
    folder = shutil.copytree(release, tmp_path / "0.1.0")
    edited = read_manifest(folder).model_copy(update={field: "something else"})
    (folder / MANIFEST).write_text(edited.model_dump_json())
    assert verify(folder) == [f"{MANIFEST}: its digest is not that of what it says"]
