"""The server against its own description: no request, however odd, brings it down.

Schemathesis makes the requests out of /api/openapi.json, valid ones and broken ones.
"""

from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.layout import WorkFolder
from review.app import make_app
from review.people import accept_invitation, invite, log_in
from review.serving import LOOPBACK, open_house
from review.store import open_store
from review.tokens import SESSION, csrf_token
from tests.review.office import queue_of

PASSWORD = "a long enough password"  # noqa: S105  of nobody
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    store = open_store(None, default=folder / "review.sqlite")
    for name, role in (("ann", "annotator"), ("lea", "lead")):
        accept_invitation(store, invite(store, name, role), PASSWORD)
    for mode in ("judge", "label_first"):
        queue_of(store, 200, name=mode, mode=mode, reviews=3)
    yield open_house(WorkFolder(folder), store)
    store.close()


@pytest.fixture(scope="module")
def contract(house):
    app = make_app(house, names=(*LOOPBACK, "testserver"))
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.fixture(scope="module")
def cookies(house):
    return {
        name: log_in(house.store, name, PASSWORD, address="here").token for name in ("ann", "lea")
    }


PATIENT = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.mark.parametrize("who", ["ann", "lea"])
def test_every_answer_is_as_the_description_says(who, house, contract, cookies):
    token = cookies[who]
    headers = {"x-csrf-token": csrf_token(house.secret, token)}
    asked = Counter()
    for found in contract.get_all_operations():
        operation = found.ok()
        if operation.path == "/api/logout":
            continue

        @PATIENT
        @given(case=operation.as_strategy())
        def answers_as_told(case):
            answered = case.call(headers=headers, cookies={SESSION: token})
            asked[answered.status_code] += 1
            case.validate_response(answered, checks=CHECKS)

        answers_as_told()
    assert asked[200] > 50
    assert asked[403] + asked[404] > 50
