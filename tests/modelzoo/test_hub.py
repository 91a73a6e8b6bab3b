# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The published entries: files are what their records say, and cards say what the records say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keima_zoo import fashion_mnist, publish, weights
from keima_zoo.recipe import load_recipe

HUB = Path(__file__).parents[2] / "modelzoo" / "hub"
RECIPES = Path(publish.__file__).parent / "recipes"
RECORDS = sorted(HUB.glob("*.json"))


def record_of(path: Path) -> publish.Record:
    return publish.Record(**json.loads(path.read_text()))


def test_every_weights_file_has_a_record_and_every_record_its_files() -> None:
    assert {path.stem for path in HUB.glob("*.safetensors")} == {path.stem for path in RECORDS}
    assert RECORDS
    for path in RECORDS:
        for suffix in (".md", "-curve.png", "-confusion.png", "-log.txt"):
            assert path.with_name(path.stem + suffix).is_file()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_file_and_card_agree_with_the_record(path: Path) -> None:
    record = record_of(path)
    assert weights.sha256(HUB / record.file) == record.sha256
    assert path.with_suffix(".md").read_text() == publish.card(record)
    assert record.accuracy >= 0.9


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_recipe_that_a_card_names_is_the_one_that_made_the_weights(path: Path) -> None:
    record = record_of(path)
    recipe = load_recipe(RECIPES / f"{record.model}.yaml", [])
    # Records from before recipes could say so are of runs that dropped the rest.
    assert recipe.model_dump() == {"drop_last": True, **record.recipe}


@pytest.mark.slow
@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_measured_again_the_accuracy_is_the_recorded_one(path: Path) -> None:
    record = record_of(path)
    test = fashion_mnist.read_split(fashion_mnist.locate(None), train=False)
    again, _ = publish.measure(HUB / record.file, record.history, test)
    # Other processors sum in another order: a few images on the edge may change sides.
    assert abs(again.accuracy - record.accuracy) <= 5 / record.test_images
    assert again.parameters == record.parameters
