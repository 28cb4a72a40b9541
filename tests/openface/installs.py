"""Installs of the stand-in for OpenFace, laid out as a build of the real one."""

import json
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("feature_extraction.py")
MODEL = "main_clnf_general.txt"


def install(home: Path, act: str = "good", **told) -> Path:
    """Its program, which behaves as told from its next start on."""
    folder = home / "bin"
    for name in ("model", "AU_predictors"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "model" / MODEL).write_text("LandmarkDetector clnf_general.txt\n", "ascii")
    (folder / "AU_predictors" / "AU_all_best.txt").write_text("svr_combined\n", "ascii")
    binary = folder / "FeatureExtraction"
    binary.write_text(f"#!{sys.executable} -IS\n{SCRIPT.read_text('utf-8')}", "utf-8")
    binary.chmod(0o755)
    (folder / "act.json").write_text(json.dumps({"act": act} | told), "utf-8")
    return binary


def calls(binary: Path) -> list[dict]:
    lines = (binary.parent / "calls.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
