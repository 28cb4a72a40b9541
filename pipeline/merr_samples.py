"""Coarse and fine samples out of imported records: those of one name together, each tier with its
own label, nothing added, what the two tiers say differently kept."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from pydantic import Field

from pipeline.merr_fields import TEXT_OF, to_json, written
from pipeline.merr_import import VERSION, reject
from pipeline.parts import Part
from schemas.clip import declared_ids
from schemas.failure import Rejection
from schemas.maker import Maker
from schemas.merr import MerrRecord
from schemas.record import ReleasedCoarse, ReleasedFine
from schemas.sample import Tier, sample_id_of, text_hash_of
from schemas.units import Row

MAKER: Final = Maker(engine="merr-import", version=VERSION)
POLICY: Final = "imported"
_BOTH: Final = (
    "AU_list",
    "visual_prior_list",
    "audio_prior_list",
    "peak_index",
    "peak_AU_list",
    "text",
)
_LISTED: Final = {"frames": "count", "valence": "valence"}  # column -> column of the list


class DirtIn(Protocol):
    """Names kinds of dirt in a text of MERR's `field`; `transcript`: the words of the clip."""

    def __call__(
        self, field: str, text: str, *, transcript: str | None = None
    ) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class DirtFinder:
    version: str  # changes when the same text would be judged otherwise
    dirt_in: DirtIn


class ImportSettings(Row):
    dirty_texts: Literal["flag", "leave_out"] = Field(
        default="flag",
        description="Imported texts that are refusals and the like: flag (kept as given, the row "
        "says so) or leave_out (the text becomes null, and a fine sample without it is rejected).",
    )


@dataclass(frozen=True)
class MerrSamples:
    coarse: Part[ReleasedCoarse]
    fine: Part[ReleasedFine]


def make_samples(
    records: Iterable[MerrRecord],
    fallen: Iterable[Rejection],
    settings: ImportSettings,
    dirt_in: DirtIn,
) -> MerrSamples:
    """By name, whatever the order of the records. A clip with any usable text has a coarse row.

    Rejections of clips: those of `fallen` that no record makes good, duplicate_name, no_text,
    no_label, unknown_label, label_conflict; of fine samples: no_text, dirty_text.
    """
    made = [_clip(name, group, settings, dirt_in) for name, group in _by_name(records)]
    rejected = {o.id: o for o in fallen} | {o.id: o for o in made if isinstance(o, Rejection)}
    samples = [o for o in made if not isinstance(o, Rejection)]
    for coarse, _ in samples:
        rejected.pop(coarse.clip_id, None)
    fine = [f for _, f in samples]
    return MerrSamples(
        Part([coarse for coarse, _ in samples], [rejected[i] for i in sorted(rejected)]),
        Part(
            [f for f in fine if isinstance(f, ReleasedFine)],
            [f for f in fine if isinstance(f, Rejection)],
        ),
    )


def _by_name(records: Iterable[MerrRecord]) -> Iterator[tuple[str, list[MerrRecord]]]:
    """Equal records of two files are one."""
    groups: dict[str, list[MerrRecord]] = {}
    for record in records:
        group = groups.setdefault(record.name, [])
        if record not in group:
            group.append(record)
    yield from sorted(groups.items())


def _clip(
    name: str, records: Sequence[MerrRecord], settings: ImportSettings, dirt_in: DirtIn
) -> tuple[ReleasedCoarse, ReleasedFine | Rejection | None] | Rejection:
    """An entry is as good as its text: without one it says nothing of its tier."""
    if refused := _refusal(name, records):
        return refused
    of_tier = {t: r for t, f in TEXT_OF.items() for r in records if getattr(r, f) is not None}
    pair = _Pair(of_tier, settings.dirty_texts == "leave_out", dirt_in)
    if "fine" in of_tier:
        return pair.coarse(), pair.fine()
    asked = any("fine" in record.tiers for record in records)
    return pair.coarse(), reject(name, "no_text", _UNREADABLE, stage="fine") if asked else None


_UNREADABLE: Final = "its smp_reason_caption cannot be read"


def _refusal(name: str, records: Sequence[MerrRecord]) -> Rejection | None:
    if any(sum(tier in r.tiers for r in records) > 1 for tier in TEXT_OF):
        return reject(name, "duplicate_name", "two imported files hold different entries of it")
    if not any(r.caption or r.smp_reason_caption for r in records):
        wanted = " nor ".join(TEXT_OF.values())
        return reject(name, "no_text", f"neither {wanted} of it can be read")
    labels = {r.pseu_emotion for r in records} - {None}
    if not labels:
        return _without_label(name, records)
    listed = {label for r in records for label in r.list_labels}
    if stranger := min(listed - labels, default=None):
        said = " and ".join(sorted(str(label) for label in labels))
        return reject(
            name, "label_conflict", f"a list says {stranger!r}, the JSON {said}; mend one of them"
        )
    return None


def _without_label(name: str, records: Sequence[MerrRecord]) -> Rejection:
    words = [json.loads(r.unread_json or "{}").get("json", {}) for r in records]
    said = [word["pseu_emotion"] for word in words if "pseu_emotion" in word]
    said += [label for r in records for label in r.list_labels]
    if not said:
        return reject(name, "no_label", "neither the JSON nor a list gives it a label")
    return reject(name, "unknown_label", f"{said[0]!r} is not in the vocabulary")


