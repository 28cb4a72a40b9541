"""Good, poor, empty and broken answers of transcription endpoints."""

import json

import pytest

from annotators.hearing import HeardSegment
from annotators.transcriptions import read_transcription
from schemas.errors import AnnotationError

SEGMENTS = [
    {"id": 0, "start": 0.0, "end": 1.0, "text": " Ask not.", "avg_logprob": -0.3,
     "no_speech_prob": 0.01, "compression_ratio": 0.9},
    {"id": 1, "start": 1.0, "end": 2.0, "text": " What?"},
]  # fmt: skip
WORDS = [
    {"word": "Ask", "start": 0.0, "end": 0.4},
    {"word": "not", "start": 0.5, "end": 0.9},
    {"word": "What", "start": 1.1, "end": 1.6},
]


def verbose(**changes):
    body = {"task": "transcribe", "language": "english", "duration": 2.0, "text": "Ask not. What?"}
    return read_transcription(json.dumps({**body, **changes}), "verbose_json")


def test_segments_have_times_and_words_are_shared_out_to_them():
    heard = verbose(segments=SEGMENTS, words=WORDS)
    assert heard.language == "en"
    first, second = heard.segments
    assert (first.text, first.times, first.logprob, first.no_speech) == (
        " Ask not.", (0.0, 1.0), -0.3, 0.01,
    )  # fmt: skip
    assert [w.text for w in first.words] == ["Ask", "not"]
    assert [(w.text, w.times) for w in second.words] == [("What", (1.1, 1.6))]
    assert (second.logprob, second.no_speech) == (None, None)


def test_segments_without_words_have_none():
    assert [s.words for s in verbose(segments=SEGMENTS).segments] == [None, None]


def test_words_without_segments_make_one():
    (segment,) = verbose(words=WORDS).segments
    assert (segment.text, segment.times, len(segment.words)) == ("Ask not. What?", (0.0, 1.6), 3)


def test_words_without_times_keep_none():
    odd = [{"word": "2"}, {"word": "x", "start": None, "end": "1.0"}]
    (segment,) = verbose(words=odd).segments
    assert [w.times for w in segment.words] == [None, None]
    assert segment.times is None


def test_text_alone_has_no_times():
    only = (HeardSegment("Ask not. What?"),)
    assert verbose().segments == only
    assert read_transcription('{"text": "Ask not. What?"}', "json").segments == only
    assert read_transcription("Ask not. What?", "text").segments == only


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("english", "en"),
        ("Chinese", "zh"),
        ("de", "de"),
        ("Klingon", None),
        (None, None),
        (7, None),
    ],
)
def test_a_language_is_a_code_or_unknown(told, language):
    assert verbose(language=told).language == language


@pytest.mark.parametrize(
    ("raw", "form"),
    [('{"text": "  "}', "json"), ("\n", "text"), ('{"text": "", "segments": []}', "verbose_json")],
)
def test_nothing_heard_is_no_segment(raw, form):
    assert read_transcription(raw, form).segments == ()


@pytest.mark.parametrize(
    "raw",
    [
        "<html>502</html>", "", "[]", "{}", '{"text": null}', '{"text": 5}', '{"text": "Ask',
        '{"text": "a", "segments": [{"start": 0}]}', '{"text": "a", "segments": ["a"]}',
        '{"text": "a", "words": [{"start": 0}]}', '{"text": "a", "segments": 5}',
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_no_transcription(raw):
    with pytest.raises(AnnotationError, match="no transcription"):
        read_transcription(raw, "verbose_json")
