"""One simulated reviewer: a connection, a session, and what the server acknowledged."""

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from review.tokens import SESSION

LABELS = ("neutral", "angry", "happy", "sad", "worried", "surprise", "fear", "contempt", "doubt")
PATIENCE_S = 60


class Line:
    """One browser's connection. Not httpx: fifteen of its clients in one process take as much of
    a CPU as the server, and would be measured with it."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = f"{SESSION}={token}"
        self.csrf = ""

    def ask(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        headers = {
            "cookie": self._cookie,
            "x-csrf-token": self.csrf,
            "content-type": "application/json",
        }
        try:
            self._connection.request(method, path, body and json.dumps(body), headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (HTTPException, OSError):
            self.close()  # the next request opens another
            raise

    def close(self) -> None:
        self._connection.close()


@dataclass
class Reviewer:
    """One person at one browser; keeps what the server acknowledged."""

    port: int
    name: str
    token: str
    queue: int
    think_s: float
    waits_s: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    down: int = 0

    def work(self, stop: threading.Event) -> None:
        draw = random.Random(self.name)
        with closing(Line(self.port, self.token)) as line:
            self._work(line, draw, stop)

    def _work(self, line: Line, draw: random.Random, stop: threading.Event) -> None:
        _, hello = self._patiently(lambda: line.ask("GET", "/api/hello"))
        line.csrf = hello["csrf"]
        following = self._next(line)
        while not stop.is_set():
            screen = following["screen"]
            if screen is None:
                if following["idle"]["why"] == "finished":
                    return
                time.sleep(0.05)
                following = self._next(line)
                continue
            if self.think_s:
                time.sleep(draw.uniform(0, self.think_s))
            following = self._decide(line, screen, draw)

    def _next(self, line: Line) -> dict:
        return self._patiently(lambda: line.ask("POST", f"/api/queues/{self.queue}/next"))[1]

    def _decide(self, line: Line, screen: dict, draw: random.Random) -> dict:
        request = uuid.UUID(int=draw.getrandbits(128)).hex
        body = {
            "lease_id": screen["lease_id"],
            "version": screen["version"],
            "request_id": request,
            "answer": {"labels": [draw.choice(LABELS)], "verdict": "accept", "seconds": 9.0},
            "queue_id": self.queue,
        }
        path = f"/api/items/{screen['item_id']}/decide"
        started = time.perf_counter()
        status, answered = self._patiently(lambda: line.ask("POST", path, body))
        self.waits_s.append(time.perf_counter() - started)
        if status != 200:
            self.refused[status] += 1
            return self._next(line)
        self.acknowledged.append(request)
        return answered["next"]

    def _patiently(self, send: Callable[[], tuple[int, dict]]) -> tuple[int, dict]:
        """As the page does: a request that was not answered is sent again, under its name.
        TimeoutError after a minute without an answer."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                answered = send()
            except (HTTPException, OSError):
                self.down += 1
                time.sleep(0.1)
                continue
            if answered[0] != 503:
                return answered
            time.sleep(0.1)
        raise TimeoutError(f"{self.name}: the server at port {self.port} did not answer")
