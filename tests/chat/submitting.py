"""A build that submits a batch and is killed: `python -m tests.chat.submitting FOLDER URL`."""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from pipeline.chat_opening import open_asking
from pipeline.chat_settings import ChatSettings
from tests.chat.talk import FAST, KEY, request


def main(folder: Path, url: str) -> None:
    given = ChatSettings.model_validate(FAST | {"batch": True, "timeout_s": 60.0})
    store, keys = folder / "answers.sqlite", {url: SecretStr(KEY)}
    with open_asking(given, default_store=store, keys=keys) as asking:
        ask = asking.asker.of_stage("heard")

        async def all_of_them() -> None:
            asked = [ask(request(url, str(number))) for number in range(3)]
            await asyncio.gather(*asked, return_exceptions=True)

        asking.run(all_of_them())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
