"""Batch files of OpenAI-compatible endpoints: many requests at once, answers within a day."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from openai import OpenAIError

from annotators.models.chat import ChatEndpoint, read_answer, request_body
from schemas.chat import Asked, ChatAnswer, ChatRequest, canonical_json
from schemas.chat_batch import BatchLine, BatchState
from schemas.errors import TransientError

_PATH: Final = "/v1/chat/completions"
_MARK: Final = "merr"  # name of the mark among a batch's metadata
_CLOCKS_DIFFER_S: Final = 24 * 3600.0  # at most, between this machine and the endpoint


class ChatBatches:
    """The batches of one endpoint. Raises like `ChatEndpoint.ask`."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        self._endpoint = endpoint

    def line(self, request: ChatRequest) -> bytes:
        """The request as a line of a Batch file."""
        newer = self._endpoint.wants_newer(request.model)
        body = request_body(request, newer=newer)
        told = {"custom_id": request.request_id, "method": "POST", "url": _PATH, "body": body}
        return canonical_json(told).encode() + b"\n"

    async def submit(self, lines: bytes, *, mark: str) -> str:
        """The id of the new batch, which the endpoint is told to remember by `mark`."""
        client = self._endpoint.client
        try:
            file = await client.files.create(file=("merr.jsonl", lines), purpose="batch")
            batch = await client.batches.create(
                completion_window="24h",
                endpoint=_PATH,
                input_file_id=file.id,
                metadata={_MARK: mark},
            )
        except OpenAIError as e:
            raise self._endpoint.error(e, "batch") from None
        return str(batch.id)

    async def find(self, mark: str, submitted_at: str) -> str | None:
        """The id of the batch with this mark; None: the endpoint lists none since this time."""
        since = datetime.fromisoformat(submitted_at).timestamp() - _CLOCKS_DIFFER_S
        try:
            async for batch in self._endpoint.client.batches.list(limit=100):  # the newest first
                if (batch.metadata or {}).get(_MARK) == mark:
                    return str(batch.id)
                if batch.created_at < since:
                    break
        except OpenAIError as e:
            raise self._endpoint.error(e, "batches") from None
        return None

    async def look(self, batch_id: str) -> BatchState:
        try:
            batch = await self._endpoint.client.batches.retrieve(batch_id)
        except OpenAIError as e:
            raise self._endpoint.error(e, batch_id) from None
        errors = [e.message or e.code for e in (batch.errors.data or [])] if batch.errors else []
        told = self._endpoint.redact("; ".join(str(e) for e in errors))
        files = tuple(f for f in (batch.output_file_id, batch.error_file_id) if f)
        return BatchState(status=batch.status, files=files, error=told or None)

    async def lines(self, file_id: str) -> list[BatchLine]:
        """Every line of a file of answers or errors, in no order."""
        try:
            content = await self._endpoint.client.files.content(file_id)
        except OpenAIError as e:
            raise self._endpoint.error(e, file_id) from None
        text = self._endpoint.redact(content.text)
        try:
            return list(_read_lines(text.splitlines()))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise TransientError(f"{self._endpoint.endpoint} {file_id}: no Batch file") from None

    async def aclose(self) -> None:
        await self._endpoint.aclose()

    def answer(self, asked: Asked, body: str) -> ChatAnswer:
        return read_answer(asked, body)


def _read_lines(lines: Iterable[str]) -> Iterator[BatchLine]:
    for told in (json.loads(line) for line in lines if line.strip()):
        response: dict[str, Any] = told.get("response") or {}
        error: dict[str, Any] = told.get("error") or {}
        is_good = response.get("status_code") == 200
        yield BatchLine(
            request_id=told["custom_id"],
            body=json.dumps(response["body"], ensure_ascii=False) if is_good else None,
            error=None if is_good else str(error.get("message") or response.get("body")),
            is_late=error.get("code") in ("batch_expired", "batch_cancelled"),
        )
