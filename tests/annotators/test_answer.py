"""Answers of models, good and bad: a row comes out, or a named error; never a piece of text."""

import json

import pytest

from annotators.answer import answer_schema, read_answer
from annotators.clues_chat import BlindAnswer
from annotators.declining import declines
from annotators.heard import HeardAnswer
from schemas.errors import EmptyAnswerError, OffSchemaError, RefusedError

GOOD = {"heard": True, "tone": "calm", "description": "The voice is even and slow."}
PLAIN = json.dumps(GOOD)
LINES = "heard: true\ntone: calm\ndescription: The voice is even and slow."
CLUE = {"modality": "face", "evidence": ["face.AU12"], "claim": "The lip corners are pulled up."}
CLUES = {"clues": [CLUE], "label": "happy", "confidence": 0.7}

READABLE = {
    "plain": PLAIN,
    "fenced": f"```json\n{PLAIN}\n```",
    "fenced without an end": f"```\n{PLAIN}",
    "with talk around it": f"Sure! Here is the answer:\n{PLAIN}\nI hope that helps.",
    "after thoughts": f"<think>The voice {{seems}} sad? No.</think>{PLAIN}",
    "twice the same": f"{PLAIN}\n{PLAIN}",
    "on many lines": json.dumps(GOOD, indent=2),
    "by key": LINES,
    "by key, as a list in bold": "- **heard:** yes\n- **tone:** Calm.\n- **description:** The voice"
    " is even and slow.",
    "by key, quoted": 'heard: "true"\ntone: "calm"\ndescription: "The voice is even and slow."',
    "by key, over two lines": LINES.replace(" even", "\n  even"),
    "by key, with a full-width colon": LINES.replace(": ", "\uff1a"),
    "by key, in a fence with talk": f"Here you are.\n```\n{LINES}\n```",
}  # fmt: skip


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_an_answer_is_read_whatever_stands_around_it(text):
    assert read_answer(text, HeardAnswer).model_dump() == GOOD


OFF = {
    "no json and no key": "The voice sounds calm to me.",
    "another tone": PLAIN.replace("calm", "melancholic"),
    "none of these": PLAIN.replace("calm", "none of the listed emotions"),
    "a field too few": json.dumps({"heard": True, "tone": "calm"}),
    "a field too many": json.dumps({**GOOD, "label": "happy"}),
    "a list": json.dumps([1, 2]),
    "cut in a string": PLAIN[:-8],
    "cut, on many lines": json.dumps(GOOD, indent=2)[:-9],
    "cut behind a value": '{"heard": true, "tone": "calm"',
    "two that differ": PLAIN + PLAIN.replace("calm", "angry"),
    "the schema itself": json.dumps(answer_schema(HeardAnswer, {})),
    "two tones by key": LINES + "\ntone: angry",
    "deep nesting": "{" * 5000,
    "a number for a text": PLAIN.replace('"The voice is even and slow."', "7"),
}


@pytest.mark.parametrize("text", OFF.values(), ids=OFF)
def test_an_answer_that_does_not_fit_is_off_schema(text):
    with pytest.raises(OffSchemaError) as error:
        read_answer(text, HeardAnswer)
    assert "slow" not in str(error.value)  # what it held stays out of error texts


@pytest.mark.parametrize(
    "text", [None, "", " \n\t", "<think>hm, nothing to say</think>", "<think>a"]
)
def test_an_answer_without_content_is_empty(text):
    with pytest.raises(EmptyAnswerError):
        read_answer(text, HeardAnswer)


REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot determine a person's emotions from audio.",
    "As an AI language model, I do not have ears.",
    "I am unable to process this recording.",
    "抱歉，我无法判断说话人的情绪。",
    "作为一个人工智能，我不能听音频。",
)


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_named_so(text):
    with pytest.raises(RefusedError):
        read_answer(text, HeardAnswer)


@pytest.mark.parametrize(
    "text",
    [
        "The person shakes the head and cannot sit still.",
        "The person says: \"I'm sorry, I can't help you.\"",
        "The voice is quiet, as if it could not go on.",
    ],
)
def test_a_description_of_somebody_who_cannot_is_no_refusal(text):
    assert not declines(text)


def test_clues_are_read_from_json_and_from_lines():
    lines = "clue: face | face.AU12 | The lip corners are pulled up.\nlabel: Happy\nconfidence: 0.7"
    for text in (json.dumps(CLUES), lines, lines.replace("clue:", "clues:")):
        assert read_answer(text, BlindAnswer).model_dump(mode="json") == CLUES


@pytest.mark.parametrize(
    "text",
    [
        "clue: the lips are up\nlabel: happy\nconfidence: 0.7",
        "clue: mind | face.AU12 | It thinks.\nlabel: happy\nconfidence: 0.7",
        json.dumps({**CLUES, "confidence": 1.5}),
        json.dumps({**CLUES, "confidence": "very"}),
        json.dumps({**CLUES, "clues": [{**CLUE, "evidence": "face.AU12"}]}),
        json.dumps(CLUES)[:-30],
    ],
)
def test_clues_that_do_not_fit_are_off_schema(text):
    with pytest.raises(OffSchemaError):
        read_answer(text, BlindAnswer)


def test_the_schema_asks_for_every_field_and_allows_no_other():
    schema = answer_schema(BlindAnswer, {"label": ("happy", "sad")})
    assert schema["required"] == ["clues", "label", "confidence"]
    assert schema["properties"]["label"] == {"type": "string", "enum": ["happy", "sad"]}
    clue = schema["properties"]["clues"]["items"]
    assert clue["required"] == ["modality", "evidence", "claim"]
    assert (schema["additionalProperties"], clue["additionalProperties"]) == (False, False)
    assert "$ref" not in json.dumps(schema)
