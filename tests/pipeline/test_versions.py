"""Version numbers say how much changed."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.versions import check_step, check_version, latest_before
from schemas.errors import SetupError
from schemas.release import Manifest


def manifest(version, **fields):
    return Manifest(
        name="d",
        version=version,
        schema_version="1.0",
        recipe="r",
        digest="d",
        parent=None,
        vocabulary="merr9",
        files=(),
        rows={},
        found={},
        states={},
        rejected={},
        failed={},
        parts=(),
        media="embed",
        engines=(),
        source_licence=None,
        licence="l",
    ).model_copy(update=fields)


def release(root, version, splits, **fields):
    """A folder with a coarse table; `splits`: split -> clip_ids."""
    folder = root / version
    (folder / "coarse").mkdir(parents=True)
    for split, ids in splits.items():
        path = folder / "coarse" / f"{split}-00000-of-00001.parquet"
        pq.write_table(pa.table({"clip_id": ids}), path)
    return folder, manifest(version, **fields)


@pytest.mark.parametrize("version", ["1", "1.0", "v1.0.0", "1.0.0-rc", "01.0.0", "", "1.0.0\n"])
def test_other_forms_than_three_numbers_are_refused(version):
    with pytest.raises(SetupError, match=r"X\.Y\.Z"):
        check_version(version)


def test_the_release_before_is_the_highest_lower_number_not_the_last_in_the_alphabet(tmp_path):
    for version in ("0.9.0", "0.10.0", "0.11.0", "notes"):
        (tmp_path / version).mkdir()
    assert latest_before(tmp_path / "0.10.5") == tmp_path / "0.10.0"
    assert latest_before(tmp_path / "0.1.0") is None


@pytest.mark.parametrize(
    ("splits", "fields", "least", "refused"),
    [
        ({"train": ["a"]}, {}, "1.0.1", None),  # a row withdrawn
        ({"train": ["a", "b", "c"]}, {}, "1.1.0", "1.0.1"),
        ({"train": ["a"], "val": ["b"]}, {}, "2.0.0", "1.1.0"),  # b moved
        ({"train": ["a", "b"]}, {"vocabulary": "dfew"}, "2.0.0", "1.9.9"),
        ({"train": ["a", "b"]}, {"schema_version": "2.0"}, "2.0.0", "1.1.0"),
    ],
)
def test_the_step_must_say_what_changed(tmp_path, splits, fields, least, refused):
    old = release(tmp_path, "1.0.0", {"train": ["a", "b"]})
    check_step(tmp_path / least, release(tmp_path / "n", least, splits, **fields), old)
    if refused:
        new = release(tmp_path / "m", refused, splits, **fields)
        with pytest.raises(SetupError, match=f"at least {least}"):
            check_step(tmp_path / refused, new, old)


def test_below_one_a_minor_step_may_say_major(tmp_path):
    old = release(tmp_path, "0.1.0", {"train": ["a"]})
    check_step(tmp_path / "0.2.0", release(tmp_path / "n", "0.2.0", {"val": ["a"]}), old)
    with pytest.raises(SetupError, match=r"at least 0\.2\.0"):
        check_step(tmp_path / "0.1.1", release(tmp_path / "m", "0.1.1", {"val": ["a"]}), old)
