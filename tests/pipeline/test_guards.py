"""What must never slip, held without workers: keys, books, releases, the picture of the peak."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.batches import add_batches, add_shards
from pipeline.catalog import Catalog
from pipeline.chain import Chain
from pipeline.compute import COMPUTE
from pipeline.container import DEFAULT_LIMITS
from pipeline.found_files import FoundFiles
from pipeline.given import Given
from pipeline.index import CountIndex
from pipeline.jobs import take_stills
from pipeline.layout import WorkFolder
from pipeline.parts import Counts
from pipeline.peak import PeakSettings, find_peak
from pipeline.pictures import PictureSettings
from pipeline.release import publish
from pipeline.release_folder import read_manifest
from pipeline.settings import Settings
from pipeline.stages import STAGES
from pipeline.status import StageBooks, keep_books
from pipeline.verify import verify
from schemas.clip import Clip
from schemas.errors import SetupError
from schemas.peak import Picture, Stills
from schemas.video import SourceFile
from tests.pipeline.media_files import Film, make_film, number_of
from tests.pipeline.tracks import make_track


def source_file(path: str, video_id: str | None = None) -> SourceFile:
    return SourceFile(
        path=path,
        source="in",
        location=f"/in/{path}",
        kind="other" if video_id is None else "film",
        size_bytes=1,
        video_id=video_id,
    )


def chain_of(work: Path, *files: SourceFile, **sections: object) -> Chain:
    """The chain of a work folder in which nothing was measured yet."""
    catalog = Catalog(FoundFiles(files), Given(videos={}))
    folder = WorkFolder(work)
    add_batches(folder, catalog.videos.values())
    return Chain(folder, Settings().model_copy(update=sections), catalog)


# -- keys -----------------------------------------------------------------------------------------


def test_another_setting_of_a_stage_is_another_key_for_it_and_for_all_that_read_it(tmp_path):
    film = source_file("a.mp4", "v")
    chain = chain_of(tmp_path, film)
    clip = Clip.of("v", 0, 1_000_000, rule="whole", has_audio=True)
    [batch] = chain.batches()
    [shard] = add_shards(chain.work, batch, chain.cut_key(batch).name, [clip])
    other = chain_of(tmp_path, film, peak=PeakSettings(k=4))
    changed = {s.name for s in STAGES if chain.key(s, shard) != other.key(s, shard)}
    assert changed == {"peak", "stills", "scene", "evidence", "label", "coarse", "clues", "fine"}
    assert changed >= set(COMPUTE) - {"heard", "seen", "english"}  # which nobody is asked for


def test_a_clip_is_known_by_its_video_its_start_and_its_end():
    clips = [("v", 0, 9), ("v", 1, 9), ("v", 0, 8), ("w", 0, 9)]
    ids = {Clip.of(*span, rule="spans", has_audio=False).clip_id for span in clips}
    assert len(ids) == len(clips)


# -- books ----------------------------------------------------------------------------------------


def test_equal_bytes_under_two_names_are_one_video_and_one_duplicate(tmp_path):
    files = [source_file("a.mp4", "v"), source_file("b.mp4", "v"), source_file("c.mp4", "w")]
    chain = chain_of(tmp_path, *files)
    books = keep_books(chain, CountIndex(tmp_path / "books.sqlite", {}))
    counted = {name: books.files[name] for name in ("found", "videos", "duplicates")}
    assert counted == {"found": 3, "videos": 2, "duplicates": 1}
    assert books.stages["ingest"].entered == books.pending == 2


def test_what_was_rejected_or_failed_is_neither_done_nor_pending():
    books = StageBooks("peak")
    counts = Counts.from_json(json.dumps([5, {"no_face": 2}, {"DecodeError": 1}, 0, 8]))
    books.add(10, counts)
    assert (books.entered, books.done, books.pending) == (10, 5, 2)
    assert (books.rejected.total(), books.failed.total()) == (2, 1)


# -- releases -------------------------------------------------------------------------------------


def test_a_published_version_never_changes(tmp_path):
    first = chain_of(tmp_path / "work", source_file("a.txt"))
    folder = publish(first, to=tmp_path, name="set", version="0.1.0", unfinished=True).folder
    before = read_manifest(folder)
    assert not publish(first, to=tmp_path, name="set", version="0.1.0", unfinished=True).new
    other = replace(first, catalog=Catalog(FoundFiles((source_file("b.txt"),)), Given(videos={})))
    with pytest.raises(SetupError, match="releases do not change"):
        publish(other, to=tmp_path, name="set", version="0.1.0", unfinished=True)
    assert read_manifest(folder) == before
    assert verify(folder) == []


def test_one_changed_letter_of_a_release_is_found(tmp_path):
    chain = chain_of(tmp_path / "work", source_file("a.txt"))
    folder = publish(chain, to=tmp_path, name="set", version="0.1.0", unfinished=True).folder
    card = (folder / "README.md").read_bytes()
    (folder / "README.md").write_bytes(card[:-2] + bytes([card[-2] ^ 1]) + card[-1:])
    assert verify(folder) == ["README.md: its sha256 is not that of the manifest"]


# -- the picture of the peak ----------------------------------------------------------------------


def test_the_picture_of_the_peak_shows_the_frame_of_the_peak(tmp_path):
    film = make_film(tmp_path / "film.mp4", Film(frames=12, sound=False))
    clip = Clip.of("v", 80_000, 480_000, rule="spans", has_audio=False)  # frames 2 to 11
    track = make_track(clip.clip_id, n=10, au12_r=[0, 0, 0, 0, 0, 0, 0, 3.0, 0, 0])
    answer = take_stills(
        {
            "path": str(film),
            "clip": clip.model_dump(mode="json"),
            "track": track.model_dump(mode="json"),
            "peak": find_peak(track, PeakSettings()).model_dump(mode="json"),
            "limits": DEFAULT_LIMITS.model_dump(mode="json"),
            "spread": 0,
            "settings": {"stills": PictureSettings().model_dump(mode="json")},
        }
    )
    stills = Stills.model_validate(answer)
    assert [number_of(opened(p)) for p in (stills.first, stills.middle, stills.peak)] == [2, 7, 9]
    assert stills.peak.frame_index == 7


def opened(picture: Picture) -> np.ndarray:
    """[H, W, 3]"""
    return cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
