"""Dirt in texts of other makers is found and named, and clean texts are left alone."""

import pytest

from pipeline.cleanup import REASONS, dirt_in

CLEAN_CAPTION = (
    'In the video, a man frowns and says, "I can\'t help you." His lowered brow suggests anger.'
)


@pytest.mark.parametrize(
    ("field", "text", "reasons"),
    [
        # refusals
        ("caption", "I cannot provide an analysis of this person's feelings.", ("refusal",)),
        ("smp_reason_caption", "I can't help with that request.", ("refusal",)),
        ("caption", "I'm sorry, but I am not able to judge people.", ("refusal",)),
        ("caption", "As an AI language model, I have no access to the video.", ("refusal",)),
        ("caption", "I\u2019m unable to identify the emotion here.", ("refusal",)),
        ("caption", "Can't say more. Is there something else I can do for you?", ("refusal",)),
        ("caption", "There is not enough information to explain the label.", ("refusal",)),
        ("caption", "抱歉，我无法判断视频中人物的情绪。", ("refusal",)),
        ("tone", "I am unable to determine the tone of the speaker.", ("refusal",)),
        # what a person in the clip says, and what the person cannot do
        ("caption", CLEAN_CAPTION, ()),
        ("caption", "A man says 'I can't help you, I'm sorry' and lowers his brow.", ()),
        ("caption", "I'm sorry, but I can't explain 'happy'.", ("refusal",)),
        ("caption", "In the video, she cannot help smiling; her cheeks are raised.", ()),
        ("caption", "The woman is unable to answer and looks down.", ()),
        ("text", "I can't help you, I'm sorry.", ()),
        # a tone that is none
        ("tone", "none of the listed emotions", ("no_listed_emotion",)),
        ("audio_prior_list", "does not speak with any emotion listed.", ("no_listed_emotion",)),
        ("tone", "does not speak with any of the emotions listed.", ("no_listed_emotion",)),
        ("tone", "The speaker's voice has none of the above.", ("no_listed_emotion",)),
        ("tone", "it isn't one of the given options", ("no_listed_emotion",)),
        ("tone", "以上都不是", ("no_listed_emotion",)),
        ("tone", "speaks in a normal tone.", ()),
        ("tone", "and his tone sounds positive.", ()),
        ("tone", "joyful", ()),
        ("tone", "not loud, no trace of haste in the voice", ()),
        ("caption", "None of the listed emotions are mentioned here, yet it is clean.", ()),
        # a transcript where a tone should be
        ("tone", "我没有什么好说的你走吧", ("transcript_as_tone",)),
        ("tone", "语气平静", ()),
        ("tone", "平静", ()),
        ("tone", "Where did you put the keys?", ("transcript_as_tone",)),
        ("tone", "sad and slow", ()),
        # cut
        ("caption", "In the video, the lowered brow and her tone suggest a", ("truncated",)),
        ("caption", "In the video, a man says, \"I will always be", ("truncated",)),
        ("caption", "The lowered eyebrows of the man suggest distress", ("truncated",)),
        ("caption", "她低着头，眉头紧皱，说话的声音越来越", ("truncated",)),
        ("caption", "A smiling face", ()),
        ("phrase", "Brow Lowerer", ()),
        ("tone", "in a hurried", ("truncated",)),
        ("tone", "in a hurried tone", ()),
        ("tone", "speaks with a hushed voice", ()),
        # nothing, and errors of a service
        ("tone", "", ("empty",)),
        ("tone", " None. ", ("empty",)),
        ("text", "nan", ("empty",)),
        ("caption", "Error: 500 POST /v1/models", ("error_text",)),
        ("caption", "Too Many Requests", ("error_text",)),
        ("caption", "The error of the man makes him frown.", ()),
    ],
)  # fmt: skip
def test_dirt_is_named_and_clean_texts_pass(field, text, reasons):
    assert dirt_in(field, text.replace("\u2019", "'")) == reasons


def test_a_tone_that_repeats_the_words_of_the_clip_is_a_transcript():
    words = "Well, give me the letter now."
    assert dirt_in("tone", "give me the letter", transcript=words) == ("transcript_as_tone",)
    assert dirt_in("tone", "give me the letter") == ()
    assert dirt_in("tone", "sad", transcript="How sad it is.") == ()


def test_a_field_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="peak_index"):
        dirt_in("peak_index", "12")


def test_every_reason_can_be_given():
    given = {
        *dirt_in("tone", "none of the listed emotions"),
        *dirt_in("tone", "我没有什么好说的你走吧"),
        *dirt_in("caption", "I cannot provide that and the"),
        *dirt_in("caption", "Error: 500"),
        *dirt_in("text", ""),
    }
    assert given == set(REASONS)
