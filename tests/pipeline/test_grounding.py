"""A claim is held against the evidence it cites: movements, quotes, numbers, label words."""

import pytest

from pipeline.grounding import check
from pipeline.leakage import leaked_words
from schemas.clues import Clue, Clues
from schemas.label import Vocabulary, load_vocabulary
from tests.pipeline.one_clip import HAND, SCENE, TONE, evidence, item, peak

MERR = load_vocabulary("merr9")
FOUND = evidence(
    {"AU04": 1.2, "AU12": 2.41},
    words="I'm happy you came, \u201creally\u201d. Don't go!",
    voice=TONE,
    place=SCENE,
    more=(
        item("voice.f0_median_hz", value=182.4, start_s=0.3, end_s=2.1),
        item("voice.pause_share", value=0.313),
        item("words.cue.0", text="I'm happy you came"),
        item("face.smile", value=0.8),
    ),
)
AT_PEAK = peak({"AU04": 1.2, "AU12": 2.41})


def verdict(modality, claim, *keys, at=AT_PEAK, found=FOUND, vocabulary=MERR):
    clue = Clue(modality=modality, claim=claim, evidence=keys)
    clues = Clues(clip_id="c", made_by=HAND, mode="blind", clues=(clue,), raw=claim)
    [checked] = check(clues, found, vocabulary=vocabulary, peak=at)
    assert checked.clue == clue
    assert (checked.reason is None) == (checked.verdict in ("supported", "unverifiable"))
    return checked.verdict


@pytest.mark.parametrize(
    ("modality", "claim", "keys", "expected"),
    [
        # keys
        ("face", "The lips part.", ("face.AU25",), "contradicted"),
        ("voice", "It rises.", ("voice.f0_slope",), "unsupported"),
        ("voice", "It rises.", (), "unsupported"),
        ("voice", "It rises.", ("scene.description",), "unsupported"),
        ("voice", "It rises.", ("voice.f0_median_hz",), "unverifiable"),
        # movements by code, name, our words, other people's words
        ("face", "AU12 is seen.", ("face.AU12",), "supported"),
        ("face", "AU 4 and AU12 are seen.", ("face.AU12", "face.AU04"), "supported"),
        ("face", "AU04 and AU12 are seen.", ("face.AU12",), "unsupported"),
        ("face", "AU15 is seen.", ("face.AU12",), "contradicted"),
        ("face", "A lip corner puller.", ("face.AU12",), "supported"),
        ("face", "A cheek raiser.", ("face.AU12",), "contradicted"),
        ("face", "The lip corners are drawn back and upwards.", ("face.AU12",), "supported"),
        ("face", "The jaw is widely opened.", ("face.AU12",), "contradicted"),
        ("face", "She smiles broadly.", ("face.AU12",), "supported"),
        ("face", "She smiles broadly.", ("face.smile",), "supported"),
        ("face", "Her eyebrows are lowered.", ("face.AU04",), "supported"),
        ("face", "Raised eyebrows.", ("face.AU12",), "contradicted"),
        ("face", "With eyes closed.", ("face.AU12",), "unsupported"),
        ("face", "There is no smile.", ("face.AU12",), "contradicted"),
        ("face", "The nose is not wrinkled.", ("face.AU12",), "supported"),
        ("face", "The look is odd.", ("face.AU12",), "unverifiable"),
        ("words", "The words go with a smile.", ("words.text",), "unverifiable"),
        # quotes
        ("words", 'The person says: "I\'m happy you came".', ("words.text",), "supported"),
        ("words", 'It ends with "don\u2019t go!"', ("words.cue.0",), "supported"),
        ("words", "\u201cyou came, 'really'\u201d is said.", ("words.text",), "supported"),
        ("words", 'The person says: "I am glad".', ("words.text",), "contradicted"),
        ("words", 'Both "you came" and "goodbye".', ("words.text",), "contradicted"),
        # numbers
        ("voice", "A median of 182 Hz.", ("voice.f0_median_hz",), "supported"),
        ("voice", "A median of 182.4 Hz.", ("voice.f0_median_hz",), "supported"),
        ("voice", "A median of 180 Hz.", ("voice.f0_median_hz",), "contradicted"),
        ("voice", "A median of 182.5 Hz.", ("voice.f0_median_hz",), "contradicted"),
        ("voice", "Pauses take 31 % of it.", ("voice.pause_share",), "supported"),
        ("voice", "Pauses take 0.31 of it.", ("voice.pause_share",), "supported"),
        ("voice", "Pauses take 45%.", ("voice.pause_share",), "contradicted"),
        ("voice", "It is heard until 2.1 s.", ("voice.f0_median_hz",), "supported"),
        ("voice", "Its median is 118 Hz.", ("voice.description",), "supported"),
        ("voice", "Its median is 120 Hz.", ("voice.description",), "unsupported"),
        ("face", "AU12 is at 2.4 of 5.", ("face.AU12",), "supported"),
        ("face", "AU12 is at 4.0 of 5.", ("face.AU12",), "contradicted"),
        # a described text repeated
        ("scene", "A close-up in even light.", ("scene.description",), "supported"),
        ("scene", "A forest.", ("scene.description",), "unverifiable"),
        # labels
        ("voice", "The voice is sad.", ("voice.description",), "leaks_label"),
        ("face", "She smiles happily.", ("face.AU12",), "leaks_label"),
        ("words", 'She says "I\'m happy", not sad.', ("words.text",), "leaks_label"),
    ],
)
def test_claims_of_every_kind_are_judged(modality, claim, keys, expected):
    assert verdict(modality, claim, *keys) == expected


