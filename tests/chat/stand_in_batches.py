"""The files and batches of the stand-in endpoint, as the OpenAI Batch API has them."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RunLine = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]


@dataclass
class Batch:
    id: str
    input_file_id: str
    status: str = "in_progress"
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    created_at: int = 1_790_000_000

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "errors": self.errors,
            "created_at": self.created_at,
            "metadata": self.metadata,
        }


class Batches:
    """Holds batches in progress until a test ends them with `finish` or `fail`."""

    def __init__(self, run_line: RunLine) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Batch] = {}
        self.lines_run = 0
        self.stalls = ""  # the path after whose work no answer goes out
        self.listed = True  # whether the endpoint tells its batches
        self._run_line = run_line
        self._lock = threading.Lock()

    def finish(self, *, status: str = "completed", most: int | None = None) -> None:
        """End every batch in progress after its first `most` lines; output comes in reverse
        order, for the real one promises no order."""
        for batch in self.batches.values():
            if batch.status == "in_progress":
                self._finish(batch, status, most)

    def fail(self, message: str) -> None:
        """End every batch in progress before any line of it was looked at."""
        for batch in self.batches.values():
            if batch.status == "in_progress":
                batch.status = "failed"
                batch.errors = {"object": "list", "data": [{"code": "x", "message": message}]}

    def post(self, path: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if path == "/files":
                return 200, self._new_file(_file_in(raw))
            if path == "/batches":
                return self._new_batch(json.loads(raw))
        return 404, {"error": {"message": f"no path {path}"}}

    def get(self, path: str) -> tuple[int, str, bytes]:
        content = re.fullmatch(r"/files/([^/]+)/content", path)
        if content and content[1] in self.files:
            return 200, "application/octet-stream", self.files[content[1]]
        if path.startswith("/batches?") and self.listed:
            return 200, "application/json", json.dumps(self._page(path)).encode()
        batch = re.fullmatch(r"/batches/([^/]+)", path)
        if batch and batch[1] in self.batches:
            return 200, "application/json", json.dumps(self.batches[batch[1]].as_json()).encode()
        return 404, "application/json", b'{"error": {"message": "no such thing"}}'

    def _page(self, path: str) -> dict[str, Any]:
        """One batch a page, the newest first, so that whoever looks has to turn pages."""
        names = list(reversed(self.batches))
        after = re.search(r"after=([^&]+)", path)
        at = names.index(after[1]) + 1 if after else 0
        data = [self.batches[name].as_json() for name in names[at : at + 1]]
        return {"object": "list", "data": data, "has_more": at + 1 < len(names)}

    def _new_file(self, content: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": 1_790_000_000,
            "filename": "batch.jsonl",
            "purpose": "batch",
            "status": "processed",
        }

    def _new_batch(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["input_file_id"] not in self.files:
            return 400, {"error": {"message": "no such file"}}
        batch = Batch(f"batch-{len(self.batches)}", body["input_file_id"])
        batch.metadata, batch.created_at = body.get("metadata"), int(time.time())
        self.batches[batch.id] = batch
        return 200, batch.as_json()

    def _finish(self, batch: Batch, status: str, most: int | None) -> None:
        lines = [json.loads(line) for line in self.files[batch.input_file_id].splitlines()]
        run = len(lines) if most is None else most
        good, bad = [], []
        for line in lines[:run]:
            self.lines_run += 1
            code, body = self._run_line(line["body"])
            response = {"status_code": code, "request_id": "r", "body": body}
            told = {"custom_id": line["custom_id"], "response": response, "error": None}
            (good if code == 200 else bad).append(told)
        late = {"code": "batch_expired", "message": "This request could not be executed in time."}
        bad += [{"custom_id": x["custom_id"], "response": None, "error": late} for x in lines[run:]]
        batch.output_file_id = self._jsonl(good)
        batch.error_file_id = self._jsonl(bad)
        batch.status = status

    def _jsonl(self, lines: list[dict[str, Any]]) -> str | None:
        if not lines:
            return None
        text = "".join(json.dumps(line) + "\n" for line in reversed(lines))
        return str(self._new_file(text.encode())["id"])


def _file_in(raw: bytes) -> bytes:
    """The part named `file` of a multipart body."""
    boundary = raw.split(b"\r\n", 1)[0]
    for part in raw.split(boundary):
        head, _, content = part.partition(b"\r\n\r\n")
        if b'name="file"' in head:
            return content.removesuffix(b"\r\n")
    raise ValueError("no file in the form")
