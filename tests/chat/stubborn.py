"""A process that asks and is killed: `python -m tests.chat.stubborn FOLDER URL COUNT`."""

import asyncio
import sys
from pathlib import Path

from tests.chat.talk import asker, request


async def main(folder: Path, url: str, count: int) -> None:
    async with asker(folder, concurrency=4, outage_s=60) as made:
        ask = made.of_stage("heard")
        await asyncio.gather(*[ask(request(url, str(i))) for i in range(count)])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
