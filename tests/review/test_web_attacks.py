"""The server against people who mean harm: strangers, forgers, colleagues who want to see more."""

import itertools
import json
import stat

import httpx
import pytest

from pipeline.layout import WorkFolder
from review.media_folder import MediaFolder, MediaSigner
from review.people import accept_invitation, invite, person_named
from review.queues import Entry, set_members
from review.secret import read_secret
from review.shield import MOST_BODY
from review.store import open_store
from review.tokens import SESSION
from schemas.errors import SetupError
from tests.review.office import queue_of, sample
from tests.review.web import Visitor, answer, serving, ticket_of

PASSWORD = "a long enough password"  # noqa: S105  of people who do not exist
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
CLIMBS = ("../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "....//", "%2e%2e/secret")


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    store = open_store(None, default=folder / "review.sqlite")
    for name, role in (("ann", "annotator"), ("bo", "annotator"), ("lea", "lead")):
        accept_invitation(store, invite(store, name, role), PASSWORD)
    with serving(store, WorkFolder(folder)) as web:
        yield web
    store.close()


@pytest.fixture(scope="module")
def people(web):
    """Logged in once: argon2 takes its time."""
    found = {name: Visitor(web) for name in ("ann", "bo", "lea")}
    for name, visitor in found.items():
        assert visitor.log_in(name, PASSWORD).status_code == 200
    return found


@pytest.fixture
def ann(people):
    return people["ann"]


@pytest.fixture
def bo(people):
    return people["bo"]


@pytest.fixture
def stranger(web):
    return Visitor(web)


_queues = itertools.count()


@pytest.fixture
def queue(web):
    return queue_of(web.store, 4, name=f"queue {next(_queues)}", reviews=2)


def test_whoever_is_not_logged_in_gets_nothing(web, stranger, queue):
    paths = httpx.get(f"{web.url}/api/openapi.json").json()["paths"]
    free = {"/api/hello", "/api/login", "/api/accept", "/api/logout"}
    for path, methods in paths.items():
        if path in free:
            continue
        for method in methods:
            asked = stranger.http.request(
                method.upper(),
                path.replace("{token}", "x").replace("{queue_id}", "1").replace("{item_id}", "1"),
                headers={"x-csrf-token": stranger.csrf},
                json={},
            )
            assert asked.status_code in (401, 422), (method, path, asked.status_code)
            assert asked.status_code == 401 or "input" in asked.text


def test_a_change_without_the_token_or_with_anothers_is_refused(web, ann, bo, queue):
    path = f"/api/queues/{queue.queue_id}/next"
    for forged in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "0" * 64}, {"x-csrf-token": bo.csrf}):
        answered = ann.http.post(path, headers=forged)
        assert (answered.status_code, answered.json()["code"]) == (403, "csrf")
    assert ann.post(path).status_code == 200


def test_a_change_that_another_site_starts_is_refused_even_with_the_token(ann, queue):
    path = f"/api/queues/{queue.queue_id}/next"
    for site in ("cross-site", "same-site"):
        assert ann.post(path, headers={"sec-fetch-site": site}).status_code == 403


def test_every_route_that_changes_something_asks_for_the_token(web, ann):
    for path, methods in httpx.get(f"{web.url}/api/openapi.json").json()["paths"].items():
        for method in methods:
            if method != "get":
                plain = path.replace("{queue_id}", "1").replace("{item_id}", "1")
                assert ann.http.request(method.upper(), plain, json={}).status_code == 403, path


def test_the_session_is_out_of_reach_for_scripts_and_other_sites(web):
    visitor = Visitor(web)
    answered = visitor.log_in("ann", PASSWORD)
    cookie = next(c for c in answered.headers.get_list("set-cookie") if c.startswith(SESSION))
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


def test_a_session_that_was_left_is_over(web):
    visitor = Visitor(web)
    visitor.log_in("ann", PASSWORD)
    token = visitor.http.cookies[SESSION]
    assert visitor.post("/api/logout").status_code == 200
    back = httpx.get(f"{web.url}/api/queues", cookies={SESSION: token})
    assert back.status_code == 401


