# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Published weights: float16 safetensors files named by their own hash, and models made from them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

import keima
from keima_cli import atomic
from keima_cli.errors import BrokenInputError
from keima_zoo import checkpoint
from keima_zoo.models import MODELS

FORMAT = "keima-weights-1"
HASH_DIGITS = 16


def write(folder: Path, saved: checkpoint.Checkpoint) -> Path:
    """Write a checkpoint's model alone, floats as float16, to `folder/MODEL-HASH.safetensors`."""
    arrays = {name: _narrowed(name, array) for name, array in saved.model.items()}
    content = save(arrays, {"format": FORMAT, "recipe": json.dumps(saved.recipe, sort_keys=True)})
    digest = hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
    path = folder / f"{saved.recipe['model']}-{digest}.safetensors"
    atomic.write_bytes(path, content)
    return path


def _narrowed(name: str, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.dtype != np.float32:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float16)
    if not np.isfinite(narrow).all():
        raise BrokenInputError(f"array {name!r} has values beyond float16 (65504), or NaN", hint="train it anew")
    return np.ascontiguousarray(narrow)


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_hash(path: Path) -> None:
    """Raise BrokenInputError unless the file's name ends in its own hash."""
    found = sha256(path)[:HASH_DIGITS]
    if not path.stem.endswith(f"-{found}"):
        raise BrokenInputError(f"{path} is not the published file: its SHA-256 begins {found}", hint="get it anew")


def load_model(path: Path) -> tuple[keima.module.Module, dict[str, Any]]:
    """The model of a checkpoint or of published weights, ready to evaluate, and its recipe.

    Raises BrokenInputError where the file is damaged, changed or does not fit its model.
    """
    metadata, arrays = checkpoint.read_arrays(path)
    if metadata.get("format") == FORMAT:
        check_hash(path)
        recipe = _recipe(path, metadata)
    else:
        saved = checkpoint.parse(path, metadata, arrays)
        recipe, arrays = saved.recipe, saved.model
    name = recipe.get("model")
    if name not in MODELS:
        raise BrokenInputError(f"{path} is of model {name!r}, expected one of {', '.join(MODELS)}")
    model = MODELS[name]()
    load_weights(model, arrays)
    return model.eval(), recipe


def _recipe(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    try:
        return dict(json.loads(metadata["recipe"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenInputError(f"{path} names no recipe: {error!r}", hint="get it anew") from error


def require_same_arrays(owner: str, expected: dict[str, NDArray[Any]], got: dict[str, NDArray[Any]]) -> None:
    """Raise BrokenInputError, naming the first difference, unless names, shapes and kinds are the same."""
    if expected.keys() != got.keys():
        wrong = sorted(expected.keys() ^ got.keys())[0]
        how = "lacks" if wrong in expected else "has an unknown"
        raise BrokenInputError(f"the file {how} array {wrong!r} of {owner}", hint="use the file of this recipe's model")
    for name, array in expected.items():
        if array.shape != got[name].shape or array.dtype.kind != got[name].dtype.kind:
            raise BrokenInputError(
                f"array {name!r} of {owner}: expected {array.dtype} of shape {array.shape}, "
                f"got {got[name].dtype} of shape {got[name].shape}"
            )


def load_weights(model: keima.module.Module, arrays: dict[str, NDArray[Any]]) -> None:
    """Load a state dict into a model, widening float16; one that does not fit raises BrokenInputError."""
    expected = model.state_dict()
    require_same_arrays("the model", expected, arrays)
    model.load_state_dict({name: array.astype(expected[name].dtype) for name, array in arrays.items()})
