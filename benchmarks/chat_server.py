"""The stand-in endpoint as a process of its own: plays every role, each answer after a latency.

Usage: python benchmarks/chat_server.py LATENCY_MS; prints its URL, then its count of calls as it
grows.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # the stand-in is part of the tests


def main(latency_ms: float) -> None:
    from tests.chat.stand_in import StandIn
    from tests.roles.actor import good

    with StandIn(good, latency_s=latency_ms / 1000) as server:
        print(server.url, flush=True)
        told = 0
        while True:
            time.sleep(0.2)
            calls = len(server.calls)
            if calls != told:
                told = calls
                print(calls, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
