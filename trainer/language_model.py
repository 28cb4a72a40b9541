"""Base models and tokenizers: from the hub or a folder, and what to do where the hub refuses."""

from pathlib import Path
from typing import Any, Final

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from schemas.errors import SetupError, TransientError

PAPER_MODEL: Final = "meta-llama/Llama-2-7b-chat-hf"
# Apache-2.0, no form to sign, 7.6 billion parameters, 3584 wide.
OPEN_MODEL: Final = "Qwen/Qwen2.5-7B-Instruct"


def load_llm(
    name: str,
    *,
    revision: str | None = None,
    dtype: torch.dtype = torch.bfloat16,
    attention: str = "sdpa",
) -> Any:
    """A causal language model by hub id or folder."""
    _fetch_config(name, revision)
    try:
        return AutoModelForCausalLM.from_pretrained(
            name, revision=revision, dtype=dtype, attn_implementation=attention
        )
    except (OSError, ValueError, ImportError) as e:
        raise SetupError(f"{name}: does not load as a causal language model: {_line(e)}") from e


def load_tokenizer(name: str, *, revision: str | None = None) -> Any:
    """The tokenizer of a base model, or the one saved in a checkpoint."""
    if not Path(name).is_dir():
        _fetch_config(name, revision)
    try:
        return AutoTokenizer.from_pretrained(name, revision=revision)
    except (OSError, ValueError, ImportError) as e:
        raise SetupError(f"{name}: has no tokenizer that loads: {_line(e)}") from e


def load_llm_config(name: str, *, revision: str | None = None) -> Any:
    """Its config.json alone, without weights."""
    _fetch_config(name, revision)
    try:
        return AutoConfig.from_pretrained(name, revision=revision)
    except (OSError, ValueError) as e:
        raise SetupError(f"{name}: its config.json does not load: {_line(e)}") from e


def _fetch_config(name: str, revision: str | None) -> None:
    """Ask the hub for the smallest file first: its own errors say what is the matter."""
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise SetupError(f"{name}: there is no config.json, so this is no model's folder")
        return
    try:
        hf_hub_download(name, "config.json", revision=revision)
    except GatedRepoError as e:
        raise SetupError(_gated_text(name)) from e
    except RepositoryNotFoundError as e:
        raise SetupError(
            f"{name}: no such folder here, and the hub knows no such model, or only for those who "
            f"are logged in; check the spelling, or run `hf auth login`. {_open_text()}"
        ) from e
    except LocalEntryNotFoundError as e:
        raise TransientError(
            f"{name}: not in the hub's cache here, and the hub was not reached: {_line(e)}"
        ) from e
    except (RevisionNotFoundError, EntryNotFoundError, HFValidationError) as e:
        raise SetupError(f"{name}: {_line(e)}") from e
    except OSError as e:
        raise TransientError(f"{name}: the hub did not answer: {_line(e)}") from e


def _gated_text(name: str) -> str:
    return (
        f"{name}: the model is gated: its owner lets in those who accepted the licence. Accept it "
        f"on the model's page, wait for the mail, then run `hf auth login` with a token of that "
        f"account. {_open_text()}"
    )


def _open_text() -> str:
    return (
        f"Without access, {OPEN_MODEL} is open to all (`--llm {OPEN_MODEL}`; of merr train `--set "
        f"model.llm={OPEN_MODEL}`; its results are not the paper's), and a folder with the "
        "weights works, too"
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