def test_another_name_for_this_machine_is_refused(web):
    """DNS rebinding: a page of evil.example reaches 127.0.0.1 under its own name."""
    answered = httpx.get(f"{web.url}/api/hello", headers={"host": "evil.example"})
    assert answered.status_code == 421


@pytest.mark.slow
def test_guessing_passwords_is_slowed_down(web):
    visitor = Visitor(web)
    accept_invitation(web.store, invite(web.store, "guessed"), PASSWORD)
    codes = [visitor.log_in("guessed", f"wrong {i}").status_code for i in range(9)]
    assert codes == [401] * 8 + [429]
    assert visitor.log_in("guessed", PASSWORD).status_code == 429


def test_a_wrong_name_and_a_wrong_password_are_told_alike(web):
    visitor = Visitor(web)
    told = [visitor.log_in(name, "nothing of the kind").json() for name in ("bo", "nobody here")]
    assert told[0] == told[1]


@pytest.mark.slow
def test_an_invitation_works_once_and_a_guessed_one_never(web):
    token = invite(web.store, "cleo")
    visitor = Visitor(web)
    taken = {"token": token, "password": PASSWORD}
    assert visitor.post("/api/accept", taken).status_code == 200
    again = Visitor(web)
    assert again.post("/api/accept", taken).status_code == 404
    assert again.post("/api/accept", taken | {"token": "guess"}).status_code == 404


def test_there_is_no_sign_up(web):
    """No route makes an account but the lead's invitation."""
    paths = httpx.get(f"{web.url}/api/openapi.json").json()["paths"]
    assert [path for path in paths if "regist" in path or "sign" in path] == []


def test_an_annotator_reaches_nothing_that_is_for_leads(web, ann, queue):
    hers = ann.next(queue.queue_id)
    asked = [
        ann.get("/api/lead/queues"),
        ann.get("/api/lead/people"),
        ann.get("/api/lead/agreement"),
        ann.post("/api/lead/invite", {"name": "eve", "role": "lead"}),
        ann.post(f"/api/lead/queues/{queue.queue_id}/state", {"paused": True}),
        ann.post(f"/api/lead/queues/{queue.queue_id}/adjudicate"),
        ann.post(f"/api/lead/queues/{queue.queue_id}/hand-over", {"of": "bo", "to": "ann"}),
        ann.get(f"/api/items/{hers['item_id']}/versions"),
    ]
    assert [answered.status_code for answered in asked] == [403] * len(asked)


def test_anothers_lease_is_of_no_use(ann, bo, queue):
    hers = ann.next(queue.queue_id)
    item = hers["item_id"]
    body = ticket_of(hers, "stolen") | {"answer": answer()}
    his = bo.next(queue.queue_id)
    if his["item_id"] == item:  # two reviews each: he may have the same sample, under his own lease
        assert bo.post(f"/api/items/{item}/decide", body).status_code == 409
    else:
        assert bo.post(f"/api/items/{item}/decide", body).status_code == 404
    assert bo.post(f"/api/items/{item}/renew", {"lease_id": hers["lease_id"]}).status_code == 409


def test_what_was_never_handed_out_takes_no_draft_and_no_decision(web, ann):
    hidden = queue_of(web.store, 1, name="for bo alone")
    set_members(web.store, hidden, [person_named(web.store, "bo")])
    assert ann.post(f"/api/queues/{hidden.queue_id}/next").status_code == 404
    assert hidden.queue_id not in [q["queue_id"] for q in ann.get("/api/queues").json()]
    his = Visitor(web)
    his.log_in("bo", PASSWORD)
    item = his.next(hidden.queue_id)
    draft = {"answer": answer(), "version": 0}
    assert ann.put(f"/api/items/{item['item_id']}/draft", draft).status_code == 404
    body = ticket_of(item, "hers") | {"answer": answer()}
    assert ann.post(f"/api/items/{item['item_id']}/decide", body).status_code == 404


