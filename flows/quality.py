"""`merr quality`: how good the data is, in figures."""

from pathlib import Path
from typing import Any, Final

from annotators.models.edits import Edits
from flows.session import open_chain
from pipeline.layout import WorkFolder
from pipeline.word_errors import NORMALISATION, WordErrors, count_errors

_WORST: Final = 10
_NAMED: Final = 10


def word_errors(work: Path, table: Path) -> WordErrors:
    return count_errors(open_chain(WorkFolder(work)), table)


def errors_json(found: WordErrors) -> dict[str, Any]:
    return {
        "normalisation": NORMALISATION,
        "clips_compared": len(found.clips),
        "words": _edits(found.words),
        "characters": _edits(found.characters),
        "clips": [
            {
                "name": clip.name,
                "clip_id": clip.clip_id,
                "reference": clip.reference,
                "heard": clip.heard,
                "words": _edits(clip.words),
                "characters": _edits(clip.characters),
            }
            for clip in found.clips
        ],
        "not_heard": list(found.not_heard),
        "without_reference": list(found.without_reference),
        "unusable_lines": list(found.unusable),
    }


def _edits(edits: Edits) -> dict[str, Any]:
    rate = None if edits.rate is None else round(edits.rate, 4)
    return {**vars(edits), "reference": edits.reference, "rate": rate}


def errors_text(found: WordErrors) -> str:
    """Totals, the worst clips, and who is missing on either side."""
    lines = [f"compared {len(found.clips)} clips; {NORMALISATION}"]
    if found.clips:
        lines += [
            f"word error rate       {_told(found.words, 'words')}",
            f"character error rate  {_told(found.characters, 'characters')}",
        ]
    worst = sorted(found.clips, key=lambda c: (-(c.words.rate or 0.0), c.name))[:_WORST]
    lines += [
        f"  {clip.words.rate or 0.0:7.1%}  {clip.name}: {clip.heard or '(heard nothing)'}"
        for clip in worst
    ]
    lines += _missing("given, but no engine listened", found.not_heard)
    lines += _missing("heard, but not given", found.without_reference)
    lines += _missing("lines that cannot be used", found.unusable)
    return "\n".join(lines)


def _told(edits: Edits, what: str) -> str:
    return (
        f"{edits.rate or 0.0:.1%} of {edits.reference} {what}: {edits.substitutions} other, "
        f"{edits.deletions} not heard, {edits.insertions} too many"
    )


def _missing(what: str, names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"{what}: {len(names)}: {'; '.join(names[:_NAMED])}{more}"]
