"""The way to models behind endpoints for one build: keys, answer store, asker."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from annotators.role_settings import RoleSettings, speaking
from flows.key_ring import key_in_ring
from pipeline.engines import is_asked
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from pipeline.stages import ROLES
from pipeline.talk import Talk
from schemas.chat import base_url
from schemas.errors import SetupError


@dataclass(frozen=True)
class KeyUse:
    """An endpoint that the settings ask, and where its key is."""

    role: str
    endpoint: str
    model: str
    section: str  # of the settings, where the two below stand
    key_env: str | None  # an environment variable
    keyring: str | None  # an entry of the keyring; neither: it wants no key

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(place for place in (self.key_env, self.keyring) if place)


@dataclass
class Talked:
    """`talk` is None where nobody is asked. The counts are told when the talk has ended."""

    talk: Talk | None = None
    submitted: int = 0  # requests that went off in batches
    running: int = 0  # requests in batches that were submitted before and still run


def key_uses(settings: Settings) -> tuple[KeyUse, ...]:
    """One for every role that asks. SetupError where two name other keys for one endpoint."""
    roles = (_use(settings, role) for role in ROLES if is_asked(settings, role))
    uses = (*_ear_use(settings), *roles)
    for use in uses:
        other = next((u for u in uses if u.endpoint == use.endpoint), use)
        if other.places != use.places:
            raise SetupError(
                f"the key of the one endpoint {use.endpoint} is {_named(use)} and {_named(other)}; "
                "give both the same"
            )
    return uses


def keys_of(settings: Settings, environment: Mapping[str, str]) -> dict[str, SecretStr | None]:
    """Keys by endpoint. An endpoint whose key is not found is left out: of it only stored answers
    are used. SetupError where a keyring is named and cannot be read."""
    found: dict[str, SecretStr | None] = {}
    for use in key_uses(settings):
        if use.endpoint in found:
            continue
        key = find_key(use, environment)
        if key is not None or not use.places:
            found[use.endpoint] = key
    return found


def find_key(use: KeyUse, environment: Mapping[str, str]) -> SecretStr | None:
    """Out of the environment, else out of the keyring. None: there is none, or none is wanted."""
    told = environment.get(use.key_env or "", "").strip()
    if told:
        return SecretStr(told)
    return key_in_ring(use.keyring) if use.keyring else None


def _named(use: KeyUse) -> str:
    told = (("key_env", use.key_env), ("keyring", use.keyring))
    return ", ".join(f"{use.section}.{name} = {value}" for name, value in told)


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
    holder = section if section.key_env or section.keyring else settings.chat
    return KeyUse(role, asked.endpoint, asked.model, role, holder.key_env, holder.keyring)


def _ear_use(settings: Settings) -> Iterator[KeyUse]:
    """Of the service that hears words."""
    asked = settings.speech.endpoint
    if settings.speech.engine == "endpoint":
        url = base_url(str(asked.url))
        run = settings.run.endpoint
        yield KeyUse("speech", url, str(asked.model), "run.endpoint", run.key_env, run.keyring)
