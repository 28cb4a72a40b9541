"""The data fence: what was said or shown in a clip stands between marks, as JSON, line by line.

The marks hold a number that is computed from the data between them. Who wrote the data cannot know
it: a text that held the right number would have to hash to itself. So no text can close its fence.
JSON keeps a text on one line and its quotes escaped, so that it cannot look like a line of ours.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Final

_DIGITS: Final = 16
# Marks that tokenisers of open models turn into turns of a conversation: taken apart, so that a
# text of a clip is read as text.
_TURN_MARKS: Final = re.compile(
    r"<\||\|(?=>)|\[(?=/?INST\])|<(?=/?s>)|<(?=<?/?SYS>)|<(?=(?:start|end)_of_turn>)", re.I
)


def fenced(items: Sequence[dict[str, Any]]) -> str:
    """One JSON object a line between two marks. Equal items give an equal fence."""
    lines = [_line(item) for item in items]
    nonce = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_DIGITS]
    head = f"The data stand between the two marks with the number {nonce}:"
    return "\n".join((head, f"<data {nonce}>", *lines, f"</data {nonce}>"))


def fence_body(prompt: str) -> list[dict[str, Any]]:
    """What stands in the fence of a prompt, read by its own number."""
    found = re.search(r"^<data ([0-9a-f]{16})>\n(.*?)^</data \1>$", prompt, re.M | re.S)
    if found is None:
        return []
    return [json.loads(line) for line in found[2].splitlines()]


def _line(item: dict[str, Any]) -> str:
    """Signs that cannot be seen are escaped, too: no text ends its line or hides in it."""
    text = json.dumps(item, ensure_ascii=False)
    text = _TURN_MARKS.sub(lambda mark: f"{mark[0]} ", text)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
