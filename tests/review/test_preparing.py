"""What the page shows is made once, completely, and anew when what it came from changed."""

from pathlib import Path

import pytest

from review.media_folder import MediaFolder
from review.preparing import prepare, read_tracks

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(workshop):
    return workshop.open()


@pytest.fixture
def folder(chain):
    return MediaFolder.of(chain.work)


def clip_ids(chain):
    return [clip.clip_id for shard in chain.shards() for clip in chain.clips(shard)]


def test_every_clip_gets_a_file_a_picture_and_tracks_and_only_once(chain, folder, pool):
    wanted = clip_ids(chain)
    first = prepare(chain, folder, pool, clip_ids=None)
    assert (first.made, first.there, first.failed) == (len(wanted), 0, ())
    for clip_id in wanted:
        assert folder.kinds_of(clip_id) == ("clip", "peak", "tracks")
    again = prepare(chain, folder, pool, clip_ids=None)
    assert (again.made, again.there) == (0, len(wanted))


def test_only_the_clips_asked_for_are_made(chain, folder, pool):
    one, *others = clip_ids(chain)
    assert prepare(chain, folder, pool, clip_ids={one}).made == 1
    assert folder.kinds_of(others[0]) == ()
    assert read_tracks(folder, others[0]) is None


def test_other_surroundings_make_it_anew(chain, folder, pool):
    one = clip_ids(chain)[0]
    prepare(chain, folder, pool, clip_ids={one}, around_s=2)
    assert prepare(chain, folder, pool, clip_ids={one}, around_s=1).made == 1


def test_a_film_that_is_gone_is_told_and_stops_no_other(chain, folder, pool):
    clip = next(clip for shard in chain.shards() for clip in chain.clips(shard))
    Path(chain.catalog.videos[clip.video_id].location).unlink()
    done = prepare(chain, folder, pool, clip_ids=None)
    assert len(done.failed) == 1
    assert done.made == len(clip_ids(chain)) - 1
    clip_id, why = done.failed[0]
    assert "cannot be read" in why
    assert folder.kinds_of(clip_id) == ()
