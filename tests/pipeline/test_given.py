"""What was given beside videos, from files on disk to what holds for one clip."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.given import (
    Given,
    GivenLabel,
    GivenSettings,
    VideoGiven,
    labels_of,
    labels_without_clip,
    words_of,
)
from pipeline.given_read import GivenRead, read_given
from pipeline.hashes import HashCache, hash_files
from pipeline.sources import find_files
from schemas.clip import Clip, CutRule
from schemas.errors import SetupError
from schemas.speech import Cue

SRT = "1\n00:00:01,000 --> 00:00:02,000\nspoken\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Films a, b, c and one video under two names."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "in" / f"{name}.mp4").write_text(name)
    for name in ("same1", "same2"):
        (tmp_path / "in" / f"{name}.mp4").write_text("same")
    return tmp_path / "in"


def read(*sources: Path | str, settings: GivenSettings | None = None) -> GivenRead:
    found = find_files([str(source) for source in sources])
    cache = Path(found.places[0].folder).parent / "hashes.sqlite"
    with HashCache(cache) as open_cache:
        files, _ = hash_files(found.files, open_cache)
    names.clear()
    names.update({file.path.removesuffix(".mp4"): file.video_id or "" for file in files})
    return read_given(files, settings or GivenSettings(), places=found.places)


names: dict[str, str] = {}  # stem -> video_id of the last reading


def labelled(result: GivenRead, stem: str) -> list[tuple[str, float | None, float | None]]:
    video = result.given.videos.get(names[stem], VideoGiven())
    return [(label.label, label.valence, label.start_s) for label in video.labels]


def problems(result: GivenRead) -> list[tuple[str, str]]:
    return [(r.id, r.rule) for r in result.rejections]


# -- labels ---------------------------------------------------------------------------------------


def test_labels_beside_the_source_reach_their_videos(folder: Path) -> None:
    (folder / "labels.csv").write_text("name,label,valence\na,Happiness,1.5\nb.mp4,sad,\n")
    result = read(folder)
    assert labelled(result, "a") == [("happy", 1.5, None)]
    assert labelled(result, "b") == [("sad", None, None)]
    assert names["c"] not in result.given.videos
    assert result.rejections == ()


def test_a_table_named_by_the_settings_is_read_and_that_beside_is_not(folder: Path) -> None:
    (folder / "labels.csv").write_text("name,label\na,sad\n")
    (folder.parent / "mine.txt").write_text("a 100 happy 0.5\nb 90 doubt -10\n")
    result = read(folder, settings=GivenSettings(labels=folder.parent / "mine.txt"))
    assert labelled(result, "a") == [("happy", 0.5, None)]
    assert labelled(result, "b") == [("doubt", None, None)]
    assert result.given.videos[names["a"]].labels[0].source == "mine.txt"


def test_every_line_that_nobody_can_use_is_told_with_its_place_and_rule(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "a.mp4").write_text("another a")
    (folder / "labels.csv").write_text(
        "name,label,valence,start,end\n"
        "nobody,happy,,,\n"
        "a,happy,,,\n"
        "b,hapy,,,\n"
        "c,happy,high,,\n"
        "c,happy,,2,1\n"
        "c,happy,,2,\n"
        "c,happy,,nan,5\n"
        "c,happy,,-1,5\n"
        "c,,,,\n"
        "c,happy,,,,,,\n"
    )
    result = read(folder)
    assert problems(result)[:3] == [
        ("labels.csv:3 a", "ambiguous_name"),
        ("labels.csv:11 c", "bad_row"),
        ("labels.csv:2 nobody", "label_for_nothing"),
    ]
    assert problems(result)[3:] == [
        ("labels.csv:4 b", "unknown_label"),
        *[(f"labels.csv:{line} c", "bad_number") for line in (5, 6, 7, 8, 9)],
        ("labels.csv:10 c", "bad_row"),
    ]
    reasons = " ".join(r.reason for r in result.rejections)
    assert "a.mp4, deep/a.mp4" in reasons
    assert "did you mean 'happy'" in reasons
    assert {r.subject for r in result.rejections} == {"label"}
    assert result.given.videos == {}


def test_names_that_a_chosen_file_leaves_out_are_told_once_not_line_by_line(folder: Path) -> None:
    (folder / "labels.csv").write_text("name,label\na,sad\nb,sad\nc,sad\n")
    result = read(folder / "a.mp4")
    assert labelled(result, "a") == [("sad", None, None)]
    (problem,) = result.rejections
    assert (problem.id, problem.rule) == ("labels.csv", "label_for_nothing")
    assert "2 lines" in problem.reason


def test_two_labels_for_the_same_time_are_both_dropped_and_the_video_says_why(
    folder: Path,
) -> None:
    (folder / "labels.csv").write_text(
        "name,label,start,end\na,sad,,\nb,sad,0,2\na,happy,,\nb,happy,1,3\nb,angry,3,4\n"
    )
    result = read(folder)
    assert labelled(result, "a") == []
    assert labelled(result, "b") == [("angry", None, 3.0)]
    told = {r.id: r for r in result.rejections}
    assert set(told) == {names["a"], names["b"]}
    conflict = told[names["a"]]
    assert (conflict.subject, conflict.stage, conflict.rule) == ("video", "label", "label_conflict")
    assert "labels.csv:2 says sad" in conflict.reason
    assert "labels.csv:4 says happy" in conflict.reason


def test_labels_of_the_same_bytes_under_two_names_meet(folder: Path) -> None:
    (folder / "labels.csv").write_text("name,label\nsame1,sad\nsame2,happy\n")
    assert problems(read(folder)) == [(names["same1"], "label_conflict")]


@pytest.mark.parametrize(
    ("valences", "expected"),
    [(("", ""), None), (("1", ""), 1.0), (("1", "1.0"), 1.0), (("1", "2"), None)],
)
def test_the_same_label_twice_is_one_with_the_valence_both_allow(
    folder: Path, valences: tuple[str, str], expected: float | None
) -> None:
    lines = "".join(f"a,{word},{v}\n" for word, v in zip(("sad", "sadness"), valences, strict=True))
    (folder / "labels.csv").write_text("name,label,valence\n" + lines)
    result = read(folder)
    assert labelled(result, "a") == [("sad", expected, None)]
    assert result.rejections == ()


spans = st.none() | st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda t: (t[0], sum(t)))


@given(st.lists(st.tuples(st.sampled_from(["sad", "happy"]), spans), max_size=8))
def test_labels_that_stay_never_contradict_and_none_is_dropped_without_one_that_does(
    tmp_path_factory: pytest.TempPathFactory,
    said: list[tuple[str, tuple[int, int] | None]],
) -> None:
    folder = tmp_path_factory.mktemp("set") / "in"
    folder.mkdir()
    (folder / "a.mp4").write_text("a")
    lines = [
        f"a,{label},{'' if s is None else s[0]},{'' if s is None else s[1]}" for label, s in said
    ]
    (folder / "labels.csv").write_text("\n".join(["name,label,start,end", *lines]))
    result = read(folder)
    kept = {
        (label.label, None if label.start_s is None else (label.start_s, label.end_s))
        for label in result.given.videos.get(names["a"], VideoGiven()).labels
    }

    def clash(one: tuple[str, object], other: tuple[str, object]) -> bool:
        (s1, e1), (s2, e2) = (s if isinstance(s, tuple) else (0, 99) for s in (one[1], other[1]))
        return one[0] != other[0] and s1 < e2 and s2 < e1

    assert kept == {one for one in said if not any(clash(one, other) for other in said)}


def test_a_table_beside_one_source_speaks_of_that_source(tmp_path: Path) -> None:
    for source, label in (("one", "sad"), ("two", "happy")):
        (tmp_path / source).mkdir()
        (tmp_path / source / "001.mp4").write_text(source)
        (tmp_path / source / "labels.csv").write_text(f"name,label\n001,{label}\nx,sad\n")
    result = read(tmp_path / "one", tmp_path / "two")
    found = [video.labels[0] for video in result.given.videos.values()]
    assert {(label.label, label.source) for label in found} == {
        ("sad", "one/labels.csv"),
        ("happy", "two/labels.csv"),
    }
    assert {r.id for r in result.rejections} == {"one/labels.csv:3 x", "two/labels.csv:3 x"}


@pytest.mark.parametrize("kind", ["labels", "transcripts", "spans"])
def test_a_wrong_header_or_a_path_to_nothing_stops_the_run(folder: Path, kind: str) -> None:
    (folder / f"{kind}.csv").write_text("clip,text\na,b\n")
    with pytest.raises(SetupError, match=rf"{kind}\.csv: column"):
        read(folder)
    gone = GivenSettings.model_validate({kind: folder / "gone.csv"})
    (folder / f"{kind}.csv").unlink()
    with pytest.raises(SetupError, match=r"gone\.csv"):
        read(folder, settings=gone)


# -- words and spans ------------------------------------------------------------------------------


def test_a_sentence_is_for_its_video_and_subtitles_win_over_it(folder: Path) -> None:
    (folder / "transcripts.csv").write_text(
        'name,sentence,language\na,"Hello,  you",en\nb,Bye,EN-us\nc,,\n'
    )
    (folder / "b.de.srt").write_text(SRT)
    (folder / "c.srt").write_text(SRT)
    result = read(folder)
    a, b, c = (result.given.videos[names[stem]] for stem in "abc")
    assert (a.sentence, a.language, a.words_source) == ("Hello, you", "en", "transcripts")
    assert (b.sentence, b.language) == (None, "de")
    assert b.words_source == "subtitles over transcripts"
    assert b.cues is not None
    assert (c.words_source, c.language) == ("subtitles", None)
    assert result.rejections == ()


def test_subtitles_without_a_word_do_not_hide_a_sentence(folder: Path) -> None:
    (folder / "transcripts.csv").write_text("name,sentence\na,Hello\n")
    (folder / "a.srt").write_text("")
    (folder / "b.srt").write_text("")
    result = read(folder)
    assert result.given.videos[names["a"]].sentence == "Hello"
    assert result.given.videos[names["b"]].cues == ()


def test_unreadable_subtitles_are_a_failure_and_the_sentence_stands_in(folder: Path) -> None:
    (folder / "transcripts.csv").write_text("name,sentence\na,Hello\n")
    (folder / "a.srt").write_text("this is no subtitle")
    result = read(folder)
    (failure,) = result.failures
    assert (failure.subject, failure.id, failure.error) == ("label", "a.srt", "ClipError")
    assert result.given.videos[names["a"]].words_source == "transcripts"


def test_a_damaged_cue_is_told(folder: Path) -> None:
    good = "".join(f"{i}\n00:00:0{i},000 --> 00:00:0{i},500\nx\n\n" for i in (1, 2, 3))
    (folder / "a.srt").write_text(good + "4\n00:00:09,000 --> 00:00:08,000\ny\n")
    result = read(folder)
    assert problems(result) == [("a.srt", "damaged_cue")]
    assert "1 of 4" in result.rejections[0].reason


def test_two_sentences_for_one_video_are_both_set_aside(folder: Path) -> None:
    (folder / "transcripts.csv").write_text("name,sentence\na,Yes\nb,Hi\na,No\nb,Hi\n")
    result = read(folder)
    assert problems(result) == [("transcripts.csv:4 a", "transcript_conflict")]
    assert names["a"] not in result.given.videos
    assert result.given.videos[names["b"]].sentence == "Hi"


def test_a_language_nobody_knows_is_told_and_the_words_stay(folder: Path) -> None:
    (folder / "transcripts.csv").write_text("name,sentence,language\na,Hello,Klingon\n")
    result = read(folder)
    assert problems(result) == [("transcripts.csv:2 a", "bad_language")]
    assert result.given.videos[names["a"]].sentence == "Hello"


def test_spans_are_sorted_and_must_have_both_ends(folder: Path) -> None:
    (folder / "spans.csv").write_text("name,start,end\na,5,6.5\na,1,2\na,1,2\na,7,\nb,,\n")
    result = read(folder)
    found = result.given.videos[names["a"]].spans
    assert [(span.start_s, span.end_s) for span in found] == [(1.0, 2.0), (5.0, 6.5)]
    assert [rule for _, rule in problems(result)] == ["bad_number", "bad_number"]
    assert {r.stage for r in result.rejections} == {"cut"}


# -- digest ---------------------------------------------------------------------------------------


def test_the_digest_follows_the_content_not_the_order_of_lines(folder: Path) -> None:
    lines = ["a,sad", "b,happy", "c,angry", "c,angry"]
    digests = set()
    for seed in range(4):
        random.Random(seed).shuffle(lines)
        (folder / "labels.csv").write_text("\n".join(["name,label", "", *lines]))
        digests.add(read(folder).given.digest())
    (before,) = digests
    (folder / "labels.csv").write_text("name,label\na,sad\nb,happy\nc,happy\n")
    after = read(folder).given
    assert after.digest() != before
    assert after.only([names["a"]]).digest() == after.only({names["a"], "gone"}).digest()
    assert after.only([names["a"]]).digest() != after.digest()


def test_given_goes_through_json_and_back(folder: Path) -> None:
    (folder / "labels.csv").write_text("name,label,valence\na,sad,-1.5\n")
    (folder / "a.srt").write_text(SRT)
    found = read(folder).given
    assert Given.model_validate_json(found.model_dump_json()) == found


# -- what holds for a clip ------------------------------------------------------------------------


def clip(start_s: float, end_s: float, rule: CutRule = "spans") -> Clip:
    return Clip.of("v", round(start_s * 1e6), round(end_s * 1e6), rule=rule, has_audio=True)


def given_for_v(**fields: object) -> Given:
    return Given(videos={"v": VideoGiven.model_validate(fields)})


def test_words_of_a_clip_are_its_cues_in_its_own_time() -> None:
    cues = [Cue(start_s=s, end_s=s + 1, text=f"w{s}") for s in range(10)]
    transcript = words_of(given_for_v(cues=cues, language="en"), clip(2.25, 4.5))
    assert transcript is not None
    assert (transcript.text, transcript.language, transcript.source) == (
        "w2 w3 w4",
        "en",
        "subtitles",
    )
    assert [(c.start_s, c.end_s) for c in transcript.cues] == [
        (0.0, 0.75),
        (0.75, 1.75),
        (1.75, 2.25),
    ]


def test_a_clip_without_words_has_no_transcript() -> None:
    cues = (Cue(start_s=0, end_s=1, text="early"),)
    assert words_of(given_for_v(cues=cues), clip(5, 6)) is None
    assert words_of(given_for_v(cues=()), clip(0, 1, "whole")) is None
    assert words_of(Given(videos={}), clip(0, 1)) is None
    assert words_of(given_for_v(sentence="Hi"), clip(0, 0, "still")) is None


def test_a_sentence_holds_only_for_the_clip_that_is_the_whole_video() -> None:
    sentence = given_for_v(sentence="Hello", language=None, words_source="transcripts")
    assert words_of(sentence, clip(0, 2, "spans")) is None
    transcript = words_of(sentence, clip(0, 2, "whole"))
    assert transcript is not None
    assert (transcript.text, transcript.source) == ("Hello", "transcripts")
    assert [(c.start_s, c.text) for c in transcript.cues] == [(None, "Hello")]


@pytest.mark.parametrize(
    ("start_s", "end_s", "holds"),
    [(0, 10, True), (2, 4, True), (3, 9, True), (3.1, 9, False), (0, 2.9, False), (4, 9, False)],
)
def test_a_label_with_a_span_holds_when_it_covers_half_of_the_clip(
    start_s: float, end_s: float, holds: bool
) -> None:
    label = GivenLabel(label="sad", valence=None, start_s=start_s, end_s=end_s, source="t")
    assert bool(labels_of(given_for_v(labels=(label,)), clip(2, 4))) == holds


def test_a_label_without_a_span_holds_for_every_clip_and_one_with_a_span_for_no_still() -> None:
    whole = GivenLabel(label="sad", valence=None, start_s=None, end_s=None, source="t")
    timed = GivenLabel(label="sad", valence=None, start_s=0, end_s=9, source="t")
    for one in (clip(0, 1), clip(7, 9, "whole"), clip(0, 0, "still")):
        assert labels_of(given_for_v(labels=(whole,)), one) == (whole,)
    assert labels_of(given_for_v(labels=(timed,)), clip(0, 0, "still")) == ()
    assert labels_of(Given(videos={}), clip(0, 1)) == ()


def test_a_label_of_a_span_that_no_clip_lies_in_is_found():
    clips = [Clip.of("v", 0, 2_000_000, rule="spans", has_audio=False)]
    early = GivenLabel(label="happy", valence=None, start_s=0, end_s=2, source="labels.csv")
    late = early.model_copy(update={"start_s": 50.0, "end_s": 60.0})
    whole = early.model_copy(update={"start_s": None, "end_s": None})
    video = VideoGiven(labels=(early, late, whole))
    assert labels_without_clip(video, clips) == (late,)
