# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Training recipes: YAML files with a checked schema."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keima_cli.errors import WrongUseError, name_hint
from keima_zoo.models import MODELS

# Beyond any honest recipe.
MAX_RECIPE_BYTES = 1 << 20


class Recipe(BaseModel):
    """How a model is trained.

    Rates are for the whole batch; epochs count passes over the training set. Its last batch holds what is left, unless
    drop_last leaves that out (evaluation never leaves an image out).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: Literal["lenet", "resnet18-28"]
    epochs: int = Field(ge=1, le=1000)
    batch_size: int = Field(ge=1, le=65536)
    drop_last: bool = False
    lr: float = Field(gt=0)
    momentum: float = Field(ge=0, lt=1, default=0.9)
    weight_decay: float = Field(ge=0, default=0.0)
    warmup_batches: int = Field(ge=0, default=0)
    label_smooth: float = Field(ge=0, lt=1, default=0.0)
    flip: bool = False
    shift: int = Field(ge=0, le=8, default=0)
    seed: int = Field(ge=0, default=0)


def load_recipe(path: Path, overrides: list[str]) -> Recipe:
    """Read a recipe and apply `key=value` overrides; a mistake names the file, the key and the nearest known one."""
    if path.is_file() and path.stat().st_size > MAX_RECIPE_BYTES:
        raise WrongUseError(f"{path} is larger than {MAX_RECIPE_BYTES} bytes: not a recipe")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUseError(f"{path}: {error.strerror}", hint="give the path of a recipe") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise WrongUseError(f"{path}: expected keys and values, got a {type(content).__name__}")
    content.update(dict(_override(text) for text in overrides))
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise _explained(path, error) from error


def _override(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not separator:
        raise WrongUseError(f"--set {text}: expected key=value")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise WrongUseError(f"--set {text}: the value is not YAML: {error}") from error


def _explained(path: Path, error: ValidationError) -> WrongUseError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    got = reprlib.repr(first["input"])[:200]  # a short file can hold, by aliases, more than memory can spell out
    if first["type"] == "extra_forbidden":
        return WrongUseError(f"{path}: there is no key '{key}'", hint=name_hint(key, Recipe.model_fields))
    if key == "model":
        return WrongUseError(f"{path}: model is {got}, expected one of {', '.join(MODELS)}")
    return WrongUseError(f"{path}: {key}: {first['msg']}, got {got}")
