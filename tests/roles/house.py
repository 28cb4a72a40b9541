"""A work folder whose builds ask a stand-in server, without Prefect, and what lies in it then."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.talking import Talked, talking
from pipeline.build import Build
from pipeline.chain import Chain
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from pipeline.release import publish
from pipeline.settings import Settings
from pipeline.stages import BY_NAME
from pipeline.tally import Tally
from tests.pipeline.workshop import AFTER_MEASURE, Workshop

ROLES = ("heard", "seen", "english", "clues")
KEY = "sk-stand-in-0123456789"
KEY_ENV = "MERR_TEST_KEY"
# Waits that fit a test.
QUICK = {"first_wait_s": 0.01, "outage_s": 0.3, "retries": 4, "concurrency": 8}


def settings(url: str, *, roles: tuple[str, ...] = ROLES, **sections: dict[str, Any]) -> Settings:
    chat = {"base_url": url, "model": "tiny", "key_env": KEY_ENV, **sections.pop("chat", {})}
    run = {"chat": {**QUICK, **sections.pop("run_chat", {})}}
    asking = {role: {"engine": "chat", **sections.pop(role, {})} for role in roles}
    return Settings.model_validate({"chat": chat, "run": run, **asking, **sections})


def build(
    shop: Workshop, chosen: Settings, pool: WorkerPool, **options: Any
) -> tuple[Chain, Talked]:
    """Every shard to its end, as the flow does it; the talk tells what was submitted."""
    chain = replace(shop, settings=chosen).open()
    tally = Tally(lambda stage, counts: None)
    with talking(chain.work, chosen) as talked:
        work = Build(chain, pool, tally, lambda line: None, talk=talked.talk, **options)
        for batch in chain.batches():
            for shard in work.take_in(batch):
                work.measure(shard)
                work.advance(shard, AFTER_MEASURE)
    return chain, talked


def rows(chain: Chain, stage: str) -> list[Any]:
    return [row for s in chain.shards() for row in chain.part(BY_NAME[stage], s).rows]


def failures(chain: Chain, stage: str) -> list[Any]:
    return [f for s in chain.shards() for f in chain.part(BY_NAME[stage], s).failures]


def release_of(chain: Chain, to: Path) -> dict[str, bytes]:
    """Every file of a release of this chain."""
    folder = publish(chain, to=to, name="chat", version="0.1.0").folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def everything_in(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def another(shop: Workshop, folder: Path) -> Workshop:
    return shop.copy_to(folder)


def work_in(folder: Path) -> WorkFolder:
    return WorkFolder(folder / "work")


def told(row: Any) -> dict[str, Any]:
    """The model's answer as it is kept in a row."""
    found: dict[str, Any] = json.loads(row.raw)
    return found
