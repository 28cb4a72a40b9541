"""The books of a work folder, counted again from its files by other means than `merr status`."""

import json
from collections import Counter
from typing import Any

import pyarrow.parquet as pq

from pipeline.stages import NAMES, STAGES
from tests.chaos.running import House


def assert_books_balance(house: House) -> None:
    """For every stage: entered == done + rejected + failed + pending, and what one stage did is
    what enters the next. A folder that a run died in before it wrote run.json has no books."""
    if not (house.work / "run.json").exists():
        code, _, errors = house.ask("status", str(house.work))
        assert (code, "no work folder" in errors) == (2, True)
        return
    books = house.status()
    files, stages = books["files"], books["stages"]
    fates = ("other_kind", "unreadable", "duplicates", "left_out", "videos")
    assert files["found"] == sum(files[fate] for fate in fates)
    assert stages["ingest"]["entered"] == files["videos"]
    assert stages["cut"]["done"] == books["clips"]
    entered = books["clips"]
    for stage in STAGES:
        assert stages[stage.name]["entered"] == entered, stage.name
        entered = stages[stage.name]["done"]
    for name in NAMES:
        _assert_stage(house, name, stages[name])


def _assert_stage(house: House, name: str, told: dict[str, Any]) -> None:
    fell = sum(told["rejected"].values()) + sum(told["failed"].values())
    assert told["pending"] >= 0, name
    assert told["entered"] == told["done"] + fell + told["pending"], name
    rows, rejected, failed = _recounted(house, name)
    assert (told["done"], told["rejected"], told["failed"]) == (rows, rejected, failed), name


def _recounted(house: House, stage: str) -> tuple[int, Counter[str], Counter[str]]:
    """Rows, rejections by rule and failures by error, read out of the parts themselves."""
    rows, rejected, failed = 0, Counter[str](), Counter[str]()
    for path in (house.work / "parts" / stage).glob("[!.]*.parquet"):
        file = pq.ParquetFile(path)
        rows += len(file.read())
        metadata = file.schema_arrow.metadata
        rejected += Counter(r["rule"] for r in json.loads(metadata[b"rejections"]))
        failed += Counter(f["error"] for f in json.loads(metadata[b"failures"]))
    return rows, rejected, failed
