"""MERR's own files out of a release: Emotion-LLaMA's loader finds every key that it reads."""

import json

import pytest

from pipeline.export_folder import ReleaseRows, write_export
from pipeline.export_names import MISSING_CELLS, Named, export_names
from pipeline.release_folder import read_manifest
from pipeline.settings import Settings
from schemas.errors import SetupError
from tests.pipeline.emotion_llama import EmotionLlama
from tests.pipeline.merr_house import (
    MerrHouse,
    coarse_entry,
    export_merr,
    fine_entry,
    read_table,
    tables,
)


@pytest.fixture
def house(tmp_path):
    return MerrHouse(tmp_path)


@pytest.fixture(scope="module")
def out(release, tmp_path_factory):
    """The demo clips' release as MERR's files."""
    return export_merr(release, tmp_path_factory.mktemp("merr") / "out")


def lists(out, tier):
    return sorted(path.name for path in out.glob(f"MERR_{tier}_grained_*.txt"))


def lines_of(path):
    return path.read_text("utf-8").splitlines()


def told(out, tier, task):
    return [item for name in lists(out, tier) for item in EmotionLlama(out, name).all(task)]


# ---- what the loader reads


def test_the_loader_finds_label_text_and_words_of_every_clip(out, release):
    coarse = {row.name.removesuffix(".mp4"): row for row in tables(release)["coarse"]}
    fine = {row.name.removesuffix(".mp4"): row for row in tables(release)["fine"]}
    assert len(told(out, "coarse", "emotion")) == len(coarse) == 3
    for item in told(out, "coarse", "reason"):
        assert item["answer"] == coarse[item["image"].removesuffix(".mp4")].caption
    reasons = told(out, "fine", "reason_v2")
    assert {item["answer"] for item in reasons} == {r.smp_reason_caption for r in fine.values()}
    for item in told(out, "coarse", "emotion"):
        assert item["answer"] == coarse[item["image"].removesuffix(".mp4")].pseu_emotion
    smile = next(i for i in told(out, "coarse", "emotion") if i["image"] == "smile.mp4")
    assert smile["words"] == f"The person in video says: {coarse['smile'].text}. "


def test_units_texts_and_labels_of_a_build_are_all_there(out, release):
    entries = json.loads((out / "MERR_fine_grained.json").read_text())
    rows = {row.name.removesuffix(".mp4"): row for row in tables(release)["coarse"]}
    for name, entry in entries.items():
        row = rows[name]
        assert entry["AU_list"] == list(row.AU_list)
        assert len(entry["visual_prior_list"]) == len(entry["AU_list"])
        assert entry["peak_AU_list"] == list(row.peak_AU_list)
        assert entry["peak_index"] == str(row.peak_index)
        assert entry["pseu_emotion"] == row.pseu_emotion
        assert entry.get("text") == row.text
        assert isinstance(entry["audio_prior_list"], str)
    assert any(entry["AU_list"] for entry in entries.values())


def test_the_lists_hold_the_frames_that_were_decoded(out, built):
    chain = built.open()
    frames = {
        chain.catalog.names[clip.video_id][0].removesuffix(".mp4"): look.frames
        for shard in chain.shards()
        for clip in chain.clips(shard)
        if (look := chain.rows("look", shard).get(clip.clip_id))
    }
    lines = [line.split() for name in lists(out, "coarse") for line in lines_of(out / name)]
    assert {line[0]: int(line[1]) for line in lines} == {line[0]: frames[line[0]] for line in lines}


def test_a_clip_is_in_the_list_of_its_split(house):
    house.add_entries(
        **{f"clip_{i}": fine_entry(smp_reason_caption=f"Text {i}.") for i in range(30)}
    )
    out = house.export()
    assert lists(out, "fine") == [f"MERR_fine_grained_{s}.txt" for s in ("test", "train", "val")]
    splits = {row["name"]: row["split"] for row in read_table(out / "clips.csv")}
    for name in lists(out, "fine"):
        for line in lines_of(out / name):
            assert name == f"MERR_fine_grained_{splits[line.split()[0]]}.txt"


@pytest.mark.parametrize("words", [*sorted(MISSING_CELLS - {""}), '"Well"', "a,b", "two\nlines"])
def test_any_words_reach_the_loader_as_words(house, words):
    out = house.add_entries(
        a=fine_entry(text=words), b=fine_entry(smp_reason_caption="B.")
    ).export()
    [item] = [item for item in told(out, "fine", "emotion") if item["image"] == "a.mp4"]
    assert item["words"].replace(" . ", ". ") == f"The person in video says: {words}. "


def test_a_clip_without_words_is_no_clip_that_says_nan(house):
    out = house.add_entries(a=fine_entry(text=...)).export()
    [item] = told(out, "fine", "emotion")
    assert item["words"] == "The person in video says:  . "


