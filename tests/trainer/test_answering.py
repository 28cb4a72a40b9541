"""Answers of a trained model: in batches as one by one, constrained, cut, and with its own eyes."""

import io

import numpy as np
import pytest

from schemas.instruction import lay_out

pytest.importorskip("transformers", reason="the extra `train` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.model]

LABELS = ("happy", "sad", "angry")


def trained(*, eyes=False, **more):
    from tests.trainer.tiny import tiny_eyes, tiny_model, tiny_tokenizer
    from trainer.open_model import TrainedModel, TrainedOn
    from trainer.sequence import SequenceMaker

    model, tokenizer = tiny_model(vision=tiny_eyes() if eyes else None, **more), tiny_tokenizer()
    told = TrainedOn(
        recipe="tiny",
        release="small 0.1.0",
        release_digest="0",
        vocabulary="merr9",
        encoders={},
        grid=not eyes,
        eyes="eva" if eyes else None,
        frame="peak" if eyes else None,
    )
    maker = SequenceMaker.of(model.config, tokenizer)
    return TrainedModel(model, tokenizer, model.config, maker, told)


def asked(count, markers=None, picture=None):
    from tests.trainer.tiny import features_of
    from trainer.answering import Asked

    found = []
    for number in range(count):
        features = features_of(number)
        kept = {m: f for m, f in features.items() if markers is None or m in markers}
        said = "Oh! " * (number + 1)
        found.append(Asked(lay_out("emotion", "Which of these?", said), kept, picture))
    return found


def picture(grey):
    from PIL import Image

    file = io.BytesIO()
    pixels = np.full((40, 60, 3), grey, np.uint8)
    pixels[:20] = 255 - grey
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def answers(model, questions, **options):
    from trainer.answering import How, answer

    return list(answer(model, questions, How(**{"max_new_tokens": 12} | options)))


def test_batches_give_the_answers_of_one_by_one():
    model, questions = trained(), asked(5)
    assert answers(model, questions, batch_size=1) == answers(model, questions, batch_size=3)


def test_constrained_answers_are_labels_and_end_by_themselves():
    found = answers(trained(), asked(6), labels=LABELS)
    assert {answer.text for answer in found} <= set(LABELS)
    assert not any(answer.cut for answer in found)


def test_an_answer_at_the_limit_of_its_length_is_cut():
    assert all(answer.cut for answer in answers(trained(), asked(2), max_new_tokens=1))


def test_no_more_than_a_batch_of_questions_is_taken_at_once():
    from trainer.answering import How, answer

    taken = []
    questions = (taken.append(one) or one for one in asked(6))
    first = next(answer(trained(), questions, How(max_new_tokens=2, batch_size=2)))
    assert first
    assert len(taken) == 2


def test_a_model_with_eva_inside_looks_at_the_picture_and_at_no_other_features_of_it():
    from trainer.answering import _question

    model = trained(eyes=True)
    [dark], [light] = asked(1, picture=picture(0)), asked(1, picture=picture(200))
    question = _question(model, dark)
    assert set(question.features) == {"face", "motion", "audio"}
    assert question.pixels.shape == (3, 56, 56)
    assert {-1, -5} <= set(question.ids)  # places of its patches and of its CLS
    assert not np.array_equal(question.pixels, _question(model, light).pixels)
    assert answers(model, [dark, light], batch_size=2) == [
        *answers(model, [dark]),
        *answers(model, [light]),
    ]


def test_without_a_picture_its_places_are_left_out():
    from trainer.answering import _question

    [bare] = asked(1)
    question = _question(trained(eyes=True), bare)
    assert question.pixels is None
    assert not {-1, -5} & set(question.ids)
