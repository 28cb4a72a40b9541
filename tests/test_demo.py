"""The demo clips move by known curves: what comes out of the plumbing must be what went in."""

import csv
from collections import defaultdict
from statistics import correlation

import pytest

from schemas.label import load_vocabulary
from tests.conftest import DEMO, FACES

NEAR_FRAMES = 3
LOW = 1.0  # below it an action unit does not count as present


@pytest.fixture(scope="module")
def curves():
    """(file, drive) -> value of every frame."""
    found = defaultdict(list)
    with (DEMO / "expression_curves.csv").open() as file:
        for row in csv.DictReader(file):
            found[row["clip"], row["drive"]].append(float(row["value"]))
    return found


@pytest.fixture(scope="module")
def rows(built):
    """(stage, file) -> the row."""
    chain = built.open()
    [shard] = chain.shards()
    names = {clip.clip_id: chain.catalog.names[clip.video_id][0] for clip in chain.clips(shard)}
    return {
        (stage, names[clip_id]): row
        for stage in ("face", "peak", "coarse")
        for clip_id, row in chain.rows(stage, shard).items()
    }


@pytest.mark.parametrize("name", FACES)
def test_the_peak_lies_where_the_expression_was_driven_furthest(name, rows, curves):
    drives = [curve for (clip, _), curve in curves.items() if clip == f"{name}.mp4"]
    furthest = max(range(len(drives[0])), key=lambda i: sum(curve[i] for curve in drives))
    moment = rows["peak", f"{name}.mp4"].moment
    assert abs(moment.frame_index - furthest) <= NEAR_FRAMES
    assert moment.t_s == pytest.approx(moment.frame_index / 25)


@pytest.mark.parametrize(
    ("name", "drive", "aus"),
    [
        ("smile", "smile", ("AU12",)),
        ("goodbye", "smile", ("AU12",)),
        ("surprise", "mouth_open", ("AU25", "AU26")),
        ("surprise", "brows", ("AU01",)),
    ],
)
def test_units_that_were_moved_follow_their_drive(name, drive, aus, rows, curves):
    track = rows["face", f"{name}.mp4"]
    for au in aus:
        assert correlation(track.intensity(au), curves[f"{name}.mp4", drive]) > 0.9, au


@pytest.mark.parametrize(
    ("name", "aus"),
    [
        ("smile", ("AU01", "AU02", "AU25", "AU26", "AU45")),
        ("goodbye", ("AU01", "AU02", "AU25", "AU26", "AU45")),
        ("surprise", ("AU02", "AU12", "AU45")),
    ],
)
def test_units_that_were_not_moved_stay_low(name, aus, rows):
    track = rows["face", f"{name}.mp4"]
    assert {au: max(track.intensity(au)) < LOW for au in aus} == dict.fromkeys(aus, True)


def test_where_nobody_is_there_is_no_face_in_any_frame(rows):
    track = rows["face", "rocket.mp4"]
    assert set(track.success) == {False}
    assert set(track.au12_r) == {None}
    assert rows["peak", "rocket.mp4"].moment is None
    assert ("coarse", "rocket.mp4") not in rows


def test_every_clip_of_the_demo_has_a_label_of_the_vocabulary():
    vocabulary = load_vocabulary("merr9")
    with (DEMO / "labels.csv").open() as file:
        labels = {row["name"]: row["label"] for row in csv.DictReader(file)}
    clips = {path.name for path in DEMO.iterdir() if path.suffix in (".mp4", ".jpg")}
    assert labels.keys() == clips
    assert set(labels.values()) <= set(vocabulary.labels)


def test_the_demo_is_small():
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 2_000_000
