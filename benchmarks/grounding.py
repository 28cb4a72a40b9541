"""How well grounding finds false claims. Usage: python benchmarks/grounding.py

False claims are planted into true texts: another movement of the face, words that were not said,
another clip's tone, a denial of what is there, another scene. A plant is found when a claim is
called contradicted that overlaps the planted words; every other contradicted claim, also in the
true texts, is a false alarm. Precision is found plants / (found plants + false alarms), recall
found plants / plants.

Two halves are shown apart. `templates`: texts of our own clue writer about drawn clips, with
mechanical plants. `prose`: sentences written before the lexicon and never used to build it
(data/prose.toml), with plants written beside them. The writer of the prose and of the lexicon is
the same, so that other people's prose may fare worse. Plants in the voice of `templates` are words
alone, without the numbers that would give another clip's tone away.

`--show` prints every plant that was missed and every false alarm.
"""

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from grounding_clips import KnownClip, drawn_clips, prose

from annotators.clues import CluesSettings, write_clues
from annotators.wording import face_wording
from pipeline.claim_checks import check_text
from schemas.au import INTENSITY_AUS
from schemas.clues import ClaimCheck

WANTED_PRECISION = 0.95
WANTED_RECALL = 0.85
DRAWN_CLIPS = 17  # of four texts each, so that at least half of all texts are prose
NOT = re.compile(r"\b(is|are) ")
FARTHEST_SHOT = {
    "extreme close-up": "long shot",
    "close-up": "long shot",
    "medium shot": "extreme close-up",
    "long shot": "close-up",
}


@dataclass(frozen=True)
class Plant:
    kind: str
    text: str  # with the false words
    start: int  # of the false words
    end: int

    @classmethod
    def of(cls, kind: str, text: str, true: str, false: str) -> "Plant":
        at = text.index(true)
        return cls(kind, text[:at] + false + text[at + len(true) :], at, at + len(false))


@dataclass
class Score:
    plants: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    alarms: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        found = self.found.total()
        return found / (found + self.alarms) if found else 0.0

    @property
    def recall(self) -> float:
        return self.found.total() / self.plants.total()

    def add(self, clip: KnownClip, text: str, plants: list[Plant]) -> None:
        rows = checked(clip, text)
        self.texts += 1
        self.claims.update(row.verdict for row in rows)
        self._alarm(text, [row for row in rows if row.verdict == "contradicted"])
        for plant in plants:
            against = [r for r in checked(clip, plant.text) if r.verdict == "contradicted"]
            hits = [row for row in against if overlaps(row, plant)]
            self.plants[plant.kind] += 1
            self.found[plant.kind] += bool(hits)
            if not hits:
                words = plant.text[plant.start : plant.end]
                self.told.append(f"missed ({plant.kind}) {words!r} in {plant.text!r}")
            self._alarm(plant.text, [row for row in against if row not in hits])

    def _alarm(self, text: str, rows: list[ClaimCheck]) -> None:
        self.alarms += len(rows)
        self.told += [f"false alarm {row.words!r}: {row.reason}; in {text!r}" for row in rows]


def checked(clip: KnownClip, text: str) -> tuple[ClaimCheck, ...]:
    return check_text(text, clip.evidence, peak=clip.peak, track=clip.track)


def overlaps(row: ClaimCheck, plant: Plant) -> bool:
    places = re.finditer(re.escape(row.words or ""), plant.text)
    return any(m.start() < plant.end and plant.start < m.end() for m in places)


def prose_score() -> Score:
    score = Score()
    for clip, entry in prose():
        text = entry["text"]
        score.add(clip, text, [Plant.of(kind, text, *words) for kind, *words in entry["swaps"]])
    return score


def template_score() -> Score:
    score = Score()
    clips = drawn_clips(DRAWN_CLIPS)
    for number, clip in enumerate(clips):
        other = clips[(number + 1) % len(clips)]
        draw = random.Random(number)
        for clue in write_clues(clip.evidence, CluesSettings()).clues:
            text = in_words(clue.claim) if clue.modality == "voice" else clue.claim
            score.add(clip, text, list(_planted(clue.modality, text, clip, other, draw)))
    return score


def in_words(description: str) -> str:
    """Without the numbers, that would give another clip's tone away."""
    plain = re.sub(r" \([^)]*\)", "", description)
    return re.sub(r" [\d.]+ (?:syllables|words) per second", " pace", plain)


def _planted(
    modality: str, text: str, clip: KnownClip, other: KnownClip, draw: random.Random
) -> Iterator[Plant]:
    if modality == "face":
        yield from _false_faces(text, clip, draw)
    elif modality == "scene":
        yield from _false_scenes(text)
    else:
        key = "voice.description" if modality == "voice" else "words.text"
        own, its = clip.evidence.item(key), other.evidence.item(key)
        if own and its and own.text and its.text:
            kind = "tone" if modality == "voice" else "quote"
            true, false = (in_words(one.text) if kind == "tone" else one.text for one in (own, its))
            if true != false:
                yield Plant.of(kind, text, true, false)


def _false_faces(text: str, clip: KnownClip, draw: random.Random) -> Iterator[Plant]:
    """Another movement in place of one that is there, and one of them denied."""
    moment = clip.peak.moment
    present = moment.peak_au_list if moment else ()
    absent = [au for au in INTENSITY_AUS if au not in present and au != "AU45"]
    wording = face_wording()
    told = [
        form
        for au in present
        for phrase in wording.units[au]
        for how in (None, *wording.adverbs, *wording.strongest.values())
        for form in (phrase.clause(how), phrase.listed(how))
        if form in text
    ]
    if told:
        false = draw.choice(wording.units[draw.choice(absent)])
        yield Plant.of("au", text, told[0], false.clause())
    if denial := NOT.search(text):
        yield Plant.of("negation", text, denial.group(), f"{denial.group()}not ")


def _false_scenes(text: str) -> Iterator[Plant]:
    swaps = {
        "one person": "three people",
        "two people": "one person",
        "three people": "one person",
        "in bright light": "in dim light",
        "in dim light": "in bright light",
        "in near darkness": "in bright light",
        "black-and-white": "colourful",
        "colourful": "black-and-white",
        "viewer's left": "viewer's right",
        "viewer's right": "viewer's left",
        "tilted down": "tilted up",
        "tilted up": "tilted down",
    }
    shot = next((name for name in FARTHEST_SHOT if name in text), None)
    if shot is not None:
        yield Plant.of("scene", text, shot, FARTHEST_SHOT[shot])
    for true, false in swaps.items():
        if true in text:
            yield Plant.of("scene", text, true, false)


def main(*, show: bool) -> None:
    print("| half | texts | plants | precision | recall |")
    print("|---|---|---|---|---|")
    halves = {"templates": template_score(), "prose": prose_score()}
    for name, score in halves.items():
        figures = f"{score.precision:.3f} | {score.recall:.3f}"
        print(f"| {name} | {score.texts} | {score.plants.total()} | {figures} |")
    print(f"| wanted | | | {WANTED_PRECISION} | {WANTED_RECALL} |")
    print()
    print("| half | kind | plants | found |")
    print("|---|---|---|---|")
    for name, score in halves.items():
        for kind in sorted(score.plants):
            print(f"| {name} | {kind} | {score.plants[kind]} | {score.found[kind]} |")
    print()
    for name, score in halves.items():
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(score.claims.items()))
        print(f"Claims of the true texts, {name}: {verdicts}; false alarms {score.alarms}.")
        if show:
            print(*score.told, sep="\n")


if __name__ == "__main__":
    main(show="--show" in sys.argv[1:])
