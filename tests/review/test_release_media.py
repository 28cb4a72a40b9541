"""Clips whose films are elsewhere: what their release carries of them is shown, once, if whole."""

import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.release import publish
from review.media_folder import MediaFolder
from review.preparing import read_tracks
from review.release_media import prepare_from_release
from review.sources import samples_of_release
from schemas.errors import SetupError


@pytest.fixture
def folder(tmp_path):
    return MediaFolder(tmp_path / "media")


def rows_of(release):
    paths = sorted((release / "evidence").glob("*.parquet"))
    return {row["clip_id"]: row for path in paths for row in pq.read_table(path).to_pylist()}


def test_a_clip_gets_its_peak_frame_its_sound_and_its_action_units(release, folder):
    done = prepare_from_release(release, folder, clip_ids=None)
    rows = rows_of(release)
    assert (done.made, done.there, done.failed) == (len(rows), 0, ())
    for shown in samples_of_release(release):
        row, clip = rows[shown.clip.clip_id], shown.clip
        peak = folder.path(clip.clip_id, "peak").read_bytes()
        assert peak == (row["peak_frame"] or row["middle_frame"])["bytes"]
        if row["audio"] is not None:
            assert folder.path(clip.clip_id, "sound").read_bytes() == row["audio"]["bytes"]
        tracks = read_tracks(folder, clip.clip_id)
        assert tracks.from_release
        assert tracks.peak is None or tracks.peak.proxy == ("proxy_action_units" in row["flags"])
        assert (tracks.peak is None) == (clip.peak_t_s is None)
        if tracks.peak is not None:
            assert (tracks.peak.t_s, tracks.peak.index) == (clip.peak_t_s, clip.peak_index)
            cited = {i.key: i.value for i in clip.items if i.key.startswith("face.AU")}
            assert {f"face.{au.au}": au.intensity for au in tracks.peak.aus} == cited


def test_it_is_made_once_and_only_of_the_clips_asked_for(release, folder):
    one, other = sorted(rows_of(release))[:2]
    assert prepare_from_release(release, folder, clip_ids={one}).made == 1
    again = prepare_from_release(release, folder, clip_ids={one})
    assert (again.made, again.there) == (0, 1)
    assert folder.kinds_of(other) == ()


def test_a_release_that_only_points_at_media_is_told_clip_by_clip(built, folder, tmp_path):
    chain = built.open()
    settings = chain.settings.model_copy(
        update={"publish": chain.settings.publish.model_copy(update={"media": "reference"})}
    )
    bare = publish(
        replace(chain, settings=settings), to=tmp_path, name="bare", version="0.1.0"
    ).folder
    done = prepare_from_release(bare, folder, clip_ids=None)
    assert (done.made, len(done.failed)) == (0, len(rows_of(bare)))
    assert "holds no media of it" in done.failed[0][1]


def test_what_is_no_picture_is_told_and_not_served(release, folder, tmp_path):
    copy = shutil.copytree(release, tmp_path / "copy")
    path = next(p for p in sorted((copy / "evidence").glob("*.parquet")))
    table = pq.read_table(path)
    rows = table.to_pylist()
    page = {"bytes": b"<script>alert(1)</script>", "path": "x.jpg"}
    rows[0] |= {"peak_frame": page, "middle_frame": page}
    pq.write_table(table.from_pylist(rows, schema=table.schema), path)
    done = prepare_from_release(copy, folder, clip_ids={rows[0]["clip_id"]})
    assert done.failed == (
        (rows[0]["clip_id"], "its peak in the release is damaged; get the release again"),
    )
    assert folder.kinds_of(rows[0]["clip_id"]) == ()


def test_a_folder_that_is_no_release_is_named(folder, tmp_path):
    with pytest.raises(SetupError, match="is not a release"):
        prepare_from_release(tmp_path, folder, clip_ids=None)
