"""Batches and shards: cut once, never cut again."""

import pytest

from pipeline.batches import (
    BATCH_BYTES,
    Batch,
    Shard,
    add_batches,
    add_shards,
    list_shards,
    read_batches,
    read_clips,
)
from pipeline.layout import WorkFolder
from schemas.clip import Clip
from schemas.video import SourceFile


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path)


def film(video_id, size_bytes=10):
    return SourceFile(
        path=f"{video_id}.mp4",
        source="s",
        location=f"/s/{video_id}.mp4",
        kind="film",
        size_bytes=size_bytes,
        video_id=video_id,
    )


def films(count, size_bytes=10):
    return [film(f"v{i:03d}", size_bytes) for i in range(count)]


def clips(count, first=0):
    return [
        Clip.of("v", n, n + 1, rule="spans", has_audio=False) for n in range(first, first + count)
    ]


def test_a_batch_holds_sixty_four_videos_in_the_order_found(work):
    batches = add_batches(work, films(130))
    assert [len(batch.video_ids) for batch in batches] == [64, 64, 2]
    assert [v for b in batches for v in b.video_ids] == [f.video_id for f in films(130)]
    assert read_batches(work) == batches


def test_a_batch_of_large_films_closes_early(work):
    batches = add_batches(work, films(5, size_bytes=BATCH_BYTES // 2))
    assert [len(batch.video_ids) for batch in batches] == [2, 2, 1]


def test_new_videos_make_new_batches_and_old_ones_stay(work):
    add_batches(work, films(2))
    before = (work.batches / "00000.json").read_bytes()
    batches = add_batches(work, [film("new"), *films(2)])
    assert batches == [Batch(0, ("v000", "v001")), Batch(1, ("new",))]
    assert (work.batches / "00000.json").read_bytes() == before


def test_without_new_videos_no_batch_is_made(work):
    assert add_batches(work, films(2)) == add_batches(work, films(1)) == add_batches(work, [])


def test_equal_bytes_and_unreadable_files_enter_once_or_not_at_all(work):
    unread = film("x").model_copy(update={"video_id": None})
    assert add_batches(work, [film("a"), film("a"), unread]) == [Batch(0, ("a",))]


BATCH = Batch(0, ("v",))


def test_a_shard_holds_sixty_four_clips(work):
    shards = add_shards(work, BATCH, "key", clips(130))
    assert [shard.clips for shard in shards] == [64, 64, 2]
    assert [clip for shard in shards for clip in read_clips(work, shard)] == clips(130)
    assert list_shards(work) == shards


def test_the_same_clips_make_no_new_shard(work):
    shards = add_shards(work, BATCH, "key", clips(70))
    before = {path: path.read_bytes() for path in work.shards.iterdir()}
    assert add_shards(work, BATCH, "key", clips(70)) == shards
    assert {path: path.read_bytes() for path in work.shards.iterdir()} == before


def test_more_clips_make_a_new_shard_and_old_ones_stay(work):
    add_shards(work, BATCH, "key", clips(3))
    old = next(work.shards.iterdir())
    before = old.read_bytes()
    shards = add_shards(work, BATCH, "key", clips(5))
    assert [shard.clips for shard in shards] == [3, 2]
    assert read_clips(work, shards[1]) == clips(2, first=3)
    assert old.read_bytes() == before


def test_another_cut_and_another_batch_have_shards_of_their_own(work):
    first = add_shards(work, BATCH, "key", clips(2))
    other_cut = add_shards(work, BATCH, "other", clips(3))
    other_batch = add_shards(work, Batch(1, ("w",)), "key", clips(1, first=9))
    assert [s.number for s in (*first, *other_cut, *other_batch)] == [0, 1, 2]
    assert add_shards(work, BATCH, "key", clips(2)) == first


def test_a_cut_that_gives_the_very_same_clips_finds_their_parts_again(work):
    first = add_shards(work, BATCH, "key", clips(70))
    again = add_shards(work, BATCH, "other", clips(70))
    assert [s.number for s in again] == [s.number for s in first] == [0, 1]
    by_another_rule = [clip.model_copy(update={"rule": "silence"}) for clip in clips(70)]
    assert [s.number for s in add_shards(work, BATCH, "third", by_another_rule)] == [4, 5]


def test_the_name_of_a_shard_says_all_of_it():
    shard = Shard(7, 3, "0123456789abcdef", "fedcba9876543210", 64)
    assert Shard.from_name(shard.file_name) == shard


def test_shards_are_told_apart_by_their_clips(work):
    one, two = (add_shards(work, BATCH, key, clips(2, first=f)) for key, f in (("a", 0), ("b", 5)))
    assert one[0].subjects != two[0].subjects
