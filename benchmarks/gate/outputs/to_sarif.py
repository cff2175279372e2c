"""The outcome as SARIF 2.1.0, with what GitHub's code scanning asks for.

A rule is a metric, a result a regression or an inconclusive comparison. The fingerprint is of the
benchmark and the metric alone, so that an alert stays the same one while its figures change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from isthmus._version import __version__
from isthmus.benchmarks.gate.rule.metrics import NAMES, PARITY
from isthmus.benchmarks.gate.rule.verdict import Kind, Outcome, Verdict

from .to_json import finite
from .to_text import about, level, line, machine, title, warnings

__all__ = ["text_of"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
KINDS: tuple[Kind, ...] = ("regressed", "inconclusive")
RESULTS = 25_000  # a run with more is refused by GitHub
FIGURES = ("base", "head", "ratio", "low", "high", "margin")
ANYWHERE = "pyproject.toml"  # the place of a benchmark whose file is not known
ROOT = "%SRCROOT%"

Document = dict[str, Any]


def text_of(outcome: Outcome) -> str:
    """The log as JSON."""
    return json.dumps(document(outcome), indent=1, allow_nan=False) + "\n"


def document(outcome: Outcome) -> Document:
    """A log of one run."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(outcome)]}


def _run(outcome: Outcome) -> Document:
    found = [verdict for verdict in outcome.gravest_first() if verdict.kind in KINDS]
    rules = list(dict.fromkeys((*NAMES, *map(_metric, found))))
    driver = {"name": "isthmus", "version": __version__, "rules": list(map(_rule, rules))}
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": "isthmus-gate/"},
        "originalUriBaseIds": {ROOT: {"description": _text("the root of the project")}},
        "invocations": [_invocation(outcome, len(found) - RESULTS)],
        "results": [_result(verdict, rules, outcome.strict) for verdict in found[:RESULTS]],
        "columnKind": "unicodeCodePoints",
        "properties": {**about(outcome), **machine(outcome)},
    }


def _rule(metric: str) -> Document:
    what = title(metric)
    said = f"The {what} of a benchmark became worse than its margin allows."
    if metric == PARITY:
        said = "The outputs of a benchmark differ more from their reference than before."
    return {
        "id": metric,
        "name": "".join(word.capitalize() for word in metric.split("_")),
        "shortDescription": _text(f"Regression of the {what}"),
        "fullDescription": _text(said),
        "help": _text(f"{said} Measure both revisions again with `isthmus gate --against REF`."),
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["performance"], "precision": "high"},
    }


def _invocation(outcome: Outcome, left_out: int) -> Document:
    """The gate ran well, whatever it found; its warnings are notifications."""
    told = list(warnings(outcome))
    if left_out > 0:
        told.append(f"{left_out:,} more results are left out: {RESULTS:,} are the most of a run")
    return {
        "executionSuccessful": True,
        "exitCode": outcome.exit_code,
        "exitCodeDescription": outcome.headline,
        "toolExecutionNotifications": [
            {"level": "warning", "message": _text(text)} for text in told
        ],
    }


def _metric(verdict: Verdict) -> str:
    return verdict.metric or "benchmark"


def _result(verdict: Verdict, rules: Sequence[str], strict: bool) -> Document:
    metric = _metric(verdict)
    figures = {name: finite(getattr(verdict, name)) for name in FIGURES}
    return {
        "ruleId": metric,
        "ruleIndex": rules.index(metric),
        "level": level(verdict, strict),
        "message": _text(line(verdict)),
        "locations": [_location(verdict.place)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(verdict)},
        "properties": {"kind": verdict.kind, **figures},
    }


def _location(place: str) -> Document:
    """The file's first line: which line defines the benchmark is not known."""
    path = PurePosixPath(place.replace("\\", "/"))
    inside = bool(place) and not path.is_absolute() and ".." not in path.parts
    uri = quote(str(path) if inside else ANYWHERE, errors="replace")
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    artifact = {"uri": uri, "uriBaseId": ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _fingerprint(verdict: Verdict) -> str:
    name = f"{verdict.benchmark}\n{verdict.metric}".encode(errors="replace")
    return f"{hashlib.sha256(name).hexdigest()[:16]}:1"


def _text(text: str) -> Document:
    return {"text": text}