def test_anothers_decision_cannot_be_taken_back_or_seen(ann, bo, queue):
    hers = ann.next(queue.queue_id)
    request = f"mine-{hers['item_id']}"
    body = ticket_of(hers, request) | {"answer": answer(note="between us")}
    done = ann.post(f"/api/items/{hers['item_id']}/decide", body).json()["decided"]
    undo = {"event_id": done["event_id"], "request_id": "his"}
    assert bo.post("/api/undo", undo).status_code == 404
    assert "between us" not in bo.get("/api/history").text


def test_a_request_name_of_anothers_gives_nothing_away(ann, bo, queue):
    """request_id makes a repeated request count once; it must not answer with another's event."""
    hers, his = ann.next(queue.queue_id), bo.next(queue.queue_id)
    first = ticket_of(hers, f"shared-{queue.queue_id}") | {"answer": answer()}
    assert ann.post(f"/api/items/{hers['item_id']}/decide", first).status_code == 200
    second = ticket_of(his, f"shared-{queue.queue_id}") | {"answer": answer()}
    answered = bo.post(f"/api/items/{his['item_id']}/decide", second)
    assert answered.status_code >= 400


def with_media(web, number):
    """A clip whose three files are there; its id."""
    clip_id = sample(number).clip.clip_id
    folder = MediaFolder.of(web.work)
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.path(clip_id, "clip").write_bytes(bytes(range(256)) * 40)
    folder.path(clip_id, "peak").write_bytes(b"\xff\xd8jpeg")
    folder.path(clip_id, "tracks").write_text(json.dumps({"tracks": {}}))
    return clip_id


def test_media_are_sent_by_an_address_that_holds_for_one_person(web, ann, bo, queue):
    for number in range(4):
        with_media(web, number)
    screen = ann.next(queue.queue_id)
    for kind, content in (
        ("clip", "video/mp4"),
        ("peak", "image/jpeg"),
        ("tracks", "application/json"),
    ):
        address = screen["media"][kind]
        sent = ann.get(address)
        assert (sent.status_code, sent.headers["content-type"]) == (200, content)
        assert "sandbox" in sent.headers["content-security-policy"]
        assert bo.get(address).status_code == 404
        assert httpx.get(f"{web.url}{address}").status_code == 401


def test_media_come_in_the_ranges_that_players_ask_for(web, ann, queue):
    for number in range(4):
        with_media(web, number)
    address = ann.next(queue.queue_id)["media"]["clip"]
    part = ann.get(address, headers={"range": "bytes=256-511"})
    assert part.status_code == 206
    assert part.content == bytes(range(256))
    assert part.headers["content-range"] == "bytes 256-511/10240"
    assert ann.get(address, headers={"range": "bytes=99999-"}).status_code == 416


def test_an_address_of_media_cannot_be_made_up_or_bent(web, ann, queue):
    clip_id = with_media(web, 0)
    person_id = person_named(web.store, "ann").person_id
    right = MediaSigner(read_secret(web.work.root / "review" / "secret"))
    token = right.sign(person_id, clip_id, "clip")
    assert ann.get(f"/media/{token}").status_code == 200
    wrong = MediaSigner(b"0" * 32).sign(person_id, clip_id, "clip")
    bent = token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")
    for address in (wrong, bent, token[4:], "", "é", *CLIMBS):
        assert ann.get(f"/media/{address}").status_code in (400, 404), address


def test_a_climbing_path_reaches_no_file_from_any_parameter(web, ann):
    secret = read_secret(web.work.root / "review" / "secret")
    for climb in CLIMBS:
        for path in (
            "/",
            "/page/",
            "/page/js/",
            "/media/",
            "/api/queues/",
            "/api/items/",
            "/login/",
        ):
            answered = ann.get(path + climb)
            assert answered.status_code in (400, 404, 405, 422, 200, 307), (path, climb)
            assert secret not in answered.content
            assert b"root:" not in answered.content
            if answered.status_code == 200:
                assert answered.content.startswith(b"<!doctype html>")
        for place in ("to", "before", "most", "queue_id"):
            assert b"root:" not in ann.get(f"/api/history?{place}={climb}").content
        body = {"lease_id": climb, "version": 0, "request_id": climb, "answer": answer()}
        assert ann.post("/api/items/1/decide", body).status_code in (404, 422)


