"""The documents say what the code does: columns, words, commands, settings, links, limits."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer.main
from pydantic import ValidationError

from flows import guard
from flows.cli import app
from flows.config import load_config
from pipeline.batches import BATCH_VIDEOS, SHARD_CLIPS
from pipeline.clip_calls import CLIP_DEADLINE_S, DEADLINE_PER_SECOND
from pipeline.cut import AS_GIVEN_MIN_US
from pipeline.cutting import FILM_DEADLINE_PER_SECOND, PROBE_DEADLINE_S
from pipeline.evidence import join
from pipeline.given import GivenSettings
from pipeline.given_read import read_given
from pipeline.prices import Prices
from pipeline.release_tables import PEOPLE_TABLES, TABLES
from pipeline.settings import Settings
from pipeline.sources import FILMS, STILLS, Place
from pipeline.stages import NAMES, STAGES
from pipeline.tables import ROWS_PER_FILE
from pipeline.tally import STOP_AFTER, STOP_SHARE
from schemas.arrow import SCHEMA_VERSION, arrow_schema
from schemas.clip import Clip
from schemas.egemaps import CITED, Egemaps
from schemas.errors import ClipError, TransientError, UnexpectedError
from schemas.failure import Failure, Rejection
from schemas.grid import GridHead
from schemas.label import load_vocabulary, shipped_vocabularies
from schemas.merr import DirtCount, ImportedFile, ImportLedger, MerrRecord
from schemas.release import EngineUse, Manifest, ReleaseFile
from schemas.speech import Cue
from schemas.tone import Tone, ToneMeasures
from schemas.units import Row
from schemas.video import SourceFile, Video
from tests.pipeline.one_clip import peak, scene, speech, tone
from tests.pipeline.test_told_by_models import ENGLISH, HEARD, SEEN
from tests.pipeline.tracks import make_track
from trainer.recipe_file import recipe_keys

ROOT = Path(__file__).parent.parent
PAGES = {
    name: (ROOT / name).read_text("utf-8")
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/costs.md",
        "docs/data-engineers.md",
        "docs/data-format.md",
        "docs/decisions.md",
        "docs/evaluation.md",
        "docs/engines/whisper.md",
        "docs/engines/whisperx.md",
        "docs/engines/transcription-endpoint.md",
        "docs/engines/egemaps.md",
        "docs/formats.md",
        "docs/prompts.md",
        "docs/review-leads.md",
        "docs/engines/chat.md",
        "docs/engines/openface.md",
        "docs/engines/pyfeat.md",
        "docs/trainers.md",
        "docs/engines/encoders.md",
        "docs/trainer-model.md",
    )
}
FORMAT, GUIDE, README, FORMATS, MODEL = (
    PAGES[name]
    for name in (
        *("docs/data-format.md", "docs/data-engineers.md", "README.md", "docs/formats.md"),
        "docs/trainer-model.md",
    )
)
# Never in a table, so without Arrow types.
JSON_MODELS = (
    Manifest,
    ReleaseFile,
    EngineUse,
    ImportLedger,
    ImportedFile,
    DirtCount,
    GridHead,
)
FOLDERS = ("schemas", "annotators", "pipeline", "flows", "datasets", "tests", "benchmarks", "docs")
HOSTS = {
    "arxiv.org",
    "github.com",
    "localhost",
    "openai.com",
    "api.openai.com",
    "googleapis.com",
    "generativelanguage.googleapis.com",
}

# ---- what a page holds


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """(words after the fence, text) of every fenced block."""
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", page, re.M | re.S):
        yield match[1].strip(), match[2]


def prose(page: str) -> str:
    return re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)


def section(page: str, heading: str) -> str:
    """The text from a heading to the next one of any level."""
    match = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", prose(page), re.M | re.S)
    assert match, f"there is no section {heading}"
    return match[1]


def rows(text: str) -> list[list[str]]:
    """Cells of the lines below the heads of all tables."""
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in line] for line in lines]
    heads = [i - 1 for i, line in enumerate(cells) if set("".join(line)) <= set("-:")]
    return [line for i, line in enumerate(cells) if i not in heads and i - 1 not in heads]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def slugs(page: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands() -> list[str]:
    """Command lines of the pages, those after a prompt and those in bash blocks."""
    found = []
    others = (PAGES["docs/evaluation.md"], PAGES["docs/review-leads.md"])
    for page in (README, GUIDE, FORMATS, MODEL, *others):
        for kind, text in blocks(page):
            if kind == "console":
                found += [line[2:] for line in text.splitlines() if line.startswith("$ ")]
            elif kind == "bash":
                found += [line for line in text.splitlines() if line.strip()]
    return found


# ---- columns


def nested(annotation: object) -> Iterator[type[Row]]:
    if isinstance(annotation, type) and issubclass(annotation, Row):
        yield annotation
    for inner in get_args(annotation):
        yield from nested(inner)


def with_all_below(roots: list[type[Row]]) -> dict[str, type[Row]]:
    found: dict[str, type[Row]] = {}
    for model in roots:
        below = [n for field in model.model_fields.values() for n in nested(field.annotation)]
        bases = [base for base in model.__bases__ if base is not Row]
        found |= {model.__name__: model, **with_all_below(below), **with_all_below(bases)}
    return found


MODELS = with_all_below(
    [
        *TABLES.values(),
        *PEOPLE_TABLES.values(),
        *(s.row for s in STAGES),
        SourceFile,
        Video,
        Clip,
        MerrRecord,
        Rejection,
        Failure,
    ]
)
STRUCTS = {pa.struct(list(arrow_schema(model))): name for name, model in MODELS.items()}
SCALARS = {pa.float64(): "float64", pa.float32(): "float32", pa.float16(): "float16"}


def type_text(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list<{type_text(kind.value_type)}{'?' if kind.value_field.nullable else ''}>"
    return STRUCTS[kind] if pa.types.is_struct(kind) else SCALARS.get(kind, str(kind))


def own_columns(model: type[Row]) -> list[tuple[str, str, str, str]]:
    """(name, type, unit, null) of the columns that a model does not have from its base."""
    inherited = model.__bases__[0].model_fields
    return [
        (
            field.name,
            type_text(field.type),
            (field.metadata or {}).get(b"unit", b"-").decode(),
            "yes" if field.nullable else "no",
        )
        for field in arrow_schema(model)
        if field.name not in inherited
    ]


@pytest.mark.parametrize("name", MODELS)
def test_every_column_is_described_with_its_type_unit_and_nullability_and_no_other_is(name):
    told = [
        (column, kind.strip("`"), unit, null)
        for columns, kind, unit, null, meaning in rows(section(FORMAT, name))
        for column in codes(columns)
        if meaning
    ]
    assert told == own_columns(MODELS[name])
    base = MODELS[name].__bases__[0]
    assert base is Row or f"(#{base.__name__.lower()})" in section(FORMAT, name)


@pytest.mark.parametrize("model", JSON_MODELS, ids=lambda model: model.__name__)
def test_every_field_of_the_manifest_is_described(model):
    told = [(codes(name)[0], null) for name, null, _ in rows(section(FORMAT, model.__name__))]
    nullable = {n: type(None) in get_args(f.annotation) for n, f in model.model_fields.items()}
    assert told == [(name, "yes" if null else "no") for name, null in nullable.items()]


def test_no_row_is_described_that_does_not_exist():
    tables = re.findall(r"^### (\w+)\n(?:(?!^#).*\n)*?\| (?:column|field) \|", FORMAT, re.M)
    assert sorted(tables) == sorted([*MODELS, *(model.__name__ for model in JSON_MODELS)])


def test_the_stages_and_their_rows_are_listed_in_order():
    told = [(codes(s)[0], row) for s, row, _ in rows(section(FORMAT, "The work folder"))]
    made = [(stage.name, stage.row.__name__) for stage in STAGES]
    assert told == [("ingest", "Video"), ("cut", "Clip"), *made]
    assert ", ".join(NAMES) in GUIDE


# ---- words in rows


def sources(*folders: str) -> list[ast.AST]:
    files = [path for folder in folders for path in sorted((ROOT / folder).glob("*.py"))]
    return [node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))]


def texts(nodes: list[ast.expr]) -> set[str]:
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def rules_in_code() -> set[str]:
    """Words at the place of a rule: rule=, Refusal(rule, ...), reject(subject, rule, ...)."""
    found: set[str] = set()
    for node in sources("pipeline", "annotators"):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "rule":
            found |= texts([node.value])
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called == "Rejection":
                found |= texts([word.value for word in node.keywords if word.arg == "rule"])
            elif called == "Refusal":
                found |= texts(node.args[:1])
            elif called in ("reject", "_reject"):
                found |= texts(node.args[1:3])
    return {word for word in found if re.fullmatch(r"[a-z_]+", word)}


def flags_in_code() -> set[str]:
    """Keys of `claims`, what is put beside the flags of evidence, and what a conclusion adds."""
    found = {
        f"voice_{why}" for why in get_args(get_args(Tone.model_fields["missing"].annotation)[0])
    }
    for node in sources("pipeline"):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "claims":
            found |= texts(node.value.keys if isinstance(node.value, ast.Dict) else [])
        if isinstance(node, ast.Tuple) and ".flags" in ast.unparse(node):
            found |= texts(node.elts)
        if isinstance(node, ast.Tuple):
            found |= {text for text in texts(node.elts) if text.startswith("face_gives_")}
    return found


def test_every_rule_that_can_reject_is_listed_and_no_other():
    told = [codes(rule)[0] for _, rule, _ in rows(section(FORMAT, "Rejections"))]
    assert set(told) == rules_in_code()


def test_every_flag_is_listed_and_no_other():
    told = [codes(flag)[0] for flag, _, _ in rows(section(FORMAT, "Flags"))]
    assert sorted(told) == sorted(flags_in_code())


def test_every_error_that_costs_one_subject_is_listed():
    told = {name for error, _, _ in rows(section(FORMAT, "Failures")) for name in codes(error)}
    kinds = {kind for kind in ClipError.__subclasses__() if kind.__module__ == "schemas.errors"}
    kinds.discard(UnexpectedError)  # is in the books as "unexpected"
    named = {kind.__name__ for kind in (ClipError, TransientError, ValidationError, *kinds)}
    assert named | {"unexpected"} <= told


def test_every_key_of_evidence_is_listed():
    told = {code for keys, *_ in rows(section(FORMAT, "Evidence keys")) for code in codes(keys)}
    measures = {name: 0.5 for name in ToneMeasures.model_fields}
    features = Egemaps(**dict.fromkeys(CITED, 0.5))
    told_of = {"measures": ToneMeasures(**measures), "egemaps": features}
    loud = tone().model_copy(update=told_of)
    said = speech("hello you")
    cues = tuple(Cue(start_s=0.0, end_s=0.1, text=word) for word in ("hello", "you"))
    words = said.transcript.model_copy(update={"cues": cues, "text_en": "hello you"})
    said = said.model_copy(update={"transcript": words})
    clip = Clip.of("v", 0, 1_000_000, rule="whole", has_audio=True).model_copy(
        update={"clip_id": "c"}
    )
    face = make_track("c", smile=0.9, eye_closure=0.9)
    asked = {"heard": HEARD, "seen": SEEN, "english": ENGLISH}
    given = (face, peak({"AU12": 2.0}), said, loud, scene())
    found = join(clip, *given, Settings().evidence, **asked)
    keys = {"face.AU01" if item.key == "face.AU12" else item.key for item in found.items}
    assert keys == told - {"face.AU28"}


# ---- commands, settings, examples


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("merr ")])
def test_every_command_line_shown_is_one_that_merr_understands(line):
    words = shlex.split(line, comments=True)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


def test_the_guide_shows_every_command_and_every_option_of_a_build():
    command = typer.main.get_command(app).commands
    shown = {line.split()[1] for line in commands() if line.startswith("merr ")}
    assert set(command) - shown <= {
        "engines",
        "accept",
        "train",
        "review",
    }  # each on a page of its own
    assert all(f"merr {name}" in "".join(PAGES.values()) for name in command)
    options = {option for param in command["build"].params for option in param.opts}
    missing = {o for o in options if o.startswith("--") and o not in GUIDE}
    assert not missing


def run_merr(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from flows.cli import main; main()", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_init_writes_a_file_that_config_then_reads_as_the_guide_says(tmp_path):
    assert run_merr("init", cwd=tmp_path).returncode == guard.DONE
    file = tmp_path / "merr.toml"
    text = file.read_text("utf-8").replace("[given]\n", '[given]\nvocabulary = "dfew"\n')
    file.write_text(text, "utf-8")
    shown = run_merr("config", "--set", "peak.k=3", cwd=tmp_path)
    assert "peak.k = 3  # --set" in shown.stdout
    assert 'given.vocabulary = "dfew"  # merr.toml' in shown.stdout
    assert run_merr("init", cwd=tmp_path).returncode == guard.SETUP


def test_what_is_no_work_folder_and_no_release_ends_with_the_code_for_set_up(tmp_path):
    for command in ("status", "verify"):
        assert run_merr(command, ".", cwd=tmp_path).returncode == guard.SETUP


def test_the_exit_codes_are_those_of_the_code():
    told = [int(code) for code, _ in rows(section(GUIDE, "Exit codes"))]
    assert told == [guard.DONE, guard.SOME_FAILED, guard.SETUP, guard.STOPPED]
    assert all(f"{code} " in README for code in told)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_named_exists(page):
    known = set(dotted(Settings()))
    sections = tuple(f"{name}." for name in Settings.model_fields)
    spelled = {re.split(r"[ =]", code)[0] for code in codes(prose(PAGES[page]))}
    named = {s for s in spelled if s.startswith(sections) and not s.endswith((".csv", ".json"))}
    evidence = {code for keys, *_ in rows(section(FORMAT, "Evidence keys")) for code in codes(keys)}
    recipes = set(recipe_keys()) if page in ("docs/trainers.md", "docs/decisions.md") else set()
    assert named - known - evidence - recipes - {"face.AU12"} == set()


def dotted(settings: Row, prefix: str = "") -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Row):
            yield from dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_toml_shown_is_a_configuration_a_vocabulary_or_a_price_table(tmp_path):
    shown = [text for page in PAGES.values() for kind, text in blocks(page) if kind == "toml"]
    for number, text in enumerate(shown):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        if "labels" in tomllib.loads(text):
            assert load_vocabulary(str(path)).labels
        elif "models" in tomllib.loads(text):
            assert Prices.model_validate({"date": "2026-01-01", **tomllib.loads(text)}).models
        else:
            load_config(path)


@pytest.mark.parametrize("page", ["README.md", "docs/data-engineers.md"])
def test_every_table_shown_is_read_without_a_complaint(page, tmp_path):
    examples = {
        kind.split()[1]: text
        for kind, text in blocks(PAGES[page])
        if re.match(r"(csv|text) ", kind)
    }
    for name, text in examples.items():
        (tmp_path / name).write_text(text, "utf-8")
    videos = ("smile.mp4", "film.mp4", "sample_00000047.mp4", "sample_00000342.mp4")
    files = [
        SourceFile(
            path=name,
            source="videos",
            location=str(tmp_path / name),
            kind="film",
            size_bytes=1,
            video_id=name,
        )
        for name in videos
    ]
    place = Place("videos", str(tmp_path), whole=True)
    lists = [tmp_path / name for name in examples if name.startswith("merr_")]
    for labels in (None, *lists):
        read = read_given(files, GivenSettings(labels=labels), places=[place])
        assert (read.rejections, read.failures) == ((), ())
    assert {"labels.csv"} <= set(examples)


def test_the_rows_shown_have_columns_that_exist():
    shown = {kind.split()[1]: json.loads(t) for kind, t in blocks(README) if kind[:4] == "json"}
    assert set(shown) == {"coarse", "fine"}
    for table, row in shown.items():
        assert set(row) <= set(TABLES[table].model_fields)


def test_the_rows_shown_are_those_of_the_demo(release):
    """Texts and lists are shortened: a text ends in "...", a list lacks entries."""
    shown = {kind.split()[1]: json.loads(t) for kind, t in blocks(README) if kind[:4] == "json"}
    for table, row in shown.items():
        files = (release / table).glob("*.parquet")
        rows = [made for file in files for made in pq.read_table(file).to_pylist()]
        made = next(made for made in rows if made["name"] == row["name"])
        wrong = {name: made[name] for name, told in row.items() if not is_of(told, made[name])}
        assert wrong == {}


def is_of(told, made) -> bool:
    if isinstance(told, str) and told.endswith("..."):
        return made.startswith(told.removesuffix("...").rstrip())
    return all(one in made for one in told) if isinstance(told, list) else told == made


# ---- figures, links, names


@pytest.mark.parametrize(
    "phrase",
    [
        f"up to {BATCH_VIDEOS} (or 2 GB)",
        f"by shards of up to {SHARD_CLIPS}",
        f"More than {STOP_SHARE:.0%}".replace("%", " %"),
        f"counted after {STOP_AFTER}",
        f"| opening a video | {PROBE_DEADLINE_S:.0f} s |",
        f"{PROBE_DEADLINE_S:.0f} s + {FILM_DEADLINE_PER_SECOND:.0f} s for every second of film",
        f"{CLIP_DEADLINE_S:.0f} s + {DEADLINE_PER_SECOND:.0f} s for every second of clip",
        f"`run.worker_memory_gb`, {Settings().run.worker_memory_gb:g} GB",
        f"at most `cut.max_s` ({Settings().cut.max_s:g} s) long",
        f"down to {AS_GIVEN_MIN_US / 1e6:g} s",
    ],
)
def test_the_figures_of_the_guide_are_those_of_the_code(phrase):
    assert phrase in GUIDE


def test_suffixes_vocabularies_and_versions_are_those_of_the_code():
    line = section(GUIDE, "Sources")
    assert (
        set(re.findall(r"(?<![\w`])\.\w+", line.partition("Everything else")[0])) == FILMS | STILLS
    )
    assert set(shipped_vocabularies()) <= set(codes(GUIDE))
    assert f"`schema_version` is {SCHEMA_VERSION}." in FORMAT
    assert f"{ROWS_PER_FILE['evidence']:,} where media is embedded" in FORMAT


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(PAGES[page])):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), target
            assert not anchor or anchor in slugs(file.read_text("utf-8")), target


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_the_repository_that_is_named_exists(page):
    named = [code for code in codes(prose(PAGES[page])) if code.split("/")[0] in FOLDERS]
    paths = [code for code in named if "/" in code and not re.search(r"[A-Z*<]", code)]
    made = ("datasets/releases/", "datasets/work/")
    assert [p for p in paths if not p.startswith(made) and not (ROOT / p).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_path_of_a_machine_or_a_host_it_need_not(page):
    assert not re.search(r"(?<![\w.:/])/(?:home|root|tmp|work|mnt|usr|opt|var|Users)/", PAGES[page])
    hosts = re.findall(r"https?://([^/:\s)]+)", PAGES[page])
    hosts += re.findall(r"\b[\w-]+\.(?:org|io|com|net|dev)\b", PAGES[page])
    assert set(hosts) <= HOSTS


def test_readme_is_short():
    assert len(README.splitlines()) < 150
