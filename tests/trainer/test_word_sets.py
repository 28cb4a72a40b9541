"""Open vocabulary: worked examples, lists in every spelling, and our files of words."""

import pytest

from schemas.errors import SetupError
from trainer.metrics.bootstrap import BootstrapSettings
from trainer.metrics.word_levels import WHEELS, load_words
from trainer.metrics.word_sets import WordPair, pairs_of, word_set_scores, words_of

QUICK = BootstrapSettings(seed=1, resamples=200)


def pair(meant, given):
    return WordPair(frozenset(meant.split()), None if given is None else frozenset(given.split()))


def scored(*pairs):
    return word_set_scores(pairs, load_words(), QUICK)


def level(found, name):
    return next(one for one in found.levels if one.level == name)


def test_a_worked_example():
    """Clip 1: meant happy, excited; given joy, thrilled, angry. Clip 2: meant sad; given sorrow."""
    found = scored(pair("happy excited", "joy thrilled angry"), pair("sad", "sorrow"))
    word = level(found, "word")
    assert (word.precision, word.recall, word.f1) == (0, 0, 0)
    group = level(found, "group")  # happy = joy; thrilled is of the ecstatic; sad = sorrow
    assert group.precision == pytest.approx((1 / 3 + 1) / 2)
    assert group.recall == pytest.approx((1 / 2 + 1) / 2)
    assert group.f1 == pytest.approx(2 * (2 / 3) * (3 / 4) / (2 / 3 + 3 / 4))
    family = level(found, "plutchik.family")  # meant {joy}, given {joy, anger}; {sadness} twice
    assert family.precision == pytest.approx((1 / 2 + 1) / 2)
    assert family.recall == 1
    kind = level(found, "plutchik.kind")  # meant {joy}, given {joy, ecstasy, anger}
    assert kind.precision == pytest.approx((1 / 3 + 1) / 2)
    assert found.wheel_f1 == pytest.approx(2 * 0.75 / 1.75)  # the other wheel says the same here


def test_words_of_one_meaning_count_once_on_both_sides():
    found = level(scored(pair("happy glad joyful", "happy")), "group")
    assert (found.precision, found.recall) == (1, 1)
    found = level(scored(pair("happy", "happy glad joyful angry")), "group")
    assert (found.precision, found.recall) == (0.5, 1)


def test_forms_are_one_word_before_they_are_one_group():
    found = scored(pair("anger", "angry"), pair("happiness", "glad"))
    assert level(found, "word").recall == 0
    assert level(found, "form").recall == 0.5
    assert level(found, "group").recall == 1


def test_an_answer_without_readable_words_scores_zero_and_is_counted():
    found = scored(pair("sad", None), pair("sad", "sad"))
    assert found.unreadable == 0.5
    assert level(found, "word").f1 == 0.5


def test_a_word_without_a_place_is_left_out_of_wheels_and_told():
    found = scored(pair("zesty sad", "sad zingy"), pair("zesty", "sad"))
    family = level(found, "shaver.family")
    assert family.clips == 1  # the second clip means nothing that has a place
    assert (family.precision, family.recall) == (1, 1)
    assert family.placeless_meant == pytest.approx(2 / 3)
    assert family.placeless_given == pytest.approx(1 / 3)
    assert level(found, "group").clips == 2
    assert found.unknown == ("zesty", "zingy")


def test_where_no_word_has_a_place_there_is_no_wheel_score():
    found = scored(pair("zesty", "zingy"))
    assert found.wheel_f1 is None
    assert {one.level for one in found.levels} == {"word", "form", "group"}


def test_the_interval_holds_the_figure():
    found = level(scored(*[pair("sad", "sad"), pair("sad", "happy")] * 20), "word")
    assert found.f1_interval.low < found.f1 == 0.5 < found.f1_interval.high


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("['sad', 'Angry ']", {"sad", "angry"}),
        ('["sad", "angry"]', {"sad", "angry"}),
        ("('sad', 'angry')", {"sad", "angry"}),
        ("['sad']", {"sad"}),
        ("[sad, angry]", {"sad", "angry"}),
        ("sad, angry", {"sad", "angry"}),
        ("sad; angry.", {"sad", "angry"}),
        ("- sad\n- angry", {"sad", "angry"}),
        ("sad and angry", {"sad", "angry"}),
        ("looking forward to, happy", {"looking forward to", "happy"}),
        ("sad，angry、worried", {"sad", "angry", "worried"}),
        ("self-blame", {"self-blame"}),
        ("sad", {"sad"}),
        ("", None),
        (None, None),
        ("[]", None),
        (" , ;", None),
        ("['sad', ", {"sad"}),
        ('["don\'t know", "sad"]', {"don't know", "sad"}),
        ("[__import__('os')]", {"os"}),
        ("The person in the video looks very sad, I think", None),
        ("I cannot tell what this person feels", None),
        ("[" * 5000, None),
    ],
)
def test_lists_are_read_however_they_are_written_and_sentences_are_not(text, words):
    assert words_of(text) == (None if words is None else frozenset(words))


def test_a_label_that_is_no_list_of_words_is_the_fault_of_the_data():
    with pytest.raises(SetupError, match="clip1: its label"):
        pairs_of({"clip1": "this is one long sentence about a feeling"}, {})


def test_the_files_of_words_are_whole():
    """Every group is named by one of its own words; every word has a place on some wheel or is
    known to have none; both wheels have the families that were published."""
    words = load_words()
    assert set(words.group.values()) <= set(words.base)
    families = {name: {place[0] for place in words.wheels[name].values()} for name in WHEELS}
    assert families["plutchik"] == {
        *("joy", "trust", "fear", "surprise", "sadness", "disgust", "anger", "anticipation")
    }
    assert families["shaver"] == {"love", "joy", "surprise", "anger", "sadness", "fear"}
    placed = {group for wheel in words.wheels.values() for group in wheel}
    nowhere = {g for g in words.group.values() if g not in placed}
    assert nowhere == {"doubtful", "neutral"} | ({"vigilant", "interested"} - placed)


def test_the_labels_of_mer_and_dfew_are_told_apart_by_group():
    words = load_words()
    group = words.levels()["group"]
    labels = ("neutral", "angry", "happy", "sad", "worried", "surprise", "fear", "contempt")
    assert len({group(label) for label in (*labels, "doubt", "disgust")}) == 10