def test_a_script_in_any_text_comes_as_data_under_a_policy_that_runs_none(web, ann):
    evil = sample(77, text=SCRIPT, flags=(SCRIPT,))
    clip = evil.clip.model_copy(update={"name": f"{SCRIPT}.mp4", "spoken": SCRIPT, "tone": SCRIPT})
    queue = queue_of(
        web.store, [Entry(evil.model_copy(update={"clip": clip}))], name=SCRIPT, labels=(SCRIPT,)
    )
    answered = ann.post(f"/api/queues/{queue.queue_id}/next")
    assert answered.headers["content-type"] == "application/json"
    assert answered.json()["screen"]["spoken"] == SCRIPT
    policy = answered.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answered.headers["x-content-type-options"] == "nosniff"


def test_pages_hold_no_script_and_no_style_of_their_own(web):
    for name in ("login", "invite", "queues", "work", "history", "guide", "lead", "agreement"):
        page = httpx.get(f"{web.url}/{name}")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "<script>" not in page.text
        assert " style=" not in page.text
        assert " on" not in page.text.replace(" only", "")


def test_a_body_may_not_be_endless_however_its_length_is_told(web, ann):
    huge = b'{"name": "' + b"a" * MOST_BODY + b'"}'
    headers = {"x-csrf-token": ann.csrf, "content-type": "application/json"}
    assert ann.http.post("/api/login", content=huge, headers=headers).status_code == 413
    chunks = (huge[i : i + 8192] for i in range(0, len(huge), 8192))
    assert ann.http.post("/api/login", content=chunks, headers=headers).status_code == 413


def test_an_answer_that_is_too_long_is_refused_before_it_is_stored(ann, queue):
    screen = ann.next(queue.queue_id)
    body = ticket_of(screen, "long") | {"answer": answer(note="n" * 4001)}
    assert ann.post(f"/api/items/{screen['item_id']}/decide", body).status_code == 422


def test_a_fault_of_the_server_tells_nothing_of_its_inside(web, ann):
    for answered in (
        ann.get("/api/items/x/versions"),
        ann.get("/nothing"),
        ann.get("/api/nothing"),
    ):
        assert "Traceback" not in answered.text
        assert "review/" not in answered.text


def test_the_secret_is_made_at_first_start_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "review" / "secret"
    made = read_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_secret(path) == made
    assert read_secret(tmp_path / "another") != made
    path.chmod(0o644)
    with pytest.raises(SetupError, match="may be read by others"):
        read_secret(path)


def test_a_blind_labeller_is_sent_neither_text_nor_label_nor_name(web, ann):
    secret = sample(88, text="She is angry, says the machine.", label="angry")
    queue = queue_of(web.store, [Entry(secret)], name="blind", mode="label_first")
    answered = ann.post(f"/api/queues/{queue.queue_id}/next")
    screen = answered.json()["screen"]
    assert "the machine" not in answered.text
    assert screen["told"] is None
    assert screen["name"] is None
    body = ticket_of(screen, "blind-1") | {"labels": ["sad"], "intensity": 2}
    shown = ann.post(f"/api/items/{screen['item_id']}/label", body).json()
    assert shown["told"]["label"] == "angry"
    assert shown["blind_labels"] == ["sad"]


def test_a_pair_is_sent_without_who_wrote_what(web, ann):
    one = sample(90, text="A long description.")
    other = sample(90, text="A short one.")
    queue = queue_of(web.store, [Entry(one, other=other)], name="pairs", mode="ab")
    told = ann.next(queue.queue_id)
    for side in (told["told"], told["other"]):
        assert side["engine"] is None
        assert side["label"] is None
    assert {told["told"]["text"], told["other"]["text"]} == {"A long description.", "A short one."}