def test_letters_of_any_kind_reach_a_loader_that_opens_files_as_ascii(house):
    out = house.add_entries(a=fine_entry(smp_reason_caption="Er lächelt. 你好")).export()
    assert (out / "MERR_fine_grained.json").read_bytes().isascii()
    assert [i["answer"] for i in told(out, "fine", "reason_v2")] == ["Er lächelt. 你好"]


def test_labels_that_the_loader_does_not_know_are_in_no_list_and_that_is_told(tmp_path):
    given = Settings().given.model_copy(update={"vocabulary": "dfew"})
    house = MerrHouse(tmp_path, Settings(given=given))
    house.add_entries(a=fine_entry(pseu_emotion="disgust"), b=fine_entry(smp_reason_caption="B."))
    out = house.export()
    assert [item["image"] for item in told(out, "fine", "emotion")] == ["b.mp4"]
    counts = json.loads((out / "export.json").read_text())["counts"]
    assert counts["fine: in no list, for Emotion-LLaMA has no label disgust"] == 1
    assert "a" in json.loads((out / "MERR_fine_grained.json").read_text())


def test_a_text_that_is_not_there_is_no_entry(house):
    house.add(house.write("fine.json", {"a": fine_entry()}))
    house.add(house.write("coarse.json", {"b": coarse_entry()}))
    out = house.export()
    assert list(json.loads((out / "MERR_fine_grained.json").read_text())) == ["a"]
    assert list(json.loads((out / "MERR_coarse_grained.json").read_text())) == ["b"]
    assert [i["image"] for i in told(out, "coarse", "reason")] == ["b.mp4"]


# ---- names


def named(name, *, clip_id="0" * 32, declared=False, span=(0, 3_000_000)):
    return Named(clip_id, name, declared, *span)


@pytest.mark.parametrize(
    ("name", "declared", "word"),
    [
        ("smile.mp4", False, "smile"),
        ("day1/smile.MP4", False, "day1/smile"),
        ("v1.2", False, "v1.2"),
        ("clip.mp4", True, "clip.mp4"),
        ("two words.mp4", False, "two_words"),
        ("00012.avi", False, "clip_00012"),
        ("1e5.avi", False, "clip_1e5"),
        ("nan.avi", False, "clip_nan"),
        ("NULL", True, "clip_NULL"),
        ("true.mkv", False, "clip_true"),
    ],
)
def test_a_name_is_one_word_that_no_reader_takes_for_a_number(name, declared, word):
    assert export_names([named(name, declared=declared)]) == {"0" * 32: word}


def test_clips_of_one_film_are_told_apart_by_their_times():
    clips = [
        named("film.mp4", clip_id="a" * 32, span=(12_000_000, 18_500_000)),
        named("film.mp4", clip_id="b" * 32, span=(18_500_000, 24_000_000)),
        named("film_.mp4", clip_id="c" * 32),
    ]
    assert list(export_names(clips).values()) == [
        "film_00012000_00018500",
        "film_00018500_00024000",
        "film_",
    ]


def test_names_that_would_be_the_same_are_not():
    clips = [named("a b.mp4", clip_id="a" * 32), named("a_b.avi", clip_id="b" * 32)]
    assert len(set(export_names(clips).values())) == 2
    assert export_names(clips) == export_names(clips[::-1])


# ---- the folder


def test_the_same_export_again_does_nothing_and_another_is_refused(house):
    release = house.add_entries(a=fine_entry()).publish()
    out = house.export(release)
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    house.export(release)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before
    house.add(house.write("b.json", {"b": fine_entry(smp_reason_caption="B.")}))
    with pytest.raises(SetupError, match="holds something else"):
        house.export(house.publish("0.2.0"))


def test_a_folder_with_files_of_somebody_is_left_alone(house):
    (house.root / "out").mkdir()
    (house.root / "out" / "mine.txt").write_text("mine")
    with pytest.raises(SetupError, match="holds something else"):
        house.add_entries(a=fine_entry()).export()
    assert [path.name for path in (house.root / "out").iterdir()] == ["mine.txt"]


def test_an_export_that_fails_leaves_nothing(house):
    release = house.add_entries(a=fine_entry()).publish()

    def fails(folder):
        (folder / "half.json").write_text("{")
        raise SetupError("the disk is full")

    with pytest.raises(SetupError, match="full"):
        write_export(read_manifest(release), "merr", house.root / "out", fails)
    assert not [path for path in house.root.iterdir() if "out" in path.name]


def test_equal_releases_give_equal_bytes(house, tmp_path):
    release = house.add_entries(a=fine_entry()).publish()
    one, two = (export_merr(release, tmp_path / name) for name in ("one", "two"))
    files = [{p.name: p.read_bytes() for p in sorted(out.iterdir())} for out in (one, two)]
    assert files[0] == files[1]
    assert ReleaseRows.read(release).names == {tables(release)["coarse"][0].clip_id: "a"}