def test_a_unit_that_the_engine_cannot_tell_is_unsupported_not_contradicted():
    blind = AT_PEAK.model_copy(
        update={
            "moment": AT_PEAK.moment.model_copy(
                update={"aus": tuple(u for u in AT_PEAK.moment.aus if u.au != "AU09")}
            )
        }
    )
    assert verdict("face", "The nose is wrinkled.", "face.AU12") == "contradicted"
    assert verdict("face", "The nose is wrinkled.", "face.AU12", at=blind) == "unsupported"
    assert verdict("face", "The nose is wrinkled.", "face.AU12", at=None) == "unsupported"


def test_a_quote_without_a_transcript_is_unsupported():
    found = evidence({"AU12": 1.0})
    assert verdict("face", 'AU12 goes with "yes".', "face.AU12", found=found) == "unsupported"


def test_a_quote_in_a_script_without_spaces_is_found():
    found = evidence(words="\u6211\u7ec6\u6570\u4e86\u4e00\u4e0b")
    claim = 'The words "\u7ec6\u6570" are heard.'
    assert verdict("words", claim, "words.text", found=found) == "supported"


def test_the_reason_names_what_was_claimed():
    clue = Clue(modality="face", claim="AU15 is seen.", evidence=("face.AU12",))
    clues = Clues(clip_id="c", made_by=HAND, mode="blind", clues=(clue,), raw=None)
    [checked] = check(clues, FOUND, vocabulary=MERR, peak=AT_PEAK)
    assert checked.reason == '"AU15" needs AU15, absent around the peak'


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        ("an angrily raised voice", ("angrily",)),
        ("her sadness, her anger", ("sadness", "anger")),
        ("a surprising, doubtful, fearful, neutrally said word", 4),
        ("the saddest, the happiest", 2),
        ('she says "I am sad"', ()),
        ("she says \u201cI am sad\u201d and is", ()),
        ("a saddle, a doublet, a fearn, unhappy", ()),
        ("HAPPY", ("happy",)),
    ],
)
def test_labels_aliases_and_words_made_of_them_are_found_outside_quotes(text, leaked):
    found = leaked_words(text, MERR)
    assert len(found) == leaked if isinstance(leaked, int) else found == leaked


def test_another_vocabulary_has_other_words():
    own = Vocabulary("own", ("calm", "low mood"), {"quiet": "calm"})
    assert leaked_words("a quiet voice in a low mood, calmly sad", own) == (
        "quiet",
        "low mood",
        "calmly",
    )
    assert verdict("voice", "A calm voice.", "voice.description", vocabulary=own) == "leaks_label"


def test_a_key_that_was_not_measured_fails_a_claim_that_other_keys_bear_out():
    keys = ("voice.f0_median_hz", "voice.f0_slope")
    assert verdict("voice", "A median of 182 Hz.", *keys[:1]) == "supported"
    assert verdict("voice", "A median of 182 Hz.", *keys) == "unsupported"
