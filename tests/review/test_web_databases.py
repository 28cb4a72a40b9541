"""The life of a sample over HTTP, on either database: from the login to a lead's last word."""

import pytest

from pipeline.layout import WorkFolder
from review.history import all_events
from review.people import accept_invitation, invite
from review.said import said_in
from review.store import open_store
from schemas.clues import Clue
from tests.review.office import queue_of, sample
from tests.review.web import Visitor, answer, serving, ticket_of

PASSWORD = "a long enough password"  # noqa: S105  of people who do not exist
pytestmark = pytest.mark.slow
CLUE = Clue(modality="face", claim="the brows rise", evidence=("face.AU01",))


@pytest.fixture
def web(database, tmp_path):
    url, path = database
    store = open_store(url, default=path)
    for name, role in (("ann", "annotator"), ("bo", "annotator"), ("lea", "lead")):
        accept_invitation(store, invite(store, name, role), PASSWORD)
    with serving(store, WorkFolder(tmp_path)) as web:
        yield web
    store.close()


def logged_in(web, name):
    visitor = Visitor(web)
    assert visitor.log_in(name, "a wrong password").status_code == 401
    assert visitor.log_in(name, PASSWORD).status_code == 200
    return visitor


def decide(visitor, screen, request_id, **changes):
    body = ticket_of(screen, request_id) | {"answer": answer(**changes)}
    answered = visitor.post(f"/api/items/{screen['item_id']}/decide", body)
    assert answered.status_code == 200, answered.text
    return answered.json()["decided"]


def test_a_sample_is_decided_taken_back_decided_again_and_settled(web):
    queue = queue_of(web.store, [sample(0, clues=(CLUE,))], reviews=2)
    ann, bo = logged_in(web, "ann"), logged_in(web, "bo")

    mine, his = ann.next(queue.queue_id), bo.next(queue.queue_id)
    assert mine["item_id"] == his["item_id"]
    marks = [{"claim": CLUE.claim, "verdict": "contradicted"}]
    first = decide(ann, mine, "a1", marks=marks)
    assert decide(ann, mine, "a1", marks=marks) == first  # sent twice counts once
    late = ticket_of(mine, "a2") | {"answer": answer()}
    path = f"/api/items/{mine['item_id']}"
    assert ann.post(f"{path}/decide", late).status_code == 409
    draft = {"answer": answer(verdict=None, note="half a thought"), "version": 0}
    assert bo.put(f"{path}/draft", draft).status_code == 200

    undone = {"event_id": first["event_id"], "request_id": "u1"}
    assert bo.post("/api/undo", undone).status_code == 404
    again = ann.post("/api/undo", undone).json()
    assert [mark["verdict"] for mark in again["draft"]["answer"]["marks"]] == ["contradicted"]
    decide(ann, again, "a3", labels=["sad"], marks=marks)
    assert bo.next(queue.queue_id)["draft"]["answer"]["note"] == "half a thought"
    decide(bo, bo.next(queue.queue_id), "b1", verdict="reject", reason="invented")
    assert ann.post(f"/api/queues/{queue.queue_id}/next").json()["idle"]["why"] == "finished"
    assert [e["kind"] for e in ann.get("/api/history").json()] == ["decide", "undo", "decide"]

    lea = logged_in(web, "lea")
    collected = lea.post(f"/api/lead/queues/{queue.queue_id}/adjudicate").json()
    assert collected["new"] == 1
    disputed = lea.next(collected["queue"]["queue_id"])
    versions = lea.get(f"/api/items/{disputed['item_id']}/versions").json()
    assert [version["labels"] for version in versions] == [["sad"], ["happy"]]
    assert ann.get(f"/api/items/{disputed['item_id']}/versions").status_code == 403
    decide(lea, disputed, "l1", labels=["sad"])

    assert [e.kind for e in all_events(web.store)] == ["decide", "undo", *["decide"] * 3]
    last = said_in(web.store)[-1]
    assert (last.labels, last.adjudicated, last.counted) == (("sad",), True, True)
    assert lea.get("/api/lead/agreement").json()["marks"]["marks"] == 1
    assert [q["progress"]["done"] for q in lea.get("/api/lead/queues").json()] == [1, 1]
