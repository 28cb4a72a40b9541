"""Action units: which exist, what they are called, and MERR's rules from label to units."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

# OpenFace 2 gives these 17 an intensity; AU28 has presence only (openface AU list, *_r and *_c).
INTENSITY_AUS: Final = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU12",
    "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26", "AU45",
)  # fmt: skip
PRESENCE_AUS: Final = (*INTENSITY_AUS[:-1], "AU28", "AU45")
BLINK: Final = "AU45"  # never part of a peak (MERR's peak_AU_list never holds it)

FACS_NAMES: Final = {
    "AU01": "inner brow raiser",
    "AU02": "outer brow raiser",
    "AU04": "brow lowerer",
    "AU05": "upper lid raiser",
    "AU06": "cheek raiser",
    "AU07": "lid tightener",
    "AU09": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU17": "chin raiser",
    "AU20": "lip stretcher",
    "AU23": "lip tightener",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU28": "lip suck",
    "AU45": "blink",
}


@dataclass(frozen=True)
class AuRules:
    """Label -> the action units that may speak for it (Emotion-LLaMA's union rule)."""

    version: str
    sets: dict[str, frozenset[str]]
    least: dict[str, int]  # how many of the set must be seen; 1 where absent
    plain_names: frozenset[str]  # labels whose units keep their FACS name (neutral)

    def matching(self, label: str, seen: tuple[str, ...]) -> tuple[str, ...]:
        """AU_list of MERR: set(label) intersected with the peak's units, in FACS order."""
        return tuple(au for au in sorted(set(seen)) if au in self.sets.get(label, frozenset()))


@cache
def merr_au_rules() -> AuRules:
    table = tomllib.loads((files("schemas") / "data" / "au_rules.toml").read_text("utf-8"))
    return AuRules(
        version=table["version"],
        sets={label: frozenset(aus) for label, aus in table["sets"].items()},
        least=table["least"],
        plain_names=frozenset(table["plain_names"]),
    )
