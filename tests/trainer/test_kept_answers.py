"""Kept answers are found again for the same question to the same asker, and for no other."""

import pytest

pytest.importorskip("transformers", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.trainer.test_answering import asked, picture, trained
from trainer.answering import Answer, How, answer
from trainer.kept_answers import KeptAnswers, keep_answers, question_digest

HOW = How(batch_size=2, max_new_tokens=6)


def test_kept_answers_are_those_of_the_model_and_ask_it_nothing_more(tmp_path):
    model, questions = trained(), asked(5)
    plain = list(answer(model, questions, HOW))
    first = list(keep_answers(model, questions, HOW, KeptAnswers(tmp_path / "a", "me")))
    again = KeptAnswers(tmp_path / "a", "me")
    assert len(again) == 5
    nobody = replace(model, model=None, tokenizer=None)
    assert list(keep_answers(nobody, questions, HOW, again)) == first == plain


def test_a_batch_that_is_not_whole_is_asked_as_a_whole(tmp_path):
    kept = KeptAnswers(tmp_path / "a", "me")
    kept.add(["one"], [Answer("happy", cut=False)])
    assert kept.of(["one"]) == [Answer("happy", cut=False)]
    assert kept.of(["one", "two"]) is None


def test_another_asker_finds_nothing_and_takes_nothing_away(tmp_path):
    KeptAnswers(tmp_path / "a", "me").add(["one"], [Answer("happy", cut=False)])
    other = KeptAnswers(tmp_path / "a", "you")
    assert len(other) == 0
    other.add(["one"], [Answer("", cut=True)])
    assert KeptAnswers(tmp_path / "a", "me").of(["one"]) == [Answer("happy", cut=False)]
    assert KeptAnswers(tmp_path / "a", "you").of(["one"]) == [Answer("", cut=True)]


def test_every_part_of_a_question_is_in_its_digest():
    [one] = asked(1)
    changed = [
        replace(one, instruction=one.instruction + " "),
        replace(one, features={m: f for m, f in one.features.items() if m != "audio"}),
        replace(one, features=one.features | {"audio": one.features["audio"] + np.float16(1)}),
        replace(one, picture=picture(0)),
        replace(one, picture=picture(9)),
    ]
    digests = [question_digest(each) for each in (one, *changed)]
    assert len(set(digests)) == len(digests)
    assert question_digest(asked(1)[0]) == digests[0]


def test_a_language_model_that_changed_in_its_folder_is_another_asker(
    small, cache, tiny_llm, tmp_path
):
    """With LoRA its weights are no part of the model's own folder."""
    pytest.importorskip("accelerate", reason="the extra `train` is not installed")
    from flows.opened_model import open_trained
    from trainer.recipe_file import load_recipe
    from trainer.train import Request, train

    base, run = Path(shutil.copytree(tiny_llm, tmp_path / "llm")), tmp_path / "run"
    settings = [f"model.llm={base}", "model.adapter=lora", "model.rank=4", "run.visits=7"]
    recipe = load_recipe("demo", [*settings, "run.tensorboard=false"])
    train(Request(small, recipe, run, cache), lambda _: None)
    asker = open_trained(run).asker(HOW)
    assert open_trained(run).asker(HOW) == asker
    os.utime(base / "model.safetensors", ns=(0, 0))
    assert open_trained(run).asker(HOW) != asker
