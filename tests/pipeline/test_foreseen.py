"""Stills are taken while the clip is decoded for its face; they are those of a second decode."""

from dataclasses import replace

import av
import numpy as np
import pytest

from pipeline.batches import Shard
from pipeline.build import Build
from pipeline.media import KeptFrames, grab, stream
from pipeline.orient import Pictures
from pipeline.pool import WorkerPool
from pipeline.stages import BY_NAME
from pipeline.tally import Tally
from schemas.clip import Clip
from tests.conftest import DEMO

SMILE = DEMO / "smile.mp4"
CLIP = Clip.of("v", 0, 3_000_000, rule="whole", has_audio=True)


def test_kept_frames_are_those_that_a_second_decode_gives():
    kept = KeptFrames()
    stream(SMILE, CLIP, [], want_audio=False, keep=kept)
    again = grab(SMILE, CLIP, {0, 37, 46})
    found = kept.grab({0, 37, 46})
    assert found.keys() == again.keys()
    for index, (t_s, frame) in found.items():
        assert t_s == again[index][0]
        assert np.array_equal(frame, again[index][1])


def test_a_clip_beyond_the_bound_is_not_kept_at_all():
    kept = KeptFrames(most_bytes=10 * 640 * 360)
    streamed = stream(SMILE, CLIP, [], want_audio=False, keep=kept)
    assert streamed.frames == 75
    assert kept.grab({0}) is None


def test_nothing_is_kept_from_the_first_frame_on_where_the_clip_will_not_fit():
    kept = KeptFrames(most_bytes=60 * 640 * 360)  # 40 of 75 frames
    held = []

    class Watch:
        def feed(self, batch):
            held.extend([kept.grab({0}) is not None] * len(batch.frames))

        def finish(self):
            raise AssertionError

    stream(SMILE, CLIP, [Watch()], want_audio=False, keep=kept)
    assert held == [False] * 75


def test_fifteen_seconds_of_360p_are_kept():
    kept = KeptFrames()
    with av.open(str(SMILE)) as film:
        frame = next(film.decode(video=0))
        pictures = Pictures(frame, film.streams.video[0])
    kept.expect(15 * 25, frame)
    for number in range(15 * 25):
        kept.add(number * 40_000, frame, pictures)
    assert kept.grab({0}) is not None


def test_a_frame_that_was_never_decoded_is_not_kept():
    kept = KeptFrames()
    stream(SMILE, CLIP, [], want_audio=False, keep=kept)
    assert kept.grab({75}) is None


@pytest.fixture
def anew(workshop, pool):
    """A build of the workshop's first shard after its face and stills were lost."""
    chain = workshop.open()
    [shard] = chain.shards()
    for name in ("face", "stills"):
        chain.path(BY_NAME[name], shard).unlink()
    return Build(chain, pool, Tally(lambda stage, tally: None), lambda line: None), shard


def stills(build: Build, shard: Shard) -> bytes:
    return build.chain.path(BY_NAME["stills"], shard).read_bytes()


def test_a_build_uses_what_was_foreseen_and_writes_the_same_bytes(anew, built, tmp_path):
    build, shard = anew
    closed = WorkerPool(1, log=tmp_path / "log", memory_gb=1)  # no worker could take any
    closed.close()
    measured = build.measure(shard)
    assert len(measured.foreseen) == len(build.chain.clips(shard))
    with_them = Build(build.chain, closed, build.tally, build.log)
    with_them.advance(shard, ("peak", "stills"), measured)
    chain = built.open()
    assert stills(build, shard) == chain.path(BY_NAME["stills"], shard).read_bytes()


def test_stills_of_another_peak_are_not_used(anew, built):
    build, shard = anew
    measured = build.measure(shard)
    wrong = {
        clip_id: row.model_copy(update={"peak": row.first})
        for clip_id, row in measured.foreseen.items()
    }
    build.advance(shard, ("peak", "stills"), replace(measured, foreseen=wrong))
    chain = built.open()
    assert stills(build, shard) == chain.path(BY_NAME["stills"], shard).read_bytes()
