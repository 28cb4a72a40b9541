"""Norms of a corpus, computed once from the voices of a work folder, then frozen in a file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.chain import Chain
from pipeline.keys import digest
from pipeline.stages import BY_NAME
from schemas.errors import SetupError
from schemas.norms import LEVELS, NORMS_VERSION, ClassNorm, MeasureNorm, Norms, VoiceClass
from schemas.parquet import atomic_path
from schemas.tone import Tone

LEAST_CLIPS: Final = 100  # ten clips in each outer tenth; fewer make no border (ours)
# Between the usual ranges of men (85-155 Hz) and women (165-255 Hz): Baken & Orlikoff 2000. The
# class is of the voice heard; nobody's sex is known or guessed.
BORDER_HZ: Final = 160.0
_DIGITS: Final = 6  # significant, of a quantile

Measures = Mapping[str, float | None]


def norms_of(chain: Chain) -> Norms:
    """Of all clips with a tone under the present keys. SetupError where they are too few."""
    engine = chain.settings.tone.engine
    tones = [tone for tone in _tones(chain) if tone.made_by.engine == engine]
    return compute_norms(tones, engine=engine, where=str(chain.work.root))


def compute_norms(tones: Sequence[Tone], *, engine: str, where: str) -> Norms:
    """Quantiles of every measure over the clips with a voice, for all, low and high voices.

    The order of the clips is no difference. SetupError names `where` and the number of clips when
    there are fewer than LEAST_CLIPS; a class or a measure with fewer is left out.
    """
    heard = [tone for tone in tones if tone.measures is not None]
    if len(heard) < LEAST_CLIPS:
        raise SetupError(
            f"{where}: {len(heard)} clips have a voice measured by {engine}, norms need "
            f"{LEAST_CLIPS}; build more clips, or keep the published norms"
        )
    heard.sort(key=lambda tone: tone.clip_id)
    measured = [_measures(tone) for tone in heard]
    return Norms(
        norms_version=NORMS_VERSION,
        engine=engine,
        engine_versions=tuple(sorted({_maker(tone) for tone in heard})),
        source=digest([[tone.clip_id for tone in heard], measured]),
        border_hz=BORDER_HZ,
        levels=LEVELS,
        classes=tuple(_classes(measured)),
    )


def save_norms(norms: Norms, path: Path) -> bool:
    """Whether the file was written; it is left alone where it holds just these.

    Norms are frozen: SetupError where the file holds anything else.
    """
    if path.exists():
        if path.read_bytes() == norms.as_text().encode():
            return False
        raise SetupError(
            f"{path}: holds something else, and norms are frozen: rows name them; "
            "give another --out"
        )
    try:
        with atomic_path(path) as unfinished:
            unfinished.write_text(norms.as_text(), "utf-8")
    except OSError as e:
        raise SetupError(f"{path}: cannot be written: {e.strerror}") from e
    return True


def _tones(chain: Chain) -> Iterator[Tone]:
    for shard in chain.shards():
        alive = {clip.clip_id for clip in chain.clips(shard)}
        for tone in chain.part(BY_NAME["tone"], shard).rows:
            if tone.clip_id in alive:
                yield tone


def _measures(tone: Tone) -> dict[str, float | None]:
    parts = (part.model_dump() for part in (tone.measures, tone.egemaps) if part is not None)
    return {name: value for part in parts for name, value in part.items()}


def _maker(tone: Tone) -> str:
    made = tone.made_by
    return f"{made.engine} {made.version} {made.model or ''}".strip()


def _classes(measured: Sequence[Measures]) -> Iterator[ClassNorm]:
    pitched = [(hz, m) for m in measured if (hz := m["f0_median_hz"]) is not None]
    groups: dict[VoiceClass, Sequence[Measures]] = {
        "all": measured,
        "low": [m for hz, m in pitched if hz < BORDER_HZ],
        "high": [m for hz, m in pitched if hz >= BORDER_HZ],
    }
    for name, group in groups.items():
        if len(group) >= LEAST_CLIPS:
            yield ClassNorm(name=name, clips=len(group), measures=tuple(_norms(group)))


def _norms(group: Sequence[Measures]) -> Iterator[MeasureNorm]:
    for name in group[0]:
        values = [m[name] for m in group if m[name] is not None]
        if len(values) >= LEAST_CLIPS:
            quantiles = np.quantile(np.array(values, np.float64), LEVELS)
            rounded = tuple(float(f"{value:.{_DIGITS}g}") for value in quantiles)
            yield MeasureNorm(measure=name, clips=len(values), quantiles=rounded)
