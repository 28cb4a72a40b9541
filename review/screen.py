"""One sample as a page is sent it: what its mode allows to be seen, and nothing that tells more."""

from review.drafts import Draft
from review.handout import Handout, Idle
from review.house import House
from review.people import Person
from review.route_media import MediaLinks, links_of
from schemas.clues import ClaimCheck, Clue
from schemas.evidence import EvidenceItem
from schemas.label import LabelSource
from schemas.review import ReviewMode, ShownText
from schemas.units import Row


class Text(Row):
    """In A/B only `text` is told: who wrote it and what was made of it would sway."""

    text: str
    tier: str | None = None
    engine: str | None = None
    label: str | None = None
    label_source: LabelSource | None = None
    clues: tuple[Clue, ...] = ()
    conclusion: str | None = None
    claims: tuple[ClaimCheck, ...] = ()
    flags: tuple[str, ...] = ()


class Screen(Row):
    item_id: int
    queue: str
    mode: ReviewMode
    practice: bool
    adjudication: bool
    labels: tuple[str, ...]
    lease_id: str
    expires_ms: int
    version: int
    name: str | None  # of the film; None where it could tell the label
    spoken: str | None
    spoken_en: str | None
    tone: str | None
    scene: str | None
    items: tuple[EvidenceItem, ...]
    told: Text | None
    other: Text | None
    blind_labels: tuple[str, ...] | None
    draft: Draft | None
    media: MediaLinks


class NextScreen(Row):
    """Either a sample, or why there is none."""

    screen: Screen | None
    idle: Idle | None


def screen_of(house: House, person: Person, given: Handout) -> Screen:
    clip = given.clip
    judged = given.mode != "ab" and given.told is not None
    return Screen(
        **{
            name: getattr(given, name)
            for name in (
                "item_id",
                "queue",
                "mode",
                "practice",
                "adjudication",
                "labels",
                "lease_id",
                "expires_ms",
                "version",
                "blind_labels",
                "draft",
            )
        },
        name=clip.name if judged else None,
        spoken=clip.spoken,
        spoken_en=clip.spoken_en,
        tone=clip.tone,
        scene=clip.scene,
        items=clip.items,
        told=_text(given.told, bare=not judged),
        other=_text(given.other, bare=True),
        media=links_of(house, person, clip.clip_id),
    )


def next_of(house: House, person: Person, found: Handout | Idle) -> NextScreen:
    if isinstance(found, Idle):
        return NextScreen(screen=None, idle=found)
    return NextScreen(screen=screen_of(house, person, found), idle=None)


def _text(told: ShownText | None, *, bare: bool) -> Text | None:
    if told is None:
        return None
    if bare:
        return Text(text=told.text)
    maker = told.made_by
    return Text(
        text=told.text,
        tier=told.tier,
        engine=" ".join(filter(None, (maker.engine, maker.model or maker.version))),
        label=told.label,
        label_source=told.label_source,
        clues=told.clues,
        conclusion=told.conclusion,
        claims=told.claims or (),
        flags=told.flags,
    )
