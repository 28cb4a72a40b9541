"""How far what an engine heard is from what was said."""

import json
from importlib.util import find_spec

import pytest

from flows.quality import errors_json, errors_text
from pipeline.parts import Part, write_part
from pipeline.stages import BY_NAME
from pipeline.word_errors import count_errors, normalised
from schemas.errors import SetupError
from schemas.speech import LeftOut, Speech, Transcript

needs_jiwer = pytest.mark.skipif(
    find_spec("jiwer") is None, reason="the extra asr is not installed"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ask NOT -- what, your country?", "ask not what your country"),
        ("Don\u2019t! It's 5%", "dont its 5"),
        ("\u4f60\u597d\uff0cTom\uff01", "\u4f60 \u597d tom"),
        ("\uff21\uff22\uff23 \ufb01ne", "abc fine"),
        ("caf\u00e9", "cafe\u0301".replace("e\u0301", "\u00e9")),
        ("\u30ab\u30e1\u30e9", "\u30ab \u30e1 \u30e9"),
        ("...", ""),
    ],
)
def test_case_and_punctuation_do_not_count_and_chinese_is_compared_by_characters(text, words):
    assert normalised(text) == words


def heard_by_engine(chain, words, *, left_out=None):
    """Speech rows of the work folder as if an engine had listened: name -> what it heard; None:
    nothing. Clips that are not named were not listened to."""
    for shard in chain.shards():
        stage, rows = BY_NAME["speech"], []
        for clip_id, row in chain.rows("speech", shard).items():
            name = chain.names_of(chain_clip(chain, clip_id).video_id)[0]
            rows.append(_heard(row, words[name], left_out) if name in words else row)
        write_part(chain.path(stage, shard), Part(rows), Speech, chain.key(stage, shard))


def chain_clip(chain, clip_id):
    return next(c for s in chain.shards() for c in chain.clips(s) if c.clip_id == clip_id)


def _heard(row, text, left_out):
    told = text and Transcript(text=text, language="en", source="ear", cues=())
    place = "transcript" if row.transcript is None else "heard"
    doubt = left_out and LeftOut(text=left_out, start_s=None, end_s=None, rule="loop")
    doubted = (doubt,) if doubt else ()
    changes = {"made_by": row.made_by.model_copy(update={"engine": "ear"}), "left_out": doubted}
    return row.model_copy(update={**changes, place: told})


def table(tmp_path, *lines):
    path = tmp_path / "said.csv"
    path.write_text("\n".join(("name,sentence", *lines)), "utf-8")
    return path


@needs_jiwer
@pytest.mark.model
def test_rates_are_of_all_words_together_not_means_of_clips(workshop, tmp_path):
    chain = workshop.open()
    heard_by_engine(chain, {"smile.mp4": "a b c d e f g h", "goodbye.mp4": "no"})
    found = count_errors(chain, table(tmp_path, "smile,A b c d e f g H.", "goodbye.mp4,yes yes"))
    assert {c.name: c.words.rate for c in found.clips} == {"smile.mp4": 0.0, "goodbye.mp4": 1.0}
    assert found.words.rate == 2 / 10
    assert (found.words.substitutions, found.words.deletions) == (1, 1)
    assert found.characters.reference == 8 + 6


@needs_jiwer
@pytest.mark.model
def test_an_engine_that_heard_nothing_missed_every_word(workshop, tmp_path):
    chain = workshop.open()
    heard_by_engine(chain, {"goodbye.mp4": None})
    (clip,) = count_errors(chain, table(tmp_path, "goodbye,good bye")).clips
    assert (clip.heard, clip.words.deletions, clip.words.rate) == ("", 2, 1.0)


@needs_jiwer
@pytest.mark.model
def test_words_beyond_those_said_are_errors_too(workshop, tmp_path):
    chain = workshop.open()
    heard_by_engine(chain, {"goodbye.mp4": "good good bye now"})
    (clip,) = count_errors(chain, table(tmp_path, "goodbye,good bye")).clips
    assert (clip.words.insertions, clip.words.rate) == (2, 1.0)


def test_words_that_were_given_are_nobodys_hearing(built, tmp_path):
    found = count_errors(built.open(), table(tmp_path, "smile,anything"))
    assert (found.clips, found.not_heard) == ((), ("smile.mp4",))


def test_clips_of_one_side_are_named_and_score_nothing(workshop, tmp_path):
    chain = workshop.open()
    heard_by_engine(chain, {"goodbye.mp4": "bye"})
    found = count_errors(chain, table(tmp_path, "smile,hello", "surprise,oh"))
    assert found.clips == ()
    assert (found.words.reference, found.words.rate) == (0, None)
    assert set(found.not_heard) == {"smile.mp4", "surprise.mp4"}
    assert found.without_reference == ("goodbye.mp4",)
    told = errors_text(found)
    assert "given, but no engine listened: 2: " in told
    assert "heard, but not given: 1: goodbye.mp4" in told
    assert "error rate" not in told


def test_lines_that_cannot_be_used_say_why(built, tmp_path):
    lines = ("nobody,hello", "smile,...", "goodbye,one", "goodbye,two", "a,b,c,d")
    found = count_errors(built.open(), table(tmp_path, *lines))
    told = " | ".join(found.unusable)
    assert "line 2 nobody: is neither a file of this work folder nor a clip_id" in told
    assert "line 3 smile: has no word to compare" in told
    assert "line 5 goodbye: another line has another sentence" in told
    assert "line 6 a: it has 4 cells" in told
    assert json.loads(json.dumps(errors_json(found)))["unusable_lines"] == list(found.unusable)


def test_a_clip_may_be_named_by_its_id(built, tmp_path):
    chain = built.open()
    clip_id = next(c.clip_id for s in chain.shards() for c in chain.clips(s))
    found = count_errors(chain, table(tmp_path, f"{clip_id},hello"))
    assert (len(found.not_heard), found.unusable) == (1, ())


def test_a_table_that_is_not_there_stops_the_command(built, tmp_path):
    with pytest.raises(SetupError, match=r"gone\.csv"):
        count_errors(built.open(), tmp_path / "gone.csv")


@needs_jiwer
@pytest.mark.model
def test_what_was_left_out_is_not_compared(workshop, tmp_path):
    chain = workshop.open()
    heard_by_engine(chain, {"goodbye.mp4": None}, left_out="thank you")
    (clip,) = count_errors(chain, table(tmp_path, "goodbye,thank you")).clips
    assert (clip.heard, clip.words.rate) == ("", 1.0)
