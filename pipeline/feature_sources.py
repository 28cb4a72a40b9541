"""Who makes the features of each slot, as keys and rows and the work folder hold it."""

from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Self

from pydantic import Field

from annotators.feature_settings import FeatureSettings
from annotators.features import (
    ALL_FACES,
    AUDIO_POOLING,
    FACE_POOLING,
    MOTION_POOLING,
    SIXTEEN,
)
from annotators.models import (
    encoder_clip,
    encoder_eva,
    encoder_hubert,
    encoder_mae,
    encoder_videomae,
)
from annotators.models.encoder_files import (
    DigestOf,
    EncoderFiles,
    find_encoder,
    missing_extra,
)
from pipeline.layout import WorkFolder
from schemas.errors import SetupError
from schemas.features import SLOTS, Slot
from schemas.maker import Maker
from schemas.parquet import atomic_path
from schemas.units import Row

VERSION: Final = "1"  # of our code: changes when the same input would get other features
SMALL: Final = "small"
IMPORTED: Final = "npy"
NO_PROCESSOR: Final = ("eva",)  # its pictures are made ready as the original does


class FeatureSource(Row):
    """What decides the features of a slot beside the clips. Equal sources give equal rows."""

    slot: Slot
    engine: str
    encoder: str
    weights: str | None
    layer: str | None
    pooling: str | None
    sampling: str | None
    version: str = VERSION
    computed: str | None = None  # packages, device and numbers, of encoders that torch runs
    frame_level: bool = False
    grid: bool = False
    lots: dict[str, str] = Field(default_factory=dict)  # of imported files: lot -> their digest

    @property
    def maker(self) -> Maker:
        model = None
        if self.weights is not None:
            model = f"{self.encoder} sha256:{self.weights[:16]}, {self.computed}"
        return Maker(engine=self.engine, version=self.version, model=model)


class FeatureLedger(Row):
    """At most one source for each slot: the last one asked for. Publishing needs no weights, for
    this says under which keys the parts lie."""

    sources: tuple[FeatureSource, ...] = ()

    @classmethod
    def load(cls, work: WorkFolder) -> Self:
        if not work.features.exists():
            return cls()
        try:
            return cls.model_validate_json(work.features.read_bytes())
        except ValueError as e:
            raise SetupError(
                f"{work.features}: is damaged ({str(e).splitlines()[0]}); remove it, and run "
                "`merr features` again: what is made is found again"
            ) from e

    def with_sources(self, new: Sequence[FeatureSource]) -> "FeatureLedger":
        by_slot = {source.slot: source for source in (*self.sources, *new)}
        return FeatureLedger(sources=tuple(by_slot[slot] for slot in SLOTS if slot in by_slot))

    def save(self, work: WorkFolder) -> None:
        if not work.features.exists() or work.features.read_bytes() != self._bytes():
            with atomic_path(work.features) as path:
                path.write_bytes(self._bytes())

    def _bytes(self) -> bytes:
        return self.model_dump_json(indent=1).encode()


def find_sources(settings: FeatureSettings, digest_of: DigestOf) -> list[FeatureSource]:
    """One for each slot whose engine is not `none`. SetupError where an encoder's files or
    packages are not here; no model is loaded."""
    chosen = {slot: engine_of(settings, slot) for slot in SLOTS}
    return [
        _small(slot) if engine == SMALL else _encoder(slot, engine, settings, digest_of)
        for slot, engine in chosen.items()
        if engine != "none"
    ]


def engine_of(settings: FeatureSettings, slot: Slot) -> str:
    return str(getattr(settings, slot).engine)


def model_of(settings: FeatureSettings, slot: Slot, engine: str) -> str:
    """Id or folder, as the settings say."""
    return str(getattr(getattr(settings, slot), engine).model)


def files_of(
    settings: FeatureSettings, slot: Slot, engine: str, digest_of: DigestOf
) -> EncoderFiles:
    return find_encoder(
        model_of(settings, slot, engine),
        engine=engine,
        prefix=prefix_of(engine),
        processor=engine not in NO_PROCESSOR,
        digest_of=digest_of,
    )


def prefix_of(engine: str) -> str:
    """Of the tensors that are read, where a checkpoint holds others, too."""
    return encoder_eva.PREFIX if engine == "eva" else ""


def _small(slot: Slot) -> FeatureSource:
    return FeatureSource(
        slot=slot,
        engine=SMALL,
        encoder=SMALL,
        weights=None,
        layer=None,
        pooling=None,
        sampling=_SMALL[slot],
    )


_SMALL: Final[dict[Slot, str]] = {
    "audio": "measures of the tone",
    "face": "action units over all frames and at the peak",
    "motion": f"action units and pose in {SIXTEEN}",
    "image": "colours of the picture, 8 by 8",
}


def _encoder(
    slot: Slot, engine: str, settings: FeatureSettings, digest_of: DigestOf
) -> FeatureSource:
    packages = _transformers(engine)  # first: without them no model helps
    files = files_of(settings, slot, engine, digest_of)
    layer, pooling, sampling = _RULES[engine](settings, files)
    return FeatureSource(
        slot=slot,
        engine=engine,
        encoder=files.name,
        weights=files.sha256,
        layer=layer,
        pooling=pooling,
        sampling=sampling,
        computed=f"transformers {packages}, {settings.device} {settings.numbers}",
        frame_level=settings.frame_level and slot != "image",
        grid=engine == "eva" and settings.image.eva.grid,
    )


Rule = Callable[[FeatureSettings, EncoderFiles], tuple[str, str, str]]


def _faces(settings: FeatureSettings) -> str:
    most = settings.face.mae.most_faces
    if most is None:
        return ALL_FACES
    return f"{most} of the n frames with an aligned face: min(n-1, ((2i+1)*n)//{2 * most})"


def _picture(settings: FeatureSettings) -> str:
    return f"the {settings.image.frame} picture of the release"


_RULES: Final[dict[str, Rule]] = {  # -> layer, pooling, sampling
    "hubert": lambda _, files: (encoder_hubert.LAYER, AUDIO_POOLING, "the whole clip, 16 kHz mono"),
    "mae": lambda settings, _: (encoder_mae.LAYER, FACE_POOLING, _faces(settings)),
    "videomae": lambda _, files: (
        encoder_videomae.layer_of(files.config),
        MOTION_POOLING,
        SIXTEEN,
    ),
    "eva": lambda settings, _: (encoder_eva.LAYER, encoder_eva.POOLING, _picture(settings)),
    "clip": lambda settings, _: (
        encoder_clip.CLIP_LAYER,
        encoder_clip.CLIP_POOLING,
        _picture(settings),
    ),
    "siglip": lambda settings, _: (
        encoder_clip.SIGLIP_LAYER,
        encoder_clip.SIGLIP_POOLING,
        _picture(settings),
    ),
}


def _transformers(engine: str) -> str:
    try:
        version("torch")
        return version("transformers")
    except PackageNotFoundError:
        raise SetupError(missing_extra(engine)) from None
