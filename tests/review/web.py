"""The real server on a port of its own, and a browser that cannot draw."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from pipeline.layout import WorkFolder
from review.serving import make_server, open_house
from review.store import ReviewStore
from tests.review.browser.stage import free_port


@dataclass(frozen=True)
class Web:
    url: str
    store: ReviewStore
    work: WorkFolder
    clients: list[httpx.Client] = field(default_factory=list)  # closed at the end

    def client(self, **more) -> httpx.Client:
        self.clients.append(httpx.Client(base_url=self.url, timeout=20, **more))
        return self.clients[-1]


@contextmanager
def serving(store: ReviewStore, work: WorkFolder, **names) -> Iterator[Web]:
    port = free_port()
    server = make_server(open_house(work, store), host="127.0.0.1", port=port, **names)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        web = Web(f"http://127.0.0.1:{port}", store, work)
        yield web
        for client in web.clients:
            client.close()
    finally:
        server.should_exit = True
        thread.join()


class Visitor:
    """Keeps cookies as a browser does, and sends the token that the page would send."""

    def __init__(self, web: Web) -> None:
        self.http = web.client()
        self.csrf = ""
        self.hello()

    def hello(self) -> dict:
        told = self.http.get("/api/hello").json()
        self.csrf = told["csrf"]
        return told

    def get(self, path: str, **more) -> httpx.Response:
        return self.http.get(path, **more)

    def post(self, path: str, body=None, **more) -> httpx.Response:
        headers = {"x-csrf-token": self.csrf} | more.pop("headers", {})
        return self.http.post(path, json=body, headers=headers, **more)

    def put(self, path: str, body) -> httpx.Response:
        return self.http.put(path, json=body, headers={"x-csrf-token": self.csrf})

    def log_in(self, name: str, password: str) -> httpx.Response:
        answer = self.post("/api/login", {"name": name, "password": password})
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    def next(self, queue_id: int) -> dict:
        return self.post(f"/api/queues/{queue_id}/next").json()["screen"]


def ticket_of(screen: dict, request_id: str = "r1") -> dict:
    return {
        "lease_id": screen["lease_id"],
        "version": screen["version"],
        "request_id": request_id,
    }


def answer(**changes) -> dict:
    return {"labels": ["happy"], "verdict": "accept", "seconds": 3.5} | changes
