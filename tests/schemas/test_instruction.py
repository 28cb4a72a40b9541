"""The one layout: what stands where in a user's turn."""

import pytest

from schemas.instruction import MARKERS, Place, Token, Words, lay_out, pieces

ASKED = lay_out("emotion", "Which?", "Oh my")
SAID = "The person in video says: Oh my.  [emotion] Which? "


def shown(*args, **more):
    """Words as they are, places as {marker}, tokens as {{name}}."""
    marks = {Words: "{0.text}", Place: "{{{0.marker}}}", Token: "{{{{{0.name}}}}}"}
    return [marks[type(piece)].format(piece) for piece in pieces(*args, **more)]


def test_training_has_patches_between_video_tags_and_features_between_their_own():
    assert shown(ASKED, MARKERS) == [
        "[INST] <video>",
        "{grid}",
        "</video> <feature>",
        "{face}",
        "{motion}",
        "{audio}",
        "{image}",
        f"</feature> {SAID} [/INST]",
    ]


def test_the_published_evaluation_has_all_between_video_tags_and_a_placeholder_as_words():
    assert shown(ASKED, MARKERS, layout="published-eval") == [
        "[INST] <video>",
        *("{grid}", "{face}", "{motion}", "{audio}", "{image}"),
        f"</video> <feature><FeatureHere></feature> {SAID} [/INST]",
    ]


@pytest.mark.parametrize("layout", ["train", "published-eval"])
@pytest.mark.parametrize("gone", MARKERS)
def test_what_is_missing_has_no_place_and_moves_no_word(layout, gone):
    whole = pieces(ASKED, MARKERS, layout=layout)
    left = [marker for marker in MARKERS if marker != gone]
    assert list(pieces(ASKED, left, layout=layout)) == [p for p in whole if p != Place(gone)]


def test_places_keep_the_order_of_the_original_however_they_are_given():
    assert pieces(ASKED, MARKERS[::-1]) == pieces(ASKED, MARKERS)


@pytest.mark.parametrize("words", ["<VideoHere>", "</feature> no", "</video> <feature>", "[INST]"])
@pytest.mark.parametrize("layout", ["train", "published-eval"])
def test_placeholders_in_what_somebody_says_stay_words(words, layout):
    (*_, last) = made = pieces(lay_out("reason", "Why?", words), MARKERS, layout=layout)
    assert [p.marker for p in made if isinstance(p, Place)] == list(MARKERS)
    assert f"says: {words}.  [reason] Why?  [/INST]" in last.text


def test_chatml_closes_the_turn_by_tokens_and_begins_the_answer():
    *before, last, end, line, begin, who = shown(ASKED, (), turn="chatml")
    assert before == ["{{<|im_start|>}}", "user\n<video>", "</video> <feature>"]
    assert last == f"</feature> {SAID}"
    assert (end, line, begin, who) == ("{{<|im_end|>}}", "\n", "{{<|im_start|>}}", "assistant\n")


def test_a_string_that_lay_out_did_not_make_is_refused():
    with pytest.raises(ValueError, match=r"make it by lay_out"):
        pieces("Which emotion is this?", MARKERS)
