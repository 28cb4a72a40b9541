"""Features of a work folder: parts by slot and shard, books that balance, media that is shown."""

from collections import Counter

import numpy as np
import pytest

from annotators.feature_settings import FeatureSettings
from annotators.features import Encoded, evenly, face_frames, motion_frames
from pipeline.feature_books import feature_failures, keep_feature_books, pending_features
from pipeline.feature_lots import FeatureChain, feature_parts
from pipeline.feature_sources import FeatureLedger, FeatureSource, find_sources
from pipeline.featuring import Featuring
from pipeline.layout import WorkFolder
from pipeline.tally import Tally
from schemas.errors import AnnotationError
from schemas.features import SLOTS
from schemas.grid import PatchGrid
from tests.pipeline.tracks import make_track

SMALL = FeatureSettings.model_validate({slot: {"engine": "small"} for slot in SLOTS})
ENGINES = {"audio": "hubert", "face": "mae", "motion": "videomae", "image": "eva"}


def source(slot, **changes):
    return FeatureSource(
        slot=slot,
        engine=ENGINES[slot],
        encoder="fake",
        weights="ab" * 32,
        layer="last",
        pooling="mean",
        sampling="all",
        computed="by hand",
    ).model_copy(update=changes)


def seen(arrays):
    """An encoder that says how much it was shown, and the mean of it."""
    return [
        Encoded(np.array([len(a), a.mean(), *a.shape[-1:]], np.float32), grid=np.ones((4, 2)))
        for a in arrays
    ]


class Run:
    def __init__(self, chain, pool, *, encode=seen, settings=SMALL, sources=None, retry=False):
        self.chain = chain
        self.features = FeatureChain(self.chain)
        self.sources = sources or [source(slot) for slot in SLOTS]
        self.loaded = Counter()
        self.encode = encode
        tally = Tally(lambda stage, counts: None)
        self.featuring = Featuring(
            self.features, self.sources, settings, self.load, pool, tally, lambda line: None, retry
        )

    def load(self, source):
        self.loaded[source.slot] += 1
        return self.encode

    def __call__(self):
        self.featuring.run(self.featuring.tasks())
        return self

    @property
    def worked(self):
        return self.featuring.tally.worked

    def rows(self):
        """(slot, name of the file) -> row"""
        return {
            (row.slot, self.chain.names_of(row.clip_id)[0].split(" ")[0]): row
            for lot in self.features.lots()
            for source in self.sources
            for row in self.features.part(lot, source).rows
        }

    def books(self):
        found = keep_feature_books(self.features, self.sources)
        for books in found:
            assert books.pending >= 0
            fell = books.rejected.total() + books.failed.total()
            assert books.entered == books.done + fell + books.pending
        return {books.slot: books for books in found}


# ---- rules


@pytest.mark.parametrize(
    ("n", "frames"),
    [
        (16, list(range(16))),
        (100, [3, 9, 15, 21, 28, 34, 40, 46, 53, 59, 65, 71, 78, 84, 90, 96]),
        (7, [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6]),
        (1, [0] * 16),
    ],
)
def test_sixteen_frames_are_the_middles_of_sixteen_equal_parts(n, frames):
    assert evenly(n, 16) == frames


def test_only_frames_whose_face_has_all_its_landmarks_are_chosen_from():
    track = make_track("c", smile=0.5)
    lost = list(track.landmarks_px)
    lost[0:5], lost[10:20] = [None] * 5, [None] * 10
    track = track.model_copy(update={"landmarks_px": tuple(lost)})
    there = list(range(2, len(track.t_s)))
    assert face_frames(track, None) == there
    assert face_frames(track, 3) == [there[i] for i in evenly(len(there), 3)]
    assert set(motion_frames(track)) <= set(there)
    assert len(motion_frames(track)) == 16
    nobody = track.model_copy(update={"success": (False,) * len(track.t_s)})
    assert (face_frames(nobody, None), motion_frames(nobody)) == ([], [])


# ---- runs


def test_each_slot_is_shown_what_it_should_see(workshop, pool):
    rows = Run(workshop.open(), pool)().rows()
    chain = workshop.open()
    [shard] = chain.shards()
    tracks = {chain.names_of(i)[0].split(" ")[0]: t for i, t in chain.rows("face", shard).items()}
    for name in ("smile.mp4", "goodbye.mp4", "surprise.mp4"):
        faces = len(face_frames(tracks[name], None))
        assert rows["face", name].vector[0] == faces > 16
        assert rows["motion", name].vector[0] == 16
        assert 20 < rows["face", name].vector[1] < 235  # pictures, not black
        seconds = tracks[name].t_s[-1] + tracks[name].t_s[1]
        assert rows["audio", name].vector[0] / 16_000 == pytest.approx(seconds, abs=0.1)
        assert abs(rows["audio", name].vector[1]) < 0.1
        assert rows["image", name].vector[2] == 3


def test_what_is_missing_is_no_row_but_counted_with_its_reason(workshop, pool):
    run = Run(workshop.open(), pool)()
    rows, books = run.rows(), run.books()
    assert ("face", "rocket.mp4") not in rows
    assert books["face"].rejected == books["motion"].rejected == {"no_face": 1}
    assert books["image"].rejected == {"no_face": 1}
    assert books["audio"].done + books["audio"].rejected["no_audio"] == 4
    assert {b.entered for b in books.values()} == {4}
    middle = SMALL.model_copy(update={"image": SMALL.image.model_copy(update={"frame": "middle"})})
    told = [source("image", sampling="middle")]
    assert Run(workshop.open(), pool, settings=middle, sources=told)().books()["image"].done == 4


