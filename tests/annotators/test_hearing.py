"""What an engine heard, and what of it becomes the words of a clip."""

import numpy as np
import pytest

from annotators.base import AUDIO_HZ, Sound
from annotators.hearing import (
    Ear,
    Heard,
    HeardSegment,
    HeardWord,
    HearingRules,
    compression,
    doubt,
    hear,
)
from schemas.maker import Maker
from schemas.speech import Span, Speech, Transcript

RULES = HearingRules()
GIVEN = Transcript(text="Ask not.", language="en", source="subtitles", cues=())
HELLO = HeardSegment(" Hello there.", (0.5, 1.5))


def sound(seconds=4.0, start_s=0.0):
    return Sound(np.zeros(round(seconds * AUDIO_HZ), np.float32), start_s)


def speech(*voiced, words=None):
    spans = tuple(Span(start_s=start, end_s=end) for start, end in voiced)
    made_by = Maker(engine="silero", version="1", model="ggml-silero")
    return Speech(
        clip_id="c", made_by=made_by, voiced=spans, voice_probability=0.9, transcript=words
    )


def ear(*segments, language="en", asked=None, **more):
    """An engine that always hears the same; what it was asked is appended to `asked`."""

    def listen(samples, voiced):
        if asked is not None:
            asked.append((len(samples), voiced))
        return Heard(segments, language, **more)

    return Ear(engine="parrot", version="7", model="parrot sha256:0", listen=listen)


def heard(*segments, voiced=((0.0, 4.0),), start_s=0.0, **more):
    return hear(speech(*voiced), sound(start_s=start_s), ear(*segments, **more), RULES)


def test_the_words_become_the_transcript_with_source_language_and_maker():
    found = heard(HELLO, language_probability=0.987654)
    told = found.transcript
    assert (told.text, told.source, told.language) == ("Hello there.", "parrot", "en")
    assert told.language_probability == 0.9877
    assert [(c.text, c.start_s, c.end_s) for c in told.cues] == [("Hello there.", 0.5, 1.5)]
    assert found.made_by == Maker(
        engine="parrot", version="7", model="ggml-silero; parrot sha256:0"
    )
    assert (found.left_out, found.heard, told.words, told.text_en) == ((), None, None, None)
    assert found.voiced == (Span(start_s=0, end_s=4),)


@pytest.mark.parametrize("voiced", [(), None])
def test_an_engine_is_not_asked_where_no_voice_is_heard(voiced):
    asked = []
    silent = speech().model_copy(update={"voiced": voiced})
    found = hear(silent, sound(), ear(HELLO, asked=asked), RULES)
    assert asked == []
    assert (found.transcript, found.left_out) == (None, ())
    assert found.made_by.engine == "parrot"


def test_a_clip_without_sound_has_no_words():
    assert hear(speech((0, 1)), None, ear(HELLO), RULES).transcript is None


def test_words_that_were_given_stay_and_those_heard_stand_beside_them():
    found = hear(speech((0, 4), words=GIVEN), sound(), ear(HELLO), RULES)
    assert found.transcript == GIVEN
    assert found.heard.text == "Hello there."


def test_times_are_those_of_the_clip_and_end_with_its_sound():
    words = (HeardWord(" Hello", (0.5, 0.9), 0.5), HeardWord(" there.", (0.9, 9.0), 0.25))
    segment = HeardSegment(" Hello there.", (0.5, 9.0), words)
    told = heard(segment, start_s=0.25, voiced=((0, 4.25),)).transcript
    assert (told.cues[0].start_s, told.cues[0].end_s) == (0.75, 4.25)
    assert [(w.text, w.start_s, w.end_s, w.probability) for w in told.words] == [
        ("Hello", 0.75, 1.15, 0.5),
        ("there.", 1.15, 4.25, 0.25),
    ]


