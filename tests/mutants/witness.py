"""A pytest plugin that writes down which of our modules were imported, from where, and what failed.

python -m pytest -p tests.mutants.witness --witness FILE ...
"""

import json
import sys
from pathlib import Path

import pytest

PACKAGES = ("schemas", "annotators", "pipeline", "review", "trainer", "flows")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--witness", type=Path, help="file to write to")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--witness")
    if path is not None:
        config.pluginmanager.register(Witness(path))


class Witness:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._failed: list[tuple[str, str]] = []  # (phase, test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.append((report.when, report.nodeid))

    def pytest_sessionfinish(self) -> None:
        modules = {
            name: file
            for name, module in sorted(sys.modules.items())
            if name.partition(".")[0] in PACKAGES
            and (file := getattr(module, "__file__", None)) is not None
        }
        self._path.write_text(json.dumps({"modules": modules, "failed": self._failed}), "utf-8")
