"""Keys out of a keyring: found, missing, locked; and in nothing that a build leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import keyring
import pytest

from flows.doctor import examine
from flows.key_ring import key_in_ring
from flows.talking import keys_of
from pipeline.settings import Settings
from schemas.errors import SetupError
from tests.chat.stand_in import StandIn
from tests.flows.memory_ring import KEY, MemoryRing
from tests.roles.actor import good
from tests.roles.house import build, everything_in, rows

ROOT = Path(__file__).parents[2]
MERR = str(Path(sys.executable).with_name("merr"))
CHAT = {"base_url": "http://one/v1", "model": "m", "keyring": "merr/stand-in"}


@pytest.fixture
def ring():
    before, ours = keyring.get_keyring(), MemoryRing()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def chosen(**sections):
    return Settings.model_validate(sections)


def test_a_key_comes_from_its_entry(ring):
    assert key_in_ring("merr/stand-in").get_secret_value() == KEY
    ring.set_password("a/service", "me", " sk-2\n")
    assert key_in_ring("a/service/me").get_secret_value() == "sk-2"
    assert key_in_ring("merr/another") is None


def test_a_locked_ring_stops_the_run_and_what_it_says_is_not_passed_on(ring):
    ring.locked = True
    with pytest.raises(
        SetupError, match=r"merr/stand-in: cannot be read \(KeyringLocked\)"
    ) as told:
        key_in_ring("merr/stand-in")
    assert KEY not in f"{told.value!r} {told.value.__cause__!r}"


def test_the_environment_comes_before_the_ring(ring):
    settings = chosen(chat={**CHAT, "key_env": "ONE"}, clues={"engine": "chat"})
    assert keys_of(settings, {"ONE": "sk-env"})["http://one/v1"].get_secret_value() == "sk-env"
    keys = keys_of(settings, {})
    assert keys["http://one/v1"].get_secret_value() == KEY
    assert KEY not in f"{keys} {settings!r} {settings.model_dump(mode='json')}"


def test_a_role_and_the_service_that_hears_have_entries_of_their_own(ring):
    ring.set_password("merr", "ears", "sk-ears")
    settings = chosen(
        chat=CHAT,
        clues={"engine": "chat"},
        seen={"engine": "chat", "base_url": "http://two/v1", "keyring": "merr/nobody"},
        speech={"engine": "endpoint", "endpoint": {"url": "http://ears/v1", "model": "w"}},
        run={"endpoint": {"keyring": "merr/ears"}},
    )
    found = {url: key.get_secret_value() for url, key in keys_of(settings, {}).items()}
    assert found == {"http://one/v1": KEY, "http://ears/v1": "sk-ears"}


def test_an_entry_names_service_and_user():
    for entry in ("openai", "/openai", "merr/"):
        with pytest.raises(SetupError, match="expected SERVICE/USER"):
            key_in_ring(entry)


def test_doctor_says_how_to_put_a_key_into_the_ring(ring, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = '[chat]\nbase_url = "http://localhost:1/v1"\nmodel = "m"\nkeyring = "merr/nobody"\n'
    (tmp_path / "merr.toml").write_text(text + '[seen]\nengine = "chat"\n')
    found = next(f for f in examine().findings if f.name == "keys")
    assert (found.ready, found.remedy) == (False, "keyring set merr nobody")
    ring.set_password("merr", "nobody", KEY)
    found = next(f for f in examine().findings if f.name == "keys")
    assert (found.ready, found.found) == (True, "merr/nobody is set")


def test_the_key_is_in_nothing_that_a_build_leaves(ring, workshop, pool):
    with StandIn(good, key=KEY) as server:
        settings = chosen(chat={**CHAT, "base_url": server.url}, seen={"engine": "chat"})
        chain, _ = build(workshop, settings, pool)
        assert "chat" in {row.made_by.engine for row in rows(chain, "seen")}
        assert server.calls
    left = everything_in(workshop.work.root)
    assert b"merr/stand-in" in left
    assert KEY.encode() not in left


@pytest.mark.slow
@pytest.mark.parametrize("key", [KEY, "sk-another-one"])
def test_the_command_finds_it_and_tells_nobody(workshop, key):
    values = ["chat.model=tiny", "chat.keyring=merr/stand-in", "seen.engine=chat"]
    ring = {"PYTHON_KEYRING_BACKEND": "tests.flows.memory_ring.MemoryRing"}
    with StandIn(good, key=key) as server:
        chosen = [w for v in (f"chat.base_url={server.url}", *values) for w in ("--set", v)]
        done = subprocess.run(
            [MERR, "build", str(workshop.sources), "--work", str(workshop.work.root), *chosen],
            capture_output=True,
            check=False,
            timeout=580,
            env=os.environ | ring | {"PYTHONPATH": str(ROOT)},
        )
        assert server.calls
    said = done.stdout + done.stderr + everything_in(workshop.work.root)
    assert KEY.encode() not in said
    assert done.returncode == (1 if key == KEY else 2), done.stderr  # one film there is broken
    assert (b"rejects the key" in said) == (key != KEY)
