"""A text is split into claims, in English and Chinese, and never inside a quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.claims import QUOTED, claims_in, masked, stretches_in


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("She smiles.", ["She smiles"]),
        ("She smiles. He frowns!", ["She smiles", "He frowns"]),
        ("Her brow is at 2.4 of 5. It holds.", ["Her brow is at 2.4 of 5", "It holds"]),
        ("She smiles, and her voice is low.", ["She smiles", "and her voice is low"]),
        ("Her eyes are wide and her jaw drops.", ["Her eyes are wide", "and her jaw drops"]),
        ("Her eyes and lips are tense.", ["Her eyes and lips are tense"]),
        ("The brow, lips and jaw are tense.", ["The brow, lips and jaw are tense"]),
        ("He frowns while he speaks slowly.", ["He frowns", "while he speaks slowly"]),
        (
            "He frowns; his lips are thin, suggesting anger.",
            ["He frowns", "his lips are thin", "suggesting anger"],
        ),
        ('She says: "No. Go, and stay." He nods.', ['She says: "No. Go, and stay."', "He nods"]),
        ('"Wait!" she cries, but nobody comes.', ['"Wait!" she cries', "but nobody comes"]),
        ('He asks, "Who is it?" Then he sits.', ['He asks, "Who is it?"', "Then he sits"]),
        ("signs—lowered eyebrows—of anger", ["signs", "lowered eyebrows", "of anger"]),
        ("她笑了，眉毛上扬。", ["她笑了", "眉毛上扬"]),
        ("他说：“你好，再见。”然后走了。", ["他说：“你好，再见。”", "然后走了"]),
        ("语速很快；声音低沉！", ["语速很快", "声音低沉"]),
        ("嘴角上扬、双眼眯起。", ["嘴角上扬、双眼眯起"]),
        ("", []),
        (" ... ,, ", []),
    ],
)
def test_sentences_and_clauses_become_claims(text, claims):
    assert [claim.text for claim in claims_in(text)] == claims


WRITTEN = st.text(
    alphabet=st.sampled_from(
        "aBé 你好眉'\u2019\"\u201c\u201d«».,;:!?\u3002\uff0c\uff1b\u3001-\n\u0130"
    ),
    max_size=60,
)


@given(WRITTEN)
def test_claims_are_pieces_of_the_text_in_order_and_end_outside_quotes(text):
    last = 0
    quotes = [match.span() for match in QUOTED.finditer(text)]
    for claim in claims_in(text):
        assert text[claim.start : claim.end] == claim.text
        assert claim.start >= last
        last = claim.end
        assert not any(start < claim.start < end for start, end in quotes)


@given(WRITTEN)
def test_no_letter_outside_the_claims_is_lost(text):
    inside = "".join(claim.text for claim in claims_in(text))
    assert [c for c in inside if c.isalnum()] == [c for c in text if c.isalnum()]


@given(WRITTEN)
def test_the_masked_text_is_as_long_as_the_text_and_hides_every_quoted_word(text):
    plain = masked(text)
    assert len(plain) == len(text)
    for match in QUOTED.finditer(text):
        assert not any(letter.isalnum() for letter in plain[slice(*match.span())])


@given(WRITTEN)
def test_stretches_cover_the_text(text):
    assert "".join(text[start:end] for start, end in stretches_in(text)) == text
