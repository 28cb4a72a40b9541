"""The card of a release: README.md with the `configs:` that load_dataset reads."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.people import PeopleSaw
from schemas.release import Manifest

_ABOUT = {
    "coarse": "one row per clip: MERR's coarse fields and a caption by template",
    "fine": "one row per clip: clues that cite evidence, a conclusion, the whole text",
    "instructions": "prompts and targets for training, also as chat messages",
    "evidence": "one row per clip: what was measured, with pictures and sound",
    "books": "what became of every file, video and clip that was found",
}
_PEOPLE = {"reviews": "one row per sample that people saw: what each said, and all together"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(
    path: Path, manifest: Manifest, files: Sequence[str], people: PeopleSaw | None
) -> None:
    path.write_text(_front(manifest, files) + _body(manifest, people), "utf-8")


def _front(manifest: Manifest, files: Sequence[str]) -> str:
    rows = manifest.rows.get("coarse", 0)
    size = next((word for limit, word in _SIZES if rows < limit), "n>1M")
    lines = [
        "---",
        f"pretty_name: {manifest.name}",
        "license: other",
        "license_name: see-card",
        "tags: [emotion, multimodal, video, audio, image, text, merr]",
        f"size_categories: [{size}]",
        "configs:",
    ]
    for table in _ABOUT | _PEOPLE:
        lines += _config(table, [f for f in files if f.startswith(f"{table}/")])
    return "\n".join([*lines, "---", ""])


def _config(table: str, files: Sequence[str]) -> list[str]:
    if not files:
        return []
    splits = sorted({file.split("/")[1].split("-")[0] for file in files})
    lines = [f"- config_name: {table}"]
    if table == "fine":
        lines.append("  default: true")
    lines.append("  data_files:")
    for split in splits:
        lines += [f"  - split: {split}", f"    path: {table}/{split}-*.parquet"]
    return lines


def _body(manifest: Manifest, people: PeopleSaw | None) -> str:
    about = _ABOUT if people is None else _ABOUT | _PEOPLE
    proxies = any(use.engine == "mesh" for use in manifest.engines)
    imported = any(use.stage == "import" for use in manifest.engines)
    lines = [
        f"# {manifest.name} {manifest.version}",
        "",
        "Multimodal emotion samples in the form of MERR (arXiv 2406.11161), made by merr.",
        "Open `report.html` for pictures and figures; `manifest.json` has digests and counts.",
        "",
        "| table | rows | what a row is |",
        "|---|---|---|",
        *(f"| {name} | {manifest.rows.get(name, 0)} | {what} |" for name, what in about.items()),
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'load_dataset("path/to/this/folder", "fine")',
        "```",
        "",
        f"**Licence.** {manifest.licence}.",
        "",
        "| stage | engine | version | licence |",
        "|---|---|---|---|",
        *(f"| {u.stage} | {u.engine} | {u.version} | {u.licence} |" for u in manifest.engines),
        "",
    ]
    if people is not None:
        lines += [f"**Seen by people.** {people.text()}", ""]
    if proxies:
        lines += [
            "**Action units here are proxies**: computed from the geometry of a face mesh,",
            "relative to the clip's resting face. Peaks and subtle units want OpenFace or py-feat.",
            "",
        ]
    if imported:
        lines += [
            "**Rows flagged `imported` were taken over from files**, not made of videos: nothing",
            "was measured, what the files do not say is null, and who wrote the texts knew the",
            "label (mode `told`).",
            "",
        ]
    return "\n".join(
        [*lines, f"Digest and parent are in `manifest.json`; schema {manifest.schema_version}.", ""]
    )
