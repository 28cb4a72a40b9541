"""What `merr status` says of calls."""

from flows.calls import calls_of, calls_text
from pipeline.chat_books import keep_chat_books
from pipeline.chat_settings import ChatSettings
from pipeline.layout import WorkFolder
from tests.chat.stand_in import Answer, StandIn
from tests.chat.talk import request, store_in
from tests.chat.test_asking import asked
from tests.chat.test_store import MOST

URL = "http://127.0.0.1:9/v1"


def books(folder):
    return keep_chat_books(ChatSettings(), default_store=folder / "answers.sqlite")


def test_where_nobody_was_asked_nothing_is_said_and_no_store_is_made(tmp_path):
    assert calls_of(WorkFolder(tmp_path), ChatSettings()) is None
    assert list(tmp_path.iterdir()) == []


def test_tokens_and_cost_are_shown_per_stage_and_model(tmp_path):
    with StandIn(lambda c: Answer("x", prompt_tokens=1000, output_tokens=100)) as server:
        requests = [request(server.url, "a"), request(server.url, "b", model="own")]
        asked(server, tmp_path, requests)
    told = calls_of(WorkFolder(tmp_path), ChatSettings())
    text = calls_text(told)
    assert told.cost_usd is None
    assert f"heard            1        1000       100      0.0035   gpt-4o at {server.url}" in text
    assert "not known   own at" in text
    assert "together 0.0035 USD by the prices of 2026-11-25, without what is not known" in text


def test_calls_in_flight_at_a_kill_are_listed_with_what_they_may_cost(tmp_path):
    host = store_in(tmp_path).holder.rpartition("/")[0]
    gone = store_in(tmp_path, holder=f"{host}/4194399")  # no process has so high a number
    gone.note(request(URL), stage="heard", most=MOST)
    store_in(tmp_path).note(request(URL, "now"), stage="clues", most=MOST)
    kept = books(tmp_path)
    text = calls_text(kept)
    assert [note.stage for note in kept.cut_off] == ["heard"]
    assert [note.stage for note in kept.in_flight] == ["clues"]
    assert "1 call in flight when their build was killed, may have been paid:" in text
    assert f"  {request(URL).request_id[:12]} heard gpt-4o sent 20" in text
    assert "heard: 1 call to gpt-4o without an answer, at most 0.0035 USD" in text


def test_names_of_models_cannot_steer_a_terminal(tmp_path):
    store = store_in(tmp_path)
    store.note(request(URL, model="\x1b[2Jgone"), stage="heard", most=MOST)
    assert "\x1b" not in calls_text(books(tmp_path))