def test_the_engine_is_given_the_voiced_spans_in_the_time_of_the_sound():
    asked = []
    late = hear(speech((0.0, 0.2), (0.5, 9.0)), sound(2.0, 0.25), ear(HELLO, asked=asked), RULES)
    assert late.transcript is not None
    assert asked == [(32000, (Span(start_s=0.25, end_s=2.0),))]


@pytest.mark.parametrize("times", [None, (2.0, 1.0), (4.0, 5.0), (-2.0, -1.0)])
def test_words_whose_times_nobody_knows_have_none(times):
    segment = HeardSegment(" Two 2.", (0, 1), (HeardWord("Two", (0, 1)), HeardWord("2.", times)))
    two = heard(segment).transcript.words[1]
    assert (two.text, two.start_s, two.end_s, two.probability) == ("2.", None, None, None)


def test_words_of_some_segments_only_are_no_words_of_the_transcript():
    timed = HeardSegment(" One.", (0, 1), (HeardWord("One.", (0, 1)),))
    assert heard(timed).transcript.words is not None
    assert heard(timed, HELLO).transcript.words is None


def test_languages_without_spaces_are_joined_without_them():
    parts = (HeardSegment("你好。", (0, 1)), HeardSegment("再见。", (1, 2)))
    assert heard(*parts, language="zh").transcript.text == "你好。再见。"
    assert heard(*parts, language="ko").transcript.text == "你好。 再见。"


def test_a_language_has_the_code_of_the_standard():
    assert heard(HELLO, language="jw").transcript.language == "jv"


def test_english_stands_beside_the_words_never_in_their_place():
    english = (HeardSegment(" Good day.", (0.5, 1.5)), HeardSegment(" ...", (2, 3)))
    told = heard(HeardSegment(" Guten Tag.", (0.5, 1.5)), language="de", english=english).transcript
    assert (told.text, told.text_en) == ("Guten Tag.", "Good day.")


LOOP = "and so on " * 40


@pytest.mark.parametrize(
    ("segment", "rule"),
    [
        (HELLO, None),
        (HeardSegment(" Hello.", None), None),
        (HeardSegment(" Hello.", (2.0, 3.0)), "no_voice"),
        (HeardSegment(" Hello.", (0.9, 2.0)), None),
        (HeardSegment(" Hello.", (0, 1), logprob=-1.2, no_speech=0.7), "no_speech"),
        (HeardSegment(" Hello.", (0, 1), logprob=-0.9, no_speech=0.7), None),
        (HeardSegment(" Hello.", (0, 1), logprob=-1.2, no_speech=0.5), None),
        (HeardSegment(" Hello.", (0, 1), no_speech=0.9), None),
        (HeardSegment(LOOP, (0, 1)), "loop"),
        (HeardSegment(" ... ", (0, 1)), "no_word"),
        (HeardSegment("", (0, 1)), "no_word"),
    ],
)
def test_a_segment_is_believed_or_left_out_by_a_named_rule(segment, rule):
    assert doubt(segment, (Span(start_s=0, end_s=1),), RULES) == rule


def test_what_is_left_out_is_kept_with_its_rule_and_nothing_left_is_no_transcript():
    found = heard(HeardSegment(" Thank you.", (2.0, 3.0)), voiced=((0, 1),))
    assert found.transcript is None
    (left_out,) = found.left_out
    assert (left_out.text, left_out.start_s, left_out.end_s) == ("Thank you.", 2.0, 3.0)
    assert left_out.rule == "no_voice"


def test_what_is_believed_stays_when_the_rest_is_left_out():
    found = heard(HELLO, HeardSegment(LOOP, (1.5, 4)))
    assert found.transcript.text == "Hello there."
    assert [item.rule for item in found.left_out] == ["loop"]


def test_prose_does_not_compress_like_a_loop():
    prose = "Ask not what your country can do for you, ask what you can do for your country."
    assert compression(prose) < 1.5 < 5 < compression(LOOP)
