"""The outcome as JUnit XML, as Jenkins, GitLab and pytest's reports have it.

A test case is one metric of one benchmark. It has no time: a benchmark's latency is not the time
that its test took. Facts are properties of the suite, for the schema allows none of a case.
"""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from isthmus.benchmarks.gate.rule.verdict import KINDS, Outcome, Verdict
from isthmus.reports.files.checks import clean

from .to_table import cells
from .to_text import about, finding, headline, line, machine, sides, title, warnings

__all__ = ["text_of"]

CLASS = "isthmus.gate"
FAILURE, SKIPPED = "failure", "skipped"


def text_of(outcome: Outcome) -> str:
    """The document with its declaration; no text holds a character that XML forbids."""
    root = Element("testsuites", {"name": CLASS, **_counts(outcome)})
    _suite(root, outcome)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, outcome: Outcome) -> None:
    spent = outcome.spent_seconds
    time = {} if spent is None else {"time": f"{spent:.3f}"}
    suite = SubElement(root, "testsuite", {"name": CLASS, **_counts(outcome), **time})
    properties = SubElement(suite, "properties")
    for name, value in _facts(outcome).items():
        SubElement(properties, "property", {"name": name, "value": value})
    for verdict in outcome.gravest_first():
        _case(suite, outcome, verdict)
    said = (headline(outcome), sides(outcome), *warnings(outcome))
    SubElement(suite, "system-out").text = "\n".join(said)


def _case(suite: Element, outcome: Outcome, verdict: Verdict) -> None:
    place = {"file": clean(verdict.place)} if verdict.place else {}
    case = SubElement(suite, "testcase", {"classname": CLASS, "name": _name(verdict), **place})
    tag = _tag(outcome, verdict)
    if not tag:
        SubElement(case, "system-out").text = finding(verdict)
        return
    kind = {"type": verdict.kind} if tag == FAILURE else {}
    told = SubElement(case, tag, {**kind, "message": line(verdict)})
    told.text = _compared(outcome, verdict)


def _tag(outcome: Outcome, verdict: Verdict) -> str:
    """What it is to a reader of tests, "" where it passed; what fails the gate fails here."""
    if verdict.kind == "regressed" or (outcome.strict and verdict.kind == "inconclusive"):
        return FAILURE
    return SKIPPED if verdict.kind in ("inconclusive", "missing", "new") else ""


def _name(verdict: Verdict) -> str:
    """With its metric, so that it is unique: `tests/bench.py::test_f (median latency)`."""
    metric, name = title(verdict.metric), clean(verdict.benchmark)
    return f"{name} ({metric})" if metric else name


def _compared(outcome: Outcome, verdict: Verdict) -> str:
    """The comparison, a line a fact."""
    facts = {**cells(verdict), "compared": sides(outcome)}
    wide = max(map(len, facts))
    return "\n".join(f"{name:<{wide}}  {value}" for name, value in facts.items())


def _facts(outcome: Outcome) -> dict[str, str]:
    kinds = Counter(verdict.kind for verdict in outcome.verdicts)
    counts: dict[str, str] = {kind: str(kinds[kind]) for kind in KINDS}
    about_machine = {f"machine {name}": value for name, value in machine(outcome).items()}
    return {"exit code": str(outcome.exit_code), **counts, **about(outcome), **about_machine}


def _counts(outcome: Outcome) -> dict[str, str]:
    tags = Counter(_tag(outcome, verdict) for verdict in outcome.verdicts)
    counts = {"failures": tags[FAILURE], "errors": 0, "skipped": tags[SKIPPED]}
    return {"tests": str(tags.total()), **{name: str(count) for name, count in counts.items()}}
