"""A model that plays every role well: it reads what it is asked and answers from that alone."""

import json
import re
from typing import Any

from annotators.fence import fence_body
from tests.chat.stand_in import Answer, Call

HEARD = "The voice is even, with a steady pace and few pauses."
SEEN = "A person stands indoors in front of a plain wall and looks into the camera."


def role_of(body: dict[str, Any]) -> str:
    system = body["messages"][0]["content"]
    found = {"listen to short": "heard", "describe pictures": "seen", "You translate": "english",
             "You weigh": "clues", "You explain": "clues_told"}  # fmt: skip
    return next(role for words, role in found.items() if words in system)


def user_text(body: dict[str, Any]) -> str:
    content = body["messages"][1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def good(call: Call) -> Answer:
    return Answer(json.dumps(answer_to(call.body)))


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    role = role_of(body)
    items = fence_body(user_text(body))
    if role == "heard":
        return {"heard": True, "tone": "calm", "description": HEARD}
    if role == "seen":
        return {"seen": True, "description": SEEN}
    if role == "english":
        return {"text_en": in_english(items[0]["said"])}
    clues = clues_from(items)
    if role == "clues_told":
        return {"clues": clues}
    return {"clues": clues, "label": label_from(items), "confidence": 0.6}


def in_english(said: str) -> str:
    """As many words as the original would give, all of them English."""
    size = max(1, len(re.findall(r"[\u4e00-\u9fff]", said)) * 10 // 17 + len(said.split()) - 1)
    return " ".join(["the", "words"] * size)[: 6 * size].strip() + "."


def clues_from(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One clue for every modality that has a text."""
    found = {}
    for item in items:
        modality = item["key"].split(".")[0]
        if modality == "face" and item["key"].startswith("face.AU"):
            claim = f"The face shows {item['text'].lower()} ({item['key'][5:]})."
        elif item["key"] == "words.text":
            claim = f'The person says: "{item["text"][:60]}".'
        elif item["key"] in ("voice.description", "scene.description"):
            claim = item["text"]
        else:
            continue
        found.setdefault(
            modality, {"modality": modality, "evidence": [item["key"]], "claim": claim}
        )
    return list(found.values())


def label_from(items: list[dict[str, Any]]) -> str:
    """By the face alone."""
    keys = {item["key"] for item in items}
    return "happy" if "face.AU12" in keys else "surprise" if "face.AU26" in keys else "neutral"
