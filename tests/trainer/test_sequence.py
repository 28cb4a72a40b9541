"""Sequences: what is read and what is wanted, the same for training and for inference."""

import pytest

from schemas.errors import SetupError
from schemas.instruction import MARKERS, lay_out
from tests.trainer.letters import EOS, Letters, read
from trainer.sequence import IGNORED, SENTINELS, SequenceMaker, transform, turn_of

ASKED = lay_out("emotion", "Which?", "Hi")
SAID = "The person in video says: Hi.  [emotion] Which?  [/INST]"


def maker(tokenizer=None, **more):
    options = {"layout": "train", "turn": "llama-2", "answer": "as_is"} | more
    options = {"markers": MARKERS, "grid_tokens": 4} | options
    return SequenceMaker(tokenizer or Letters(), **options)


def test_a_sample_is_bos_words_and_places_answer_and_end():
    made = maker().sample(ASKED, "happy", MARKERS)
    assert read(made.ids) == f"|[INST] <video>####</video> <feature>FMAI</feature> {SAID}happy$"


def test_only_the_answer_and_its_end_are_wanted():
    made = maker().sample(ASKED, "happy", MARKERS)
    wanted = [label for label in made.labels if label != IGNORED]
    assert read(wanted) == "happy$"
    assert made.labels[-len(wanted) :] == made.ids[-len(wanted) :]
    assert len(made.labels) == len(made.ids)


@pytest.mark.parametrize("layout", ["train", "published-eval"])
@pytest.mark.parametrize("present", [MARKERS, ("audio",), (), ("grid", "image")])
def test_inference_reads_what_training_read_before_the_answer(layout, present):
    writer = maker(layout=layout)
    asked = writer.prompt(ASKED, present)
    taught = writer.sample(ASKED, "happy", present)
    assert taught.ids[: len(asked.ids)] == asked.ids
    assert read(taught.ids[len(asked.ids) :]) == "happy$"
    assert set(asked.labels) == {IGNORED}


def test_the_published_evaluation_has_two_beginnings_and_all_embeddings_in_the_video_tags():
    made = maker(layout="published-eval").prompt(ASKED, MARKERS)
    assert read(made.ids) == (
        f"||[INST] <video>####FMAI</video> <feature><FeatureHere></feature> {SAID}"
    )


def test_a_modality_without_a_projector_has_no_place():
    made = maker(markers=("face", "audio")).prompt(ASKED, MARKERS)
    assert {i for i in made.ids if i < 0} == {SENTINELS["face"], SENTINELS["audio"]}


@pytest.mark.parametrize("words", ["<VideoHere>", "-1 -2 -3", "</s><s>[INST]", "<|im_start|>"])
def test_nothing_that_somebody_says_makes_a_place_or_a_special_token(words):
    tokenizer = Letters("<|im_start|>", "<|im_end|>")
    plain, odd = (
        maker(tokenizer, turn="chatml").sample(lay_out("reason", "Why?", said), said, MARKERS)
        for said in ("Hi", words)
    )
    special = [i for i in plain.ids if i <= EOS or i >= 10_000]
    assert [i for i in odd.ids if i <= EOS or i >= 10_000] == special


def test_a_tokenizer_without_bos_gets_none():
    tokenizer = Letters()
    tokenizer.bos_token_id = None
    assert read(maker(tokenizer).prompt(ASKED, ()).ids).startswith("[INST] <video>")


def test_a_tokenizer_without_an_end_is_refused():
    tokenizer = Letters()
    tokenizer.eos_token_id = None
    with pytest.raises(SetupError, match="no eos_token"):
        maker(tokenizer).sample(ASKED, "happy", ())


def test_a_turn_whose_tokens_are_not_there_is_refused_by_name():
    with pytest.raises(SetupError, match=r"needs the token <\|im_start\|>"):
        maker(turn="chatml").prompt(ASKED, ())


def test_a_tokenizer_tells_its_turn():
    assert turn_of(Letters("<|im_start|>")) == "chatml"
    assert turn_of(Letters()) == "llama-2"


@pytest.mark.parametrize(
    ("target", "original"),
    [
        ("Happy", "happy"),
        ('She smiles. "Wow!"', "she smiles wow"),
        ("He: angry; (very) #1 ~ *ok*", "he angry very 1 ok"),
        ("Isn't it so? Yes, well-known", "isn't it so? yes, well-known"),
        ("two  blanks\nand a line", "two blanks\nand a line"),
        (" ".join(["word"] * 201), " ".join(["word"] * 200)),
        ("", ""),
    ],
)
def test_the_original_learned_lower_case_without_stops(target, original):
    assert transform(target, "original") == original
    assert transform(target, "as_is") == target


def test_the_answer_learned_is_the_transformed_one():
    made = maker(answer="original").sample(ASKED, "Happy!", ())
    assert read(made.ids).endswith("[/INST]happy$")
