"""Which endpoints a build may ask, and with whose key."""

import pytest

from flows.talking import key_uses, keys_of, talking
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from schemas.errors import SetupError


def chosen(**sections):
    return Settings.model_validate(sections)


CHAT = {"base_url": "http://one/v1", "model": "m", "key_env": "ONE"}


def test_every_role_that_asks_has_its_endpoint_and_its_variable():
    settings = chosen(
        chat=CHAT,
        heard={"engine": "chat", "base_url": "http://two/v1", "key_env": "TWO", "model": "ears"},
        clues={"engine": "chat"},
    )
    told = [(use.role, use.endpoint, use.model, use.key_env) for use in key_uses(settings)]
    assert told == [
        ("heard", "http://two/v1", "ears", "TWO"),
        ("clues", "http://one/v1", "m", "ONE"),
    ]
    keys = keys_of(settings, {"ONE": " sk-1\n", "TWO": "sk-2"})
    assert {url: key.get_secret_value() for url, key in keys.items()} == {
        "http://one/v1": "sk-1", "http://two/v1": "sk-2",
    }  # fmt: skip
    assert "sk-1" not in str(keys)


def test_an_endpoint_whose_key_is_not_set_is_not_asked_and_one_without_is_asked_without():
    settings = chosen(
        chat={**CHAT, "key_env": None},
        seen={"engine": "chat"},
        clues={"engine": "chat", "base_url": "http://two/v1", "key_env": "TWO"},
    )
    assert keys_of(settings, {}) == {"http://one/v1": None}
    assert keys_of(settings, {"TWO": ""}) == {"http://one/v1": None}


def test_two_variables_for_one_endpoint_stop_the_run():
    settings = chosen(chat=CHAT, seen={"engine": "chat"}, clues={"engine": "chat", "key_env": "B"})
    with pytest.raises(SetupError, match=r"clues.key_env = B, .* and seen.key_env = ONE"):
        key_uses(settings)


def test_the_service_that_hears_words_has_its_key_too():
    endpoint = {"url": "http://ears/v1/", "model": "w"}
    settings = chosen(
        speech={"engine": "endpoint", "endpoint": endpoint}, run={"endpoint": {"key_env": "EARS"}}
    )
    assert keys_of(settings, {"EARS": "sk-3"})["http://ears/v1"].get_secret_value() == "sk-3"
    assert keys_of(settings, {}) == {}
    settings = chosen(
        speech={"engine": "endpoint", "endpoint": {"url": "http://one/v1", "model": "w"}},
        chat=CHAT,
        clues={"engine": "chat"},
    )
    with pytest.raises(SetupError, match=r"clues.key_env = ONE.* and run.endpoint.key_env = None"):
        key_uses(settings)


def test_what_is_no_base_url_stops_the_run_before_it_starts():
    with pytest.raises(SetupError, match=r"clues asks localhost:8000/v1: .*http://"):
        key_uses(chosen(chat={**CHAT, "base_url": "localhost:8000/v1"}, clues={"engine": "chat"}))
    with pytest.raises(ValueError, match="no user, password"):
        chosen(speech={"engine": "endpoint", "endpoint": {"url": "http://u:p@h/v1", "model": "w"}})


def test_where_nobody_asks_nothing_is_opened(tmp_path):
    with talking(WorkFolder(tmp_path), chosen(chat=CHAT)) as talked:
        assert talked.talk is None
    assert list(tmp_path.iterdir()) == []