@dataclass(frozen=True)
class _Pair:
    """The records of a clip by tier, at least one."""

    of_tier: dict[Tier, MerrRecord]
    clean: bool  # leave dirty texts out
    dirt_in: DirtIn

    @property
    def first(self) -> MerrRecord:
        return self.of_tier.get("coarse") or self.of_tier["fine"]

    @property
    def other(self) -> MerrRecord:
        return self.of_tier.get("fine") or self.of_tier["coarse"]

    @property
    def ids(self) -> tuple[str, str]:
        return declared_ids(self.first.name)

    def coarse(self) -> ReleasedCoarse:
        video_id, clip_id = self.ids
        texts = {f: self._text(f) for f in ("audio_prior_list", "text")}
        given = self.of_tier["coarse"].caption if "coarse" in self.of_tier else None
        caption = self._kept("caption", given)
        both = {field: self._either(field) for field in (*_BOTH, *_LISTED)}
        return ReleasedCoarse(
            sample_id=sample_id_of(clip_id, "coarse", "reason"),
            clip_id=clip_id,
            text_hash=None if caption is None else text_hash_of(caption),
            made_by=MAKER,
            pseu_emotion=self._label(self.first),
            label_source="given",
            label_policy=POLICY,
            **(both | texts),
            peak_t_s=None,
            peak_aus=None,
            peak_rule=None,
            label_seen_at_peak=None,
            visual_objective=None,
            caption=caption,
            flags=(*self._flags(), *self._dirt("caption", given)),
            video_id=video_id,
            name=self.first.name,
            identity="declared",
            unread_json=self._unread(),
        )

    def fine(self) -> ReleasedFine | Rejection:
        video_id, clip_id = self.ids
        given = self.other.smp_reason_caption
        caption = self._kept("smp_reason_caption", given)
        if caption is None:
            why = "its text is dirt (imports.dirty_texts)"
            return reject(self.other.name, "dirty_text", why, stage="fine")
        return ReleasedFine(
            sample_id=sample_id_of(clip_id, "fine", "reason"),
            clip_id=clip_id,
            text_hash=text_hash_of(caption),
            made_by=MAKER,
            pseu_emotion=self._label(self.other),
            label_source="given",
            label_policy=POLICY,
            mode="told",
            clues=(),
            conclusion=None,
            smp_reason_caption=caption,
            flags=("imported", *self._dirt("smp_reason_caption", given)),
            video_id=video_id,
            name=self.other.name,
        )

    def _label(self, record: MerrRecord) -> str:
        label = record.pseu_emotion or self.first.pseu_emotion or self.other.pseu_emotion
        assert label is not None  # noqa: S101  _refusal: one of them has a label
        return label

    def _either(self, field: str) -> Any:
        value = getattr(self.first, field)
        return getattr(self.other, field) if value is None else value

    def _text(self, field: str) -> str | None:
        return self._kept(field, self._either(field))

    def _kept(self, field: str, text: str | None) -> str | None:
        return None if self.clean and self._dirt(field, text) else text

    def _dirt(self, field: str, text: str | None) -> tuple[str, ...]:
        if text is None:
            return ()
        words = self._either("text") if field == "audio_prior_list" else None
        return tuple(f"{field}:{kind}" for kind in self.dirt_in(field, text, transcript=words))

    def _flags(self) -> tuple[str, ...]:
        claims = {
            "imported": True,
            "import_unread": self._unread() is not None,
            "import_tiers_differ": bool(self._differing())
            or self._label(self.first) != self._label(self.other),
        }
        dirt = [
            flag
            for field in ("audio_prior_list", "text")
            for flag in self._dirt(field, self._either(field))
        ]
        return (*(flag for flag, holds in claims.items() if holds), *dirt)

    def _differing(self) -> dict[str, Any]:
        """What the fine tier says otherwise than the columns do."""
        return {
            field: getattr(self.other, field)
            for field in (*_BOTH, *_LISTED)
            if getattr(self.other, field) not in (None, self._either(field))
        }

    def _unread(self) -> str | None:
        """{"coarse": {...}, "fine": {...}}, each as in MerrRecord."""
        told: dict[Tier, dict[str, Any]] = {
            tier: json.loads(record.unread_json or "{}") for tier, record in self.of_tier.items()
        }
        for field, value in self._differing().items():
            if field in _LISTED:
                cells = told["fine"].setdefault("list", {})
                cells.setdefault(_LISTED[field], str(value))
            else:
                keys = told["fine"].setdefault("json", {})
                keys.setdefault(field, written(field, value))
        if self.clean:
            _take_out(told, self._left_out())
        told = {tier: unread for tier, unread in told.items() if unread}
        return to_json(told) if told else None

    def _left_out(self) -> set[str]:
        given = {field: self._either(field) for field in ("audio_prior_list", "text")}
        given["caption"] = self.first.caption
        return {field for field, text in given.items() if self._kept(field, text) != text}


def _take_out(told: dict[Tier, dict[str, Any]], fields: set[str]) -> None:
    """A text that was left out for its dirt does not come back as unread."""
    for unread in told.values():
        for field in fields & unread.get("json", {}).keys():
            del unread["json"][field]
        if not unread.get("json", True):
            del unread["json"]
