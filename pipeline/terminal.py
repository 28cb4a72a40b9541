"""Foreign text on a terminal: wrapped by columns, and unable to steer it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

_DEEPER: Final = "  "  # of the lines that go on
_DEEPEST: Final = 40


def wrap(text: str, width: int, *, indent: str = "") -> list[str]:
    """Lines of at most `width` columns. Where a line has columns of its own, set apart by two
    blanks or more, the lines that go on start below the second; else two deeper."""
    hang = indent + _hang(text)
    lines: list[str] = []
    line, empty = indent, True
    for word in _pieces(text, width - len(hang)):
        if not empty and columns(line) + columns(word) > width:
            lines.append(line.rstrip())
            line, empty = hang, True
            word = word.lstrip()
        line, empty = line + word, False
    return [*lines, line.rstrip()]


def _hang(text: str) -> str:
    column = re.match(r"\S+ {2,}(?=\S)", text)
    return " " * column.end() if column and column.end() <= _DEEPEST else _DEEPER


def _pieces(text: str, most: int) -> Iterator[str]:
    """Words, each with the blanks before it; a word wider than `most` columns is cut."""
    clean = "".join(c if c.isprintable() else _harmless(c) for c in text)
    piece = ""
    for character in clean:
        new_word = character == " " and piece.strip() != ""
        if piece and (new_word or columns(piece) + columns(character) > most):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _harmless(character: str) -> str:
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def columns(text: Iterable[str]) -> int:
    """Terminal columns; wide characters (CJK) take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
