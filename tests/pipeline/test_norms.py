"""Norms of a work folder: computed once, frozen, part of the key; new films move no old word."""

import hashlib
import shutil

import numpy as np
import pytest

from pipeline.norms import BORDER_HZ, LEAST_CLIPS, compute_norms, norms_of, save_norms
from pipeline.stages import BY_NAME
from schemas.errors import SetupError
from schemas.maker import Maker
from schemas.norms import LEVELS
from schemas.tone import Tone
from tests.annotators.test_tone import MEASURES
from tests.conftest import DEMO
from tests.pipeline.workshop import bring_about


def heard(number, **changes):
    return Tone(
        clip_id=f"{number:05d}",
        made_by=Maker(engine="prosody", version="1", model="swift"),
        measures=MEASURES.model_copy(update=changes),
        description="A voice.",
        missing=None,
    )


def silent(number):
    tone = heard(number)
    return tone.model_copy(update={"measures": None, "description": None, "missing": "no_speech"})


def voices(count, **changes):
    return [heard(n, level_dbfs=-float(n), **changes) for n in range(count)]


def computed(tones):
    return compute_norms(tones, engine="prosody", where="work")


def test_the_quantiles_are_those_of_the_clips_with_a_voice():
    tones = [*voices(101), *(silent(n) for n in range(200, 230))]
    norm = computed(tones).classes[0]
    assert (norm.name, norm.clips) == ("all", 101)
    assert norm.of("level_dbfs").quantiles == tuple(-100 + 100 * level for level in LEVELS)


def test_too_few_clips_make_no_norms_and_the_number_is_told():
    with pytest.raises(SetupError, match=r"work: 99 clips have a voice .* norms need 100"):
        computed([*voices(LEAST_CLIPS - 1), silent(500)])
    assert computed(voices(LEAST_CLIPS)).classes[0].clips == LEAST_CLIPS


def test_a_class_of_too_few_voices_is_left_out():
    low = voices(120, f0_median_hz=BORDER_HZ - 0.1)
    high = [heard(n, f0_median_hz=BORDER_HZ) for n in range(200, 299)]
    found = computed([*low, *high])
    assert [(c.name, c.clips) for c in found.classes] == [("all", 219), ("low", 120)]
    assert [c.name for c in computed([*low, *high, heard(999)]).classes] == ["all", "low", "high"]


def test_a_measure_that_too_few_clips_have_is_left_out():
    some = [heard(n, words_per_s=2.0 if n < 99 else None) for n in range(150)]
    assert computed(some).classes[0].of("words_per_s") is None
    assert computed(some).classes[0].of("pause_share").clips == 150


def test_the_order_of_the_clips_is_no_difference_but_any_measure_is():
    tones = voices(120)
    assert computed(tones[::-1]) == computed(tones)
    other = [*tones[:-1], heard(119, level_dbfs=-118.9)]
    assert computed(other).source != computed(tones).source


def test_norms_are_frozen(tmp_path):
    path = tmp_path / "norms.json"
    assert save_norms(computed(voices(100)), path)
    before = path.read_bytes()
    assert not save_norms(computed(voices(100)), path)
    with pytest.raises(SetupError, match="norms are frozen"):
        save_norms(computed(voices(101)), path)
    assert path.read_bytes() == before


def test_a_work_folder_with_few_clips_gives_no_norms(built):
    with pytest.raises(SetupError, match=r"4 clips have a voice measured by prosody, norms need"):
        norms_of(built.open())


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """Norms of a hundred voices that hardly move."""
    path = tmp_path_factory.mktemp("norms") / "norms.json"
    spread = np.linspace(0.1, 0.2, 100)
    tones = [heard(n, f0_sd_semitones=float(sd)) for n, sd in enumerate(spread)]
    save_norms(computed(tones), path)
    return path


def tone_key(chain):
    return chain.key(BY_NAME["tone"], chain.shards()[0]).name


def test_what_the_norms_say_is_part_of_the_key_and_where_they_lie_is_not(built, frozen, tmp_path):
    elsewhere = tmp_path / "the_same.json"
    elsewhere.write_bytes(frozen.read_bytes())
    other = tmp_path / "other.json"
    save_norms(computed(voices(100)), other)
    keys = [
        tone_key(built.open(tone={"norms": str(norms)}))
        for norms in ("published", frozen, elsewhere, other)
    ]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3


def test_new_films_change_no_row_that_was_worded_by_frozen_norms(workshop, frozen, pool):
    bring_about(workshop.open(tone={"norms": str(frozen)}), pool)
    before = workshop.parts()
    chain = workshop.open(tone={"norms": str(frozen)})
    old = [row for shard in chain.shards() for row in chain.rows("tone", shard).values()]
    worded = [row for row in old if row.measures is not None]
    assert len(worded) == 4
    assert all("it moves much more in pitch" in row.description for row in worded)
    digest = hashlib.sha256(frozen.read_bytes()).hexdigest()
    named = {(row.norms, row.made_by.prompt) for row in old}
    assert named == {("prosody of 100 clips", digest)}

    shutil.copy(DEMO / "calm.mp4", workshop.sources)
    chain = workshop.open(tone={"norms": str(frozen)})
    bring_about(chain, pool)
    after = workshop.parts()
    assert {name: after[name] for name in before} == before
    new = [row for shard in chain.shards() for row in chain.rows("tone", shard).values()]
    assert len(new) == len(old) + 1
    assert [row for row in new if row in old] == old
