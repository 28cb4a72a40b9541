"""Of a damaged film the good frames are used; what was left out is told wherever the clip goes."""

from itertools import pairwise

import pytest

from pipeline.release import publish
from schemas.parquet import read_rows
from schemas.record import ClipRecord, ReleasedCoarse, ReleasedFine
from tests.hostile.conftest import GOOD
from tests.hostile.films import encode, pictures_of
from tests.hostile.houses import FINE, Done, build
from tests.pipeline.media_files import damage

FRAMES, GOP = 60, 10


@pytest.fixture(scope="module")
def done(folder, label, pool) -> Done:
    pictures = pictures_of("smile")[:FRAMES]
    damage(encode(folder / "spoilt.mp4", pictures, gop=GOP), 0.3, 0.5)
    whole = encode(folder / "cut_off.mkv", pictures, gop=GOP)
    data = whole.read_bytes()
    whole.write_bytes(data[: 4 * len(data) // 5])
    encode(folder / "all_spoilt.mp4", pictures, gop=FRAMES)
    damage(folder / "all_spoilt.mp4", 0.0, 1.0, every=3)
    label(folder, "spoilt.mp4", "cut_off.mkv", "all_spoilt.mp4")
    return build(folder, folder.parent / "work", pool)


def test_good_frames_before_and_after_the_damage_are_used_and_no_other(done):
    assert done.fate("spoilt.mp4") == FINE
    track, look = done.row("face", "spoilt.mp4"), done.row("look", "spoilt.mp4")
    lost = FRAMES - len(track.t_s)
    assert GOP <= lost <= 3 * GOP
    assert track.t_s[0] == 0
    assert track.t_s[-1] == pytest.approx((FRAMES - 1) / 25)
    first_after = next(b for a, b in pairwise(track.t_s) if b - a > 0.05)
    assert round(first_after * 25) % GOP == 0  # a key frame: nothing rests on what was lost
    assert any("damaged frame" in defect for defect in look.defects)


def test_defects_and_the_flag_follow_the_clip_into_the_release(done, tmp_path):
    assert "damaged_media" in done.row("evidence", "spoilt.mp4").flags
    assert "damaged_media" not in done.row("evidence", GOOD).flags
    assert done.row("look", GOOD).defects == ()
    made = publish(done.chain, to=tmp_path, name="spoilt", version="0.1.0").folder
    for table, row in (
        ("coarse", ReleasedCoarse),
        ("fine", ReleasedFine),
        ("evidence", ClipRecord),
    ):
        rows = [r for path in made.glob(f"{table}/*.parquet") for r in read_rows(path, row)]
        flagged = {r.name for r in rows if "damaged_media" in r.flags}
        assert "spoilt.mp4" in flagged, table
        assert GOOD not in flagged, table


def test_a_film_that_was_cut_off_is_as_long_as_what_is_left_of_it(done):
    assert done.fate("cut_off.mkv")[0] == "released"
    assert 0.5 * FRAMES < len(done.row("face", "cut_off.mkv").t_s) < FRAMES
    assert done.fate(GOOD) == FINE


def test_a_film_without_one_good_frame_fails_and_nothing_of_it_is_made_up(done):
    assert done.fate("all_spoilt.mp4") == ("failed", "DecodeError")
    assert done.clips("all_spoilt.mp4") == []
