"""The recipe of a release: a digest of all that decides it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.chain import Chain
from pipeline.consensus import Opinions
from pipeline.fates import clip_fates
from pipeline.feature_lots import feature_parts, names_of_parts
from pipeline.keys import digest
from pipeline.parts import read_counts
from pipeline.stages import words_digest

PUBLISH_VERSION: Final = "1"
_PLACE: Final = {"source", "location"}  # where a file lies decides no row
_LAY: Final = {"json_file", "lists", "transcripts"}


def recipe_of(chain: Chain, opinions: Opinions, folder: Path) -> str:
    """Equal recipes need not be cooked twice."""
    said = [one.model_dump(mode="json") for one in opinions.said]
    return digest(
        {
            "publish": PUBLISH_VERSION,
            "name": f"{folder.parent.name}/{folder.name}",
            "parts": list(chain.part_names()),
            "features": [(name, _counts(path)) for name, path in named_feature_parts(chain)],
            "counts": [repr(row) for row in _fallen(chain)],
            "settings": chain.settings.publish.model_dump(mode="json"),
            "vocabulary": vars(chain.vocabulary),
            "prompts": words_digest("prompts/instructions.toml"),
            "files": [f.model_dump(mode="json", exclude=_PLACE) for f in chain.catalog.files],
            "problems": [p.reason for p in chain.catalog.problems],
            "failures": [f.reason for f in chain.catalog.failures],
            "imports": [f.model_dump(mode="json", exclude=_LAY) for f in chain.imports.files],
        }
        | ({"said": said} if said else {})
    )


def named_feature_parts(chain: Chain) -> list[tuple[str, Path]]:
    paths = [path for _, _, path in feature_parts(chain)]
    return list(zip(names_of_parts(paths), paths, strict=True))


def _counts(path: Path) -> str:
    """A healed failure changes the rows of a part but not its name."""
    return read_counts(path).to_json()


def _fallen(chain: Chain) -> Iterator[tuple[str, str, str | None]]:
    """Videos without clips, and clips that are not in the fine tier: a healed failure changes a
    release but no key."""
    for batch in chain.batches():
        for fallen in (*chain.videos(batch).fallen, *chain.cuts(batch).fallen):
            yield fallen.id, fallen.stage, fallen.reason
    for shard in chain.shards():
        for clip_id, fate in clip_fates(chain, shard).items():
            if fate.tier != "fine":
                yield clip_id, fate.state, fate.reason
