"""The model file of SwiftF0 that lies beside this code: model.onnx of the wheel swift-f0 0.3.0."""

import hashlib
from pathlib import Path
from typing import Final

from schemas.errors import SetupError

SHA256: Final = "6385e8c2ebc3872e82c9ff5946228de44cd3be77a750ea53698b7dbfe94b0a22"
PITCH_MODEL: Final = f"swift-f0-0.3.0 sha256:{SHA256[:16]}"  # for Maker.model
_PATH: Final = Path(__file__).with_name("swift_f0.onnx")


def read_pitch_file(path: Path = _PATH) -> bytes:
    """SetupError when it is not there, or not the file we know."""
    content = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SetupError(f"{path.name}: has sha256 {found}, expected {SHA256}; install merr again")
    return content
