# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""SBOMs as SPDX 2.3 and CycloneDX 1.6 JSON. The same bill gives the same bytes.

The time is SOURCE_DATE_EPOCH's, or 1980-01-01 as in reproducible zip files; ids come from the content.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from datetime import datetime, timezone
from typing import Any

from keima_audit.components import Bill, Component
from keima_audit.expressions import terms
from keima_audit.licenses import nodes_of

_EPOCH = 315532800
_TOOL = "keima-audit"


def _time() -> str:
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or _EPOCH)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(bill: Bill) -> str:
    parts = [(p.name, p.version, p.license, p.path, p.sha256) for p in bill.parts]
    return hashlib.sha256(json.dumps([bill.name, bill.version, bill.sha256, bill.content, parts]).encode()).hexdigest()


def _own_references(bill: Bill) -> list[str]:
    named = {
        term.license
        for text in (bill.license, *(part.license for part in bill.parts))
        for node in nodes_of((text,))
        for term in terms(node)
    }
    return sorted(name for name in named if name.startswith("LicenseRef-"))


def spdx(bill: Bill) -> str:
    """The bill as an SPDX 2.3 document."""
    root = {
        **_spdx_package(Component(bill.name, bill.version, bill.license, "project", sha256=bill.sha256), 0),
        "primaryPackagePurpose": "LIBRARY",
    }
    parts = [_spdx_package(part, index) for index, part in enumerate(bill.parts, start=1)]
    relations = [
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": root["SPDXID"],
        }
    ]
    for part, package in zip(bill.parts, parts, strict=True):
        kind = "DEPENDS_ON" if part.kind == "dependency" else "CONTAINS"
        relations.append(
            {
                "spdxElementId": root["SPDXID"],
                "relationshipType": kind,
                "relatedSpdxElement": package["SPDXID"],
            }
        )
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{_slug(bill.name)}-{_identity(bill)}",
        "creationInfo": {"created": _time(), "creators": [f"Tool: {_TOOL}"]},
        "packages": [root, *parts],
        "relationships": relations,
        "hasExtractedLicensingInfos": [
            {
                "licenseId": name,
                "extractedText": bill.texts.get(name, f"See the terms named {name}."),
                "name": name,
            }
            for name in _own_references(bill)
        ],
    }
    return _dump(document)


def _spdx_package(part: Component, index: int) -> dict[str, Any]:
    package: dict[str, Any] = {
        "SPDXID": f"SPDXRef-Package-{index}-{_slug(part.name)}",
        "name": part.name,
        "downloadLocation": part.origin if re.match(r"https?://[^\s]+$", part.origin) else "NOASSERTION",
        # Its files are not listed one by one, which SPDX calls "not analysed".
        "filesAnalyzed": False,
        "licenseConcluded": part.license,
        "licenseDeclared": part.license,
        "copyrightText": "\n".join(part.copyrights) or "NOASSERTION",
    }
    if part.version:
        package["versionInfo"] = part.version
    if part.sha256:
        package["checksums"] = [{"algorithm": "SHA256", "checksumValue": part.sha256}]
    if part.path:
        package["packageFileName"] = part.path
    if part.purl:
        package["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": part.purl}
        ]
    return package


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name) or "unnamed"


def cyclonedx(bill: Bill) -> str:
    """The bill as a CycloneDX 1.6 document."""
    root_reference = f"project:{bill.name}"
    components = [_cyclonedx_component(part, index) for index, part in enumerate(bill.parts, start=1)]
    metadata = {
        "timestamp": _time(),
        "tools": {"components": [{"type": "application", "name": _TOOL}]},
        "component": {
            "type": "library",
            "bom-ref": root_reference,
            "name": bill.name,
            "version": bill.version or "0",
            "licenses": [{"expression": bill.license}],
        },
    }
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _identity(bill))}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{"ref": root_reference, "dependsOn": [c["bom-ref"] for c in components]}],
    }
    return _dump(document)


def _cyclonedx_component(part: Component, index: int) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "file" if part.kind == "file" else "library",
        "bom-ref": f"part:{index}:{part.name}",
        "name": part.name,
    }
    if part.version:
        component["version"] = part.version
    if part.license != "NOASSERTION":
        # One expression, never an id: CycloneDX 1.6 rejects a LicenseRef as an id, and mixing the two.
        component["licenses"] = [{"expression": part.license}]
    if part.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": part.sha256}]
    if part.purl:
        component["purl"] = part.purl
    if part.copyrights:
        component["copyright"] = "\n".join(part.copyrights)
    if part.path:
        component["evidence"] = {"occurrences": [{"location": part.path}]}
    return component


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
