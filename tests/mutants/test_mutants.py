"""Do the tests notice? Faults are put into a copy of the repository, one at a time; see the table.

A fault is noticed when the tests named for it ran on the faulty copy and one of them said no. A
copy in which nothing can be imported, or whose tests fail without a fault too, proves nothing.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.units import Row

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("mutants.toml")
COPIED = (
    "schemas", "annotators", "pipeline", "review", "trainer", "flows", "tests", "datasets/demo",
    "pyproject.toml",
)  # fmt: skip
SEED = 20240617
DEADLINE_S = 120


class Mutant(Row):
    name: str
    file: str
    original: str
    mutated: str
    tests: tuple[str, ...]

    def applied_to(self, root: Path) -> str:
        """The text of the file with the fault in it."""
        path = root / self.file
        text = path.read_text("utf-8") if path.is_file() else ""
        original, mutated = self.original.removeprefix("\n"), self.mutated.removeprefix("\n")
        if (found := text.count(original)) != 1:
            pytest.fail(
                f'stale entry "{self.name}" in {TABLE.name}: its original text is {found} times in '
                f"{self.file}, expected once; put the present text there:\n{original}",
                pytrace=False,
            )
        return text.replace(original, mutated)

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")


MUTANTS = [Mutant.model_validate(m) for m in tomllib.loads(TABLE.read_text("utf-8"))["mutant"]]
SHUFFLED = random.Random(SEED).sample(MUTANTS, len(MUTANTS))
GROUPS = sorted({mutant.tests for mutant in MUTANTS})


@dataclass(frozen=True)
class Run:
    code: int  # pytest's: 0 passed, 1 failed, 2 and more: did not come to test anything
    output: str
    modules: dict[str, str]  # of ours: name -> file
    failed: list[tuple[str, str]]  # (phase, test)


def copy_repository(to: Path) -> Path:
    """Without bytecode: a fresh copy never runs what was compiled before its fault was put in."""
    to = to.resolve()
    for name in COPIED:
        source, target = ROOT / name, to / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)
    return to


def run_tests(root: Path, tests: tuple[str, ...]) -> Run:
    """In a process of its own, that finds the modules of `root` before the installed ones."""
    witness = root / "witness.json"
    witness.unlink(missing_ok=True)
    options = ["-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "tests.mutants.witness",
         "--witness", str(witness), *tests],
        cwd=root,
        env={k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
        | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )  # fmt: skip
    told = json.loads(witness.read_text("utf-8")) if witness.exists() else {}
    failed = [(phase, test) for phase, test in told.get("failed", ())]
    return Run(done.returncode, done.stdout + done.stderr, told.get("modules", {}), failed)


def check_origin(run: Run, root: Path) -> None:
    strangers = {n: f for n, f in run.modules.items() if not Path(f).is_relative_to(root)}
    assert run.modules, f"no module of ours was imported:\n{run.output}"
    assert not strangers, "the copy was not what ran"


class Controls:
    """Runs the tests of each group once, in a copy without a fault."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._runs: dict[tuple[str, ...], Run] = {}

    def check(self, tests: tuple[str, ...]) -> None:
        if tests not in self._runs:
            self._runs[tests] = run_tests(self._root, tests)
        run = self._runs[tests]
        assert run.code == 0, f"{tests} fail without a fault:\n{run.output}"
        check_origin(run, self._root)


@pytest.fixture(scope="module")
def controls(tmp_path_factory: pytest.TempPathFactory) -> Controls:
    return Controls(copy_repository(tmp_path_factory.mktemp("control")))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_every_entry_of_the_table_still_fits_the_code(mutant: Mutant) -> None:
    faulty = mutant.applied_to(ROOT)
    compile(faulty, mutant.file, "exec")
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).is_file(), f"{mutant.name}: {test} is gone"


def test_no_fault_is_in_the_table_twice() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.file, mutant.mutated) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.slow
@pytest.mark.parametrize("tests", GROUPS, ids=" ".join)
def test_without_a_fault_the_tests_pass_in_a_copy(tests, controls: Controls) -> None:
    controls.check(tests)


@pytest.mark.slow
def test_a_copy_that_cannot_be_imported_counts_as_no_kill(tmp_path: Path) -> None:
    root = copy_repository(tmp_path / "copy")
    (root / "pipeline" / "split.py").write_text("from pipeline import nothing_of_that_name\n")
    assert run_tests(root, ("tests/pipeline/test_split.py",)).code > 1


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SHUFFLED, ids=lambda m: m.name)
def test_the_fault_is_noticed(mutant: Mutant, tmp_path: Path, controls: Controls) -> None:
    controls.check(mutant.tests)
    root = copy_repository(tmp_path / "copy")
    (root / mutant.file).write_text(mutant.applied_to(root), "utf-8")
    run = run_tests(root, mutant.tests)
    assert run.code == 1, f"{mutant.name}: pytest ended with {run.code}\n{run.output}"
    check_origin(run, root)
    assert mutant.module in run.modules, f"{mutant.file} was not imported"
    assert any(phase == "call" for phase, _ in run.failed), f"no test said no:\n{run.output}"
    shutil.rmtree(root)  # kept where the fault was not noticed
