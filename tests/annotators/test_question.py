"""A question is asked in the way the endpoint knows, and again where the answer does not fit."""

import asyncio
import json

import pytest

from annotators.heard import question
from annotators.question import ask_for
from schemas.errors import (
    CutAnswerError,
    EmptyAnswerError,
    ModeUnsupportedError,
    OffSchemaError,
    RefusedError,
    TransientError,
)
from tests.annotators.asks import answering, by_model, messages, text_of

GOOD = {"heard": True, "tone": "calm", "description": "The voice is even and slow."}
LINES = "heard: true\ntone: calm\ndescription: The voice is even and slow."
UNKNOWN = ModeUnsupportedError("no such way of asking")


def ask(channel):
    return asyncio.run(ask_for(question(b"RIFF", None), channel))


def test_a_good_answer_is_asked_for_once_by_schema():
    channel, asked = answering(GOOD)
    found = ask(channel)
    assert found.answer.model_dump() == GOOD
    assert json.loads(found.raw) == GOOD
    assert (found.asked.requests, found.asked.mode) == (1, "schema")
    assert found.asked.served_model == "tiny-1"
    assert found.asked.request_id == asked[0].request_id
    assert json.loads(asked[0].answer_schema_json)["required"] == list(GOOD)


def test_an_endpoint_without_schemas_is_asked_in_json_mode_and_then_always():
    channel, asked = by_model(lambda request: UNKNOWN if request.mode == "schema" else GOOD)
    assert ask(channel).asked.mode == "json"
    assert "JSON schema" in text_of(asked[1])
    assert asked[1].answer_schema_json is None
    ask(channel)
    assert [request.mode for request in asked] == ["schema", "json", "json"]


def test_an_endpoint_without_json_mode_is_asked_for_lines():
    channel, asked = by_model(lambda request: LINES if request.mode == "text" else UNKNOWN)
    found = ask(channel)
    assert (found.asked.mode, found.answer.tone) == ("text", "calm")
    assert "tone: one of the words above" in text_of(asked[2])


def test_a_mode_that_was_chosen_is_the_only_one_tried():
    channel, asked = answering(UNKNOWN, mode="json")
    with pytest.raises(ModeUnsupportedError):
        ask(channel)
    assert [request.mode for request in asked] == ["json"]


@pytest.mark.parametrize("bad", ["It is calm.", {**GOOD, "tone": "blue"}, EmptyAnswerError("")])
def test_an_answer_that_does_not_fit_is_asked_for_again_with_what_is_wrong(bad):
    channel, asked = answering(bad, GOOD)
    found = ask(channel)
    assert found.asked.requests == 2
    assert found.asked.request_id == asked[1].request_id != asked[0].request_id
    assert "cannot be used" in messages(asked[1])[-1]["content"]


def test_asking_again_ends():
    channel, asked = answering("It is calm.", re_asks=2)
    with pytest.raises(OffSchemaError):
        ask(channel)
    assert len(asked) == 3
    sizes = [len(request.messages_json) for request in asked]
    assert sizes[1] == sizes[2]  # only the last bad answer is shown: the prompt does not grow
    none, asked = answering("It is calm.", re_asks=0)
    with pytest.raises(OffSchemaError):
        ask(none)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "error", [RefusedError("no"), CutAnswerError("cut"), TransientError("500")]
)
def test_what_asking_again_would_not_mend_is_not_asked_again(error):
    channel, asked = answering(error)
    with pytest.raises(type(error)):
        ask(channel)
    assert len(asked) == 1


def test_a_bad_answer_is_shown_again_only_in_part():
    channel, asked = answering("x" * 100_000, GOOD)
    ask(channel)
    assert len(asked[1].messages_json) < len(asked[0].messages_json) + 5_000


def test_equal_questions_are_equal_requests():
    first, again = (answering(GOOD) for _ in range(2))
    assert ask(first[0]).asked.request_id == ask(again[0]).asked.request_id
    other, _ = answering(GOOD, temperature=0.5)
    assert ask(other).asked.request_id != first[1][0].request_id