def test_a_rerun_does_nothing_and_loads_nothing(workshop, pool):
    Run(workshop.open(), pool)()
    before = workshop.parts()
    again = Run(workshop.open(), pool)()
    assert (again.worked, again.loaded) == (0, Counter())
    assert workshop.parts() == before
    assert sum("_features/" in name for name in before) == 4


def test_a_lost_part_is_made_again_alone_and_the_same(workshop, pool):
    Run(workshop.open(), pool)()
    before = workshop.parts()
    [lost] = [name for name in before if "face_features/" in name]
    (workshop.work.root / lost).unlink()
    again = Run(workshop.open(), pool)()
    assert again.loaded == {"face": 1}
    assert workshop.parts() == before


def test_another_encoder_pooling_or_rule_makes_other_parts(workshop, pool):
    run = Run(workshop.open(), pool)
    [lot] = run.features.lots()
    changes = ("encoder", "weights", "layer", "pooling", "sampling", "computed")
    keys = {run.features.key(lot, source("face", **{c: "other"})).name for c in changes}
    assert len(keys | {run.features.key(lot, source("face")).name}) == len(changes) + 1


def test_a_clip_that_breaks_an_encoder_takes_no_other_with_it(workshop, pool):
    def picky(arrays):
        if any(len(a) == 0 or (a[0].mean() > 0 and len(a) > 60) for a in arrays):
            raise AnnotationError("NaN")
        return seen(arrays)

    lengths = [
        r.vector[0]
        for (slot, _), r in Run(workshop.open(), pool)().rows().items()
        if slot == "face"
    ]
    many = sum(length > 60 for length in lengths)
    told = [source("face", layer="picky")]
    run = Run(workshop.open(), pool, encode=picky, sources=told)()
    books = run.books()["face"]
    assert books.failed == ({"AnnotationError": many} if many else {})
    assert books.done == 3 - many
    failures = list(feature_failures(run.features, told))
    assert [f.reason for f in failures] == ["NaN"] * many
    healed = Run(workshop.open(), pool, sources=told, retry=True)()
    assert healed.books()["face"].done == 3


def test_a_film_that_is_gone_costs_its_own_slots_alone(workshop, pool):
    chain = workshop.open()
    (workshop.sources / "surprise.mp4").unlink()
    books = Run(chain, pool)().books()
    assert books["face"].failed.total() == books["audio"].failed.total() == 1
    assert books["face"].done == 2
    assert books["image"].done == 3  # out of the work folder


def test_media_decoded_for_encoders_is_removed(workshop, pool):
    Run(workshop.open(), pool)()
    assert list(workshop.work.scratch.iterdir()) == []


# ---- grids


def test_a_grid_lies_beside_the_rows_and_is_made_again_when_it_is_lost(workshop, pool):
    told = [source("image", grid=True)]
    run = Run(workshop.open(), pool, sources=told)()
    folder = run.features.grid_folder(told[0])
    grid = PatchGrid.open(folder)
    rows = {row.clip_id for row in run.rows().values()}
    assert set(grid.clip_ids) == rows
    assert np.array_equal(grid.rows(sorted(rows)), np.ones((3, 4, 2), np.float16))
    assert Run(workshop.open(), pool, sources=told)().worked == 0
    for path in folder.rglob("*.f16"):
        (path.parent / "grid.json").unlink()
    again = Run(workshop.open(), pool, sources=told)
    assert again.books()["image"].pending == 4
    assert again().worked == 4
    assert len(PatchGrid.open(folder)) == 3


# ---- small


def test_small_features_need_no_decode_and_say_what_they_know(workshop, pool):
    told = find_sources(SMALL, lambda path: "")
    run = Run(workshop.open(), pool, sources=told)()
    assert not run.loaded
    rows = run.rows()
    widths = {slot: {len(r.vector) for (s, _), r in rows.items() if s == slot} for slot in SLOTS}
    assert widths == {"face": {136}, "motion": {288}, "audio": {24}, "image": {192}}
    smile = rows["face", "smile.mp4"].vector
    pairs = np.array(smile).reshape(-1, 2)
    assert set(pairs[:, 1]) == {0.0, 1.0}  # mesh cannot tell every unit
    assert (pairs[pairs[:, 1] == 0, 0] == 0).all()
    vectors = {r.vector for (s, _), r in rows.items() if s == "face"}
    assert len(vectors) == 3


def test_small_features_are_the_same_to_the_byte(workshop, pool, tmp_path):
    other = workshop.copy_to(tmp_path / "other")
    for made in (workshop, other):
        Run(made.open(), pool, sources=find_sources(SMALL, lambda path: ""))()
    assert workshop.parts() == other.parts()


def test_the_ledger_knows_the_last_source_of_each_slot(tmp_path):
    work = WorkFolder(tmp_path)
    assert FeatureLedger.load(work).sources == ()
    first = FeatureLedger().with_sources([source("image"), source("audio")])
    first.save(work)
    told = FeatureLedger.load(work).with_sources([source("audio", encoder="other")])
    assert [(s.slot, s.encoder) for s in told.sources] == [("audio", "other"), ("image", "fake")]


def test_clips_that_wait_for_features_are_told(workshop, pool):
    run = Run(workshop.open(), pool, sources=[source("face")])
    FeatureLedger(sources=tuple(run.sources)).save(workshop.work)
    assert pending_features(run.chain) == "4 clips (face)"
    assert list(feature_parts(run.chain)) == []
    run()
    assert pending_features(run.chain) == ""
    assert [path.parent.name for _, _, path in feature_parts(run.chain)] == ["face_features"]
