"""A chat endpoint of our own on loopback: real sockets, and every bad day a server can have.

    with StandIn(lambda call: Answer('{"tone": "calm"}')) as server:
        server.url      # http://127.0.0.1:40123/v1
        server.calls    # what came in; server.answered: whole answers given, by request

By hand, for benchmarks: python -m tests.chat.stand_in --port 8001 --latency-ms 50
"""

import argparse
import contextlib
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.chat.stand_in_batches import Batches


@dataclass(frozen=True)
class Call:
    """One request as it came in."""

    number: int  # from 0, over all calls to this path
    path: str
    headers: dict[str, str]  # names in lower case
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def text(self) -> str:
        """All text of the messages, in order."""
        return "\n".join(_texts(self.body.get("messages", [])))

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True)
class Answer:
    """A good answer, or one that only looks good."""

    text: str | None = '{"answer": "yes"}'
    finish_reason: str | None = "stop"
    model: str | None = None  # None: the one asked for
    refusal: str | None = None
    prompt_tokens: int = 100
    output_tokens: int = 20
    cached_tokens: int = 0
    audio_tokens: int = 0


@dataclass(frozen=True)
class Status:
    """An error response."""

    status: int
    message: str = "something went wrong"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """These bytes as the body of a response of status 200."""

    body: bytes


@dataclass(frozen=True)
class Cut:
    """The head and half of a good answer, then the connection closes."""


@dataclass(frozen=True)
class Stall:
    """Nothing for so long, then a good answer."""

    seconds: float = 30.0


Act = Answer | Status | Raw | Cut | Stall
Script = Callable[[Call], Act]


class StandIn:
    """Answers by `script`, each call after `latency_s`. With `key`, other keys get a 401."""

    def __init__(
        self,
        script: Script = lambda call: Answer(),
        *,
        key: str | None = None,
        latency_s: float = 0.0,
        port: int = 0,
        transcript: dict[str, Any] | None = None,
    ) -> None:
        self.script = script
        self.key = key
        self.latency_s = latency_s
        self.transcript = transcript or {"text": "hello", "language": "english"}
        self.calls: list[Call] = []
        self.answered: Counter[str] = Counter()  # whole answers that went out, by request body
        self.most_at_once = 0
        self.batches = Batches(self._batch_line)
        self.closing = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def at_once(self) -> int:
        """Calls that are in and have no answer yet."""
        return self._at_once

    def take(self, path: str, headers: dict[str, str], raw: bytes) -> Call:
        with self._lock:
            number = sum(call.path == path for call in self.calls)
            call = Call(number, path, headers, raw)
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        return call

    def done(self, call: Call, *, answered: bool) -> None:
        with self._lock:
            self._at_once -= 1
            self.answered[call.digest] += answered

    def _batch_line(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What a batch holds for one request: status and body."""
        raw = json.dumps(body).encode()
        act = self.script(Call(len(self.calls), "/v1/chat/completions", {}, raw))
        if isinstance(act, Status):
            return act.status, _error(act)
        return 200, completion(act if isinstance(act, Answer) else Answer(), body["model"])


def completion(answer: Answer, model: str) -> dict[str, Any]:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": answer.text, "refusal": answer.refusal}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    usage = {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.prompt_tokens + answer.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": answer.cached_tokens,
            "audio_tokens": answer.audio_tokens,
        },
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": answer.model or model,
        "choices": [choice],
        "usage": usage,
    }


def _error(act: Status) -> dict[str, Any]:
    return {"error": {"message": act.message, "type": "error", "param": None, "code": act.code}}


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return _texts(value.get("content", value.get("text")))
    return [value] if isinstance(value, str) else []


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, stand_in: StandIn, port: int) -> None:
        self.stand_in = stand_in
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        call = self.server.stand_in.take(
            self.path, {k.lower(): v for k, v in self.headers.items()}, raw
        )
        answered = False
        try:
            answered = self._act(call)
        except OSError:  # the client went away
            self.close_connection = True
        finally:
            self.server.stand_in.done(call, answered=answered)

    def do_GET(self) -> None:
        status, kind, body = self.server.stand_in.batches.get(self.path.removeprefix("/v1"))
        self._send(status, body, kind=kind)

    def _act(self, call: Call) -> bool:
        """Whether a whole answer went out."""
        self.server.stand_in.closing.wait(self.server.stand_in.latency_s)
        if (
            self.server.stand_in.key
            and self.headers["authorization"] != f"Bearer {self.server.stand_in.key}"
        ):
            given = self.headers["authorization"]
            self._json(401, _error(Status(401, f"Incorrect API key: {given}", "invalid_key")))
            return False
        if call.path.endswith("/chat/completions"):
            return self._chat(call)
        if call.path.endswith("/audio/transcriptions"):
            return self._transcribe(call)
        path = call.path.removeprefix("/v1")
        answer = self.server.stand_in.batches.post(path, call.raw)
        if self.server.stand_in.batches.stalls == path:
            self.server.stand_in.closing.wait(60)
        self._json(*answer)
        return False

    def _chat(self, call: Call) -> bool:
        act = self.server.stand_in.script(call)
        if isinstance(act, Status):
            self._json(act.status, _error(act), act.headers)
            return False
        if isinstance(act, Raw):
            self._send(200, act.body)
            return False
        if isinstance(act, Stall):
            self.server.stand_in.closing.wait(act.seconds)
            act = Answer()
        if isinstance(act, Cut):
            return self._cut(call)
        self._json(200, completion(act, call.body["model"]))
        return True

    def _cut(self, call: Call) -> bool:
        body = json.dumps(completion(Answer(), call.body["model"])).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        return False

    def _transcribe(self, call: Call) -> bool:
        act = self.server.stand_in.script(call)
        if isinstance(act, Status):
            self._json(act.status, _error(act), act.headers)
            return False
        self._json(200, self.server.stand_in.transcript)
        return True

    def _json(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._send(status, json.dumps(body).encode(), headers=headers)

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A chat endpoint that stands in for a real one.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--text", default='{"answer": "yes"}')
    given = parser.parse_args()
    script: Script = lambda call: Answer(given.text)  # noqa: E731
    with StandIn(script, latency_s=given.latency_ms / 1000, port=given.port) as server:
        print(server.url, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
