"""Answers: good, noisy, empty, refusing and cut ones, by our rule and by the original's."""

import pytest

from schemas.label import load_vocabulary
from trainer.metrics.answers import LabelReader, original_label
from trainer.metrics.confusion import OUTSIDE, UNREADABLE

MER = load_vocabulary("mer2023")
DFEW = load_vocabulary("dfew")

NAMED = [  # answer, the label it names
    ("happy", "happy"),
    ("Happy.", "happy"),
    ("  HAPPY\n", "happy"),
    ("**sad**", "sad"),
    ('"worried"', "worried"),
    ("The person's emotion is angry.", "angry"),
    ("anger", "angry"),
    ("He shows joy", "happy"),
    ("She is surprised, clearly surprised; surprise is all over her face.", "surprise"),
    ("emotion: sad\n\nemotion: sad", "sad"),
    ("not happy but sad", "sad"),
    ("It is not very happy, it is sad", "sad"),
    ("neutral", "neutral"),
    ("No doubt she is happy", "happy"),
    ("He doesn't look sad, he is angry", "angry"),
    ("ｈａｐｐｙ", "happy"),
    ("happy</s>", "happy"),
]
UNREAD = [  # answer, why no label of the set is read from it
    (None, "empty"),
    ("", "empty"),
    (" \n ", "empty"),
    ("happy, sad", "several"),
    ("happy or surprise", "several"),
    ("neutral angry happy sad worried surprise", "several"),
    ("blue", "no_label"),
    ("happyness", "no_label"),
    ("unhappy", "no_label"),
    ("not happy", "no_label"),
    ("The person is neither", "no_label"),
    ("The person in video says: hello", "no_label"),
    ("The emotion is ang", "no_label"),
    ("I cannot determine whether the person is happy.", "refused"),
    ("I can’t help with identifying how sad people are", "refused"),
    ("As an AI language model I have no emotion, but angry fits.", "refused"),
    ("It is impossible to tell from one frame; neutral?", "refused"),
    ("fear", "outside"),
    ("contempt", "outside"),
    ("afraid", "outside"),
]


@pytest.mark.parametrize(("answer", "label"), NAMED)
def test_one_label_named_is_read(answer, label):
    assert LabelReader(MER).read(answer).label == label


@pytest.mark.parametrize(("answer", "why"), UNREAD)
def test_what_names_no_label_or_several_is_read_as_none_and_never_as_neutral(answer, why):
    found = LabelReader(MER).read(answer)
    assert (found.label, found.why) == (None, why)
    assert found.column == (OUTSIDE if why == "outside" else UNREADABLE)


def test_a_cut_answer_is_not_looked_into():
    assert LabelReader(MER).read("happy because", cut=True).why == "cut"


def test_a_declared_map_lets_a_label_outside_count():
    assert LabelReader(DFEW).read("worried").why == "outside"
    assert LabelReader(DFEW, {"worried": "fear"}).read("worried").label == "fear"


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("happy", "happy"),
        ("the emotion is sad", "sad"),
        ("Happy", "neutral"),
        ("happy.", "neutral"),
        ("happy ", "neutral"),
        ("fear", "neutral"),
        ("", "neutral"),
        (None, "neutral"),
        ("angry, then sad", "sad"),
        ("it is\nsad", "neutral"),
    ],
)
def test_the_original_takes_the_last_word_and_else_neutral(answer, label):
    assert original_label(answer, MER) == label
