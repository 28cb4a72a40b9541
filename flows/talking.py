"""The way to models behind endpoints for one build: keys, answer store, asker."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from annotators.role_settings import RoleSettings, speaking
from pipeline.engines import is_asked
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from pipeline.stages import ROLES
from pipeline.talk import Talk
from schemas.errors import SetupError


@dataclass(frozen=True)
class KeyUse:
    """An endpoint that the settings ask, and the environment variable of its key."""

    role: str
    endpoint: str
    model: str
    key_env: str | None  # None: it wants no key
    section: str  # of the settings, where key_env stands


@dataclass
class Talked:
    """`talk` is None where nobody is asked. The counts are told when the talk has ended."""

    talk: Talk | None = None
    submitted: int = 0  # requests that went off in batches
    running: int = 0  # requests in batches that were submitted before and still run


def key_uses(settings: Settings) -> tuple[KeyUse, ...]:
    """One for every role that asks. SetupError where two name other variables for one endpoint."""
    roles = (_use(settings, role) for role in ROLES if is_asked(settings, role))
    uses = (*_ear_use(settings), *roles)
    for use in uses:
        other = next((u for u in uses if u.endpoint == use.endpoint), use)
        if other.key_env != use.key_env:
            raise SetupError(
                f"{use.section}.key_env and {other.section}.key_env name {use.key_env} and "
                f"{other.key_env} for the one endpoint {use.endpoint}; give both the same"
            )
    return uses


def keys_of(settings: Settings, environment: Mapping[str, str]) -> dict[str, SecretStr | None]:
    """Keys by endpoint. An endpoint whose variable is not set is left out: of it only stored
    answers are used."""
    found: dict[str, SecretStr | None] = {}
    for use in key_uses(settings):
        if use.key_env is None:
            found[use.endpoint] = None
        elif environment.get(use.key_env):
            found[use.endpoint] = SecretStr(environment[use.key_env].strip())
    return found


@contextmanager
def talking(work: WorkFolder, settings: Settings) -> Iterator[Talked]:
    """Nothing is opened where nobody is asked."""
    if not key_uses(settings):
        yield Talked()
        return
    from pipeline.chat_opening import open_asking

    keys = keys_of(settings, os.environ)
    with open_asking(settings.run.chat, default_store=work.answers, keys=keys) as asking:
        talked = Talked(Talk(asking, settings), running=asking.asker.collected.running)
        yield talked
        talked.submitted = asking.run(asking.asker.submit())


def _use(settings: Settings, role: str) -> KeyUse:
    section: RoleSettings = getattr(settings, role)
    asked = speaking(settings.chat, section, role)
    key_env = section.key_env or settings.chat.key_env
    return KeyUse(role, asked.endpoint, asked.model, key_env, role)


def _ear_use(settings: Settings) -> Iterator[KeyUse]:
    """Of the service that hears words."""
    asked = settings.speech.endpoint
    if settings.speech.engine == "endpoint":
        url = str(asked.url).rstrip("/")
        key_env = settings.run.endpoint.key_env
        yield KeyUse("speech", url, str(asked.model), key_env, "run.endpoint")
