# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Hard cases of weights and model cards; each with a near miss."""

import json

# REUSE-IgnoreStart


def weights(**metadata: str) -> bytes:
    header = json.dumps({"__metadata__": metadata}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * 64


def test_case_28_noncommercial_weights(tree):
    tree.allow("Apache-2.0", "CC-BY-4.0", use="weights")
    tree.write({"w.safetensors": weights(license="cc-by-nc-4.0")})
    assert "license-not-allowed" in tree.rules("w.safetensors")
    assert "non-commercial" in tree.message("license-not-allowed")
    tree.write({"w.safetensors": weights(license="apache-2.0")})
    assert tree.open() == set()
    tree.write({"w.safetensors": weights()})
    assert tree.rules("w.safetensors") == {"weights-without-license"}


def test_case_29_openrail_weights_pass_their_restrictions_on(tree):
    tree.allow("LicenseRef-OpenRAIL", use="weights")
    tree.write({"w.safetensors": weights(license="openrail"), "LICENSES/LicenseRef-OpenRAIL.txt": "x"})
    assert tree.open() == {("obligation-unmet", "w.safetensors")}
    tree.more('[[met]]\nobligation = "pass-on-restrictions"\nhow = "TERMS.md, section 2"\n')
    assert tree.open() == set()


def test_case_30_weights_trained_on_imagenet(tree):
    tree.allow("Apache-2.0", use="weights")
    content = weights(license="apache-2.0", dataset="ImageNet-1k")
    tree.write({"w.safetensors": content})
    assert tree.open() == {("dataset-terms", "w.safetensors")}
    tree.write({"w.safetensors": weights(license="apache-2.0", dataset="our-own-pictures")})
    assert tree.open() == set()


def test_case_30_model_card(tree):
    tree.write({"card/README.md": "---\nlicense: cc-by-nc-4.0\ndatasets:\n- imagenet-1k\n---\n# A model\n"})
    assert {"license-not-allowed", "dataset-terms"} <= tree.rules("card/README.md")
    tree.write({"card/README.md": "---\nlicense: mit\n---\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()


# REUSE-IgnoreEnd
