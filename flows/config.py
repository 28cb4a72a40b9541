"""The configuration: merr.toml and --set, checked once, every value with where it came from."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from pipeline.settings import Settings
from schemas.errors import SetupError

FILE_NAME: Final = "merr.toml"
DEFAULT: Final = "default"


@dataclass(frozen=True)
class Config:
    """`origins` names the source of every dotted key that is not a default."""

    settings: Settings
    origins: dict[str, str]

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """(dotted key, value as TOML, origin) of every setting."""
        for key, value, _ in _leaves(self.settings):
            yield key, _toml(value), self.origins.get(key, DEFAULT)


def load_config(path: Path | None, assignments: Sequence[str] = ()) -> Config:
    """Defaults, then the file, then `--set section.key=value`. SetupError names a bad key.

    Without a path `merr.toml` of the current folder is taken when it is there.
    """
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    chosen = path or (Path(FILE_NAME) if Path(FILE_NAME).exists() else None)
    if chosen is not None:
        values = _read(chosen)
        origins |= {key: str(chosen) for key in _dotted(values)}
    for assignment in assignments:
        key, value = _parse_assignment(assignment)
        _assign(values, key, value)
        origins |= {name: "--set" for name in _dotted(_nested(key, value))}
    return Config(_validated(values, origins), origins)


def change(settings: Settings, section: str, assignments: Sequence[str]) -> Settings:
    """These settings with some values of one section changed. SetupError for another section."""
    values = settings.model_dump()
    origins: dict[str, str] = {}
    for assignment in assignments:
        key, value = _parse_assignment(assignment)
        if not key.startswith(f"{section}."):
            raise SetupError(f"--set {key}: only {section}.* can be set here; the rest is built")
        _assign(values, key, value)
        origins |= {name: "--set" for name in _dotted(_nested(key, value))}
    return _validated(values, origins)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SetupError(f"{path}: no such file; `merr init` writes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as e:
        raise SetupError(f"{path}: is not valid TOML: {e}") from e


def _parse_assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise SetupError(f"--set {text}: expected section.key=value, e.g. peak.k=3")
    try:
        return key.strip(), tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value  # a bare word is a string


def _nested(key: str, value: Any) -> dict[str, Any]:
    for name in reversed(key.split(".")):
        value = {name: value}
    return dict(value)


def _assign(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for name in sections:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise SetupError(f"--set {key}: {name} is a value, not a section")
    values[last] = value


def _dotted(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _validated(values: dict[str, Any], origins: dict[str, str]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as e:
        raise SetupError("; ".join(_explain(error, origins) for error in e.errors())) from e


def _explain(error: Any, origins: dict[str, str]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    origin = origins.get(key) or next(
        (o for k, o in origins.items() if k.startswith(key)), FILE_NAME
    )
    if error["type"] != "extra_forbidden":
        return f"{origin}: {key}: {error['msg']}, found {error['input']!r}"
    known = [name for name, _, _ in _leaves(Settings())] + list(Settings.model_fields)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else "; `merr config` lists every key"
    return f"{origin}: there is no setting {key}{hint}"


def _leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """(dotted key, value, description) of every setting below `model`."""
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value, info.description or ""


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(str(k))} = {_toml(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if value is None:
        return "(not set)"
    return json.dumps(value if isinstance(value, bool | int | float) else str(value))


def commented_toml() -> str:
    """A merr.toml in which every setting stands with its default, commented out."""
    lines = [
        "# Settings of merr. Every line shows its default; take away the # to change it.",
        "# Where the default is not to be set at all, the line shows only the form of a value.",
        "",
    ]
    section = ""
    for key, value, description in _leaves(Settings()):
        head, _, name = key.rpartition(".")
        if head != section:
            lines += ["", f"[{head}]"]
            section = head
        lines += [f"# {part}" for part in _wrapped(description)]
        lines.append(f"# {name} = {_toml(value) if value is not None else _form(key)}")
    return "\n".join(lines) + "\n"


def _form(key: str) -> str:
    """A value of the type of a setting that is not set, so that its line is valid TOML."""
    *sections, name = key.split(".")
    owner: Any = reduce(getattr, sections, Settings())
    kinds = get_args(type(owner).model_fields[name].annotation)
    if int in kinds:
        return "1  # not set"
    texts = any(kind in kinds for kind in (str, Path))
    return '"..."  # not set' if texts else "1.0  # not set"


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 96)
