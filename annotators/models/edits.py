"""How far one text is from another, in words and characters: jiwer (Apache-2.0)."""

from dataclasses import dataclass
from types import ModuleType
from typing import cast

from schemas.errors import SetupError


@dataclass(frozen=True)
class Edits:
    """What turns the reference into what was heard."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0  # in the reference, not heard
    insertions: int = 0  # heard, not in the reference

    @property
    def reference(self) -> int:
        """Units of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float | None:
        """Errors for every unit of the reference; above 1 with many insertions. None: no unit."""
        errors = self.substitutions + self.deletions + self.insertions
        return errors / self.reference if self.reference else None

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def word_edits(reference: str, heard: str) -> Edits:
    """Of words between spaces; the reference is not empty. SetupError without jiwer."""
    found = _jiwer().process_words(reference, heard)
    return Edits(found.hits, found.substitutions, found.deletions, found.insertions)


def character_edits(reference: str, heard: str) -> Edits:
    """Of characters; the reference is not empty. SetupError without jiwer."""
    found = _jiwer().process_characters(reference, heard)
    return Edits(found.hits, found.substitutions, found.deletions, found.insertions)


def _jiwer() -> ModuleType:
    try:
        import jiwer
    except ImportError as e:
        raise SetupError("jiwer is not installed; run `merr engines install faster-whisper`") from e
    return cast(ModuleType, jiwer)
