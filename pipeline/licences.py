"""What may be done with a release: computed from its sources and the engines that made it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pipeline.chain import Chain
from pipeline.feature_lots import feature_parts
from pipeline.stages import BY_NAME
from schemas.engine import engines
from schemas.errors import SetupError
from schemas.parquet import read_column
from schemas.release import EngineUse

_ANNOTATED: Final = ("face", "speech", "tone", "scene", "heard", "seen", "english", "clues")
NOT_KNOWN: Final = "not known"  # in licences of engines whose weights merr knows nothing of
_NOBODY: Final = "none"  # engine of rows for which nobody was asked


def engines_used(chain: Chain) -> tuple[EngineUse, ...]:
    """Every engine that made an annotation under the present keys, by stage."""
    used = {
        (name, maker["engine"], maker["version"])
        for name in _ANNOTATED
        for shard in chain.shards()
        for maker in _makers(chain.path(BY_NAME[name], shard))
        if maker["engine"] != _NOBODY
    }
    used |= {
        ("features", maker["engine"], maker["version"])
        for _, _, path in feature_parts(chain)
        for maker in _makers(path)
    }
    return (*_imported(chain), *(_use(*use) for use in sorted(used)))


def _imported(chain: Chain) -> tuple[EngineUse, ...]:
    """Whoever made the imported rows, their terms are those of the files (source_licence)."""
    made = sorted({(row.made_by.engine, row.made_by.version) for row in chain.imports.coarse})
    return tuple(
        EngineUse(
            stage="import",
            engine=engine,
            version=version,
            licence="that of the imported files",
            non_commercial=False,
        )
        for engine, version in made
    )


def _makers(part: Path) -> list[dict[str, Any]]:
    if not part.exists():
        return []
    return read_column(part, "made_by")


def _use(stage: str, engine: str, version: str) -> EngineUse:
    known = engines().get(engine)
    if known is None:
        raise SetupError(f"engine {engine} of stage {stage} has no licence entry")
    return EngineUse(
        stage=stage,
        engine=engine,
        version=version,
        licence=known.licence,
        non_commercial=known.non_commercial,
    )


def whole_licence(source_licence: str | None, used: Sequence[EngineUse]) -> str:
    """One sentence: the strictest of the sources and the engines."""
    strict = sorted({use.engine for use in used if use.non_commercial})
    terms = [
        f"videos: {source_licence}"
        if source_licence
        else "videos: nobody stated a licence, so do not pass this release on"
    ]
    if strict:
        terms.append(f"rows made by {', '.join(strict)}: research only, no commercial use")
    if unclear := sorted({use.engine for use in used if NOT_KNOWN in use.licence}):
        terms.append(
            f"features by {', '.join(unclear)}: the licence of the weights is not known to merr, "
            "ask who made them before you pass this on"
        )
    elif not strict:
        terms.append("rows: no engine adds a restriction")
    return "; ".join(terms)
