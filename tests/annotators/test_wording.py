"""Phrases for facial movements: complete, free of feelings, stably and evenly drawn."""

import re
from collections import Counter

import pytest

from annotators.mentions import mentions_in
from annotators.wording import (
    Phrase,
    as_sentence,
    drawn,
    face_wording,
    listing,
    quotable,
    said,
    sentence_of,
    sounding,
)
from pipeline.leakage import leaked_words
from schemas.au import BLINK, PRESENCE_AUS
from schemas.label import load_vocabulary, shipped_vocabularies

WORDING = face_wording()
EVERY_PHRASE = [
    (name, phrase)
    for table in (WORDING.units, WORDING.signs)
    for name, variants in table.items()
    for phrase in variants
]
FEELINGS = re.compile(
    r"\b(smil|grin|laugh|cry|cri|tear|joy|anx|nerv|puzzl|disapprov|pleas|scare|shock|disgust|"
    r"emotion|mood|insecur|grim|gloom|glad|stress|upset)"
)


def test_every_unit_but_the_blink_has_three_to_five_phrases_that_differ():
    assert set(WORDING.units) == set(PRESENCE_AUS) - {BLINK}
    assert len(WORDING.units) == 17
    for name, variants in {**WORDING.units, **WORDING.signs}.items():
        assert 3 <= len(set(variants)) == len(variants) <= 5, name


def test_no_phrase_belongs_to_two_units():
    assert max(Counter(phrase for _, phrase in EVERY_PHRASE).values()) == 1


def test_no_phrase_names_a_label_or_a_feeling():
    for _, phrase in EVERY_PHRASE:
        clause = phrase.clause()
        assert not FEELINGS.search(clause), clause
        for name in shipped_vocabularies():
            assert leaked_words(clause, load_vocabulary(name)) == (), clause


def test_the_verb_agrees_with_its_subject():
    plural = re.compile(r"^the (?:\w+ (?:and \w+ )?)?(\w+?)(?: of| around| beside|$)")
    for _, phrase in EVERY_PHRASE:
        head = plural.match(phrase.subject).group(1)
        assert phrase.verb == ("are" if head.endswith("s") or head == "teeth" else "is"), phrase


@pytest.mark.parametrize(("name", "phrase"), EVERY_PHRASE)
def test_every_form_of_a_phrase_is_recognised_as_its_own_unit(name, phrase):
    forms = (phrase.clause(), phrase.listed(), phrase.clause("faintly"), phrase.listed("strongly"))
    for form in forms:
        found = mentions_in(f"At the peak, {form}.")
        assert any(mention.any_of == {name} for mention in found)
        assert all(name in mention.any_of for mention in found), found


def test_the_draw_is_the_same_tomorrow():
    assert drawn(0, "clip", "AU12") % 1000 == 164
    assert drawn(1, "clip", "AU12") != drawn(0, "clip", "AU12") != drawn(0, "clip", "AU06")


@pytest.mark.parametrize("name", sorted(WORDING.units))
def test_variants_are_drawn_nearly_evenly(name):
    n = 2000
    counts = Counter(WORDING.phrase(7, f"clip{i}", name) for i in range(n))
    share = n / len(WORDING.units[name])
    assert set(counts) == set(WORDING.units[name])
    assert sum((c - share) ** 2 / share for c in counts.values()) < 20  # chi-square, p < 0.001


def test_units_of_one_clip_are_drawn_apart():
    same = sum(
        drawn(0, f"clip{i}", "AU01") % 4 == drawn(0, f"clip{i}", "AU02") % 4 for i in range(2000)
    )
    assert 400 < same < 600


@pytest.mark.parametrize(
    ("name", "intensity", "adverb"),
    [
        ("AU12", 0.0, "faintly"),
        ("AU12", 0.99, "faintly"),
        ("AU12", 1.0, "slightly"),
        ("AU12", 2.4, "markedly"),
        ("AU12", 5.0, "strongly"),
        ("AU25", 4.0, "widely"),
        ("AU25", 2.0, "markedly"),
        ("AU28", None, None),
    ],
)
def test_an_adverb_stands_for_a_band_of_the_scale_and_only_where_it_is_known(
    name, intensity, adverb
):
    assert WORDING.adverb(name, intensity) == adverb


BROW = Phrase("the brow", "is", "furrowed")
LIPS = Phrase("the lips", "are", "parted")


@pytest.mark.parametrize(
    ("phrases", "sentence"),
    [
        ([(LIPS, None)], "Now, the lips are parted."),
        (
            [(BROW, None), (LIPS, "widely")],
            "Now, the brow is furrowed and the lips are widely parted.",
        ),
        (
            [(BROW, "slightly"), (LIPS, "widely"), (BROW, None)],
            "Now, the brow is slightly furrowed, the lips widely parted, and the brow furrowed.",
        ),
        (
            [(LIPS, None), (BROW, None)] * 3,
            "Now, the lips are parted, the brow furrowed, and the lips parted; at the same time, "
            "the brow is furrowed, the lips parted, and the brow furrowed.",
        ),
        (
            [(LIPS, "widely"), (Phrase("the lips", "are", "stretched"), "slightly"), (BROW, None)],
            "Now, the lips are widely parted and slightly stretched and the brow is furrowed.",
        ),
    ],
)
def test_one_to_many_movements_make_one_sentence(phrases, sentence):
    assert sentence_of(phrases, "Now,") == sentence


@pytest.mark.parametrize(
    ("text", "speaker", "sentence"),
    [
        ("Oh my.", "visible", 'The person says: "Oh my."'),
        ("not now", "visible", 'The person says: "not now".'),
        ("Oh my!", "unknown", 'The words heard are: "Oh my!"'),
        ("Oh my!", "not_visible", 'The words heard are: "Oh my!"'),
        (
            'He said "no"\nand left.',
            "visible",
            "The person says: \"He said 'no' and left.\"",
        ),
        ("one two three four", "visible", 'The person begins with: "one two three ..."'),
        ("one two three four", "unknown", 'The words heard begin with: "one two three ..."'),
        ("\u771f\u7684\u3002", "unknown", 'The words heard are: "\u771f\u7684\u3002"'),
    ],
)
def test_words_are_quoted_once_and_given_to_whom_is_seen_to_speak(text, speaker, sentence):
    assert said(text, speaker, 5 if "Oh" in text or "He" in text else 3) == sentence


def test_a_voice_is_not_given_to_lips_that_do_not_move():
    assert sounding("The voice is low.", "visible") == "The voice is low."
    assert sounding("The voice is low.", "not_visible").endswith("lips seen do not move with it.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a room", "A room."),
        ("A room!", "A room!"),
        ('He "left."', 'He "left."'),
        ("a\n b", "A b."),
    ],
)
def test_a_text_becomes_a_sentence(text, sentence):
    assert as_sentence(text) == sentence


def test_items_are_listed_in_english():
    found = [listing(items) for items in (["a"], ["a", "b"], ["a", "b", "c"])]
    assert found == ["a", "a and b", "a, b and c"]


def test_no_double_quote_survives_inside_a_quote():
    assert quotable('\u201ea\u201c "b" \u00abc\u00bb') == "'a' 'b' 'c'"
