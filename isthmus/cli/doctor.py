"""`isthmus doctor`: what this machine has, whether each backend works, and what to do."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus._version import __version__
from isthmus.errors import BackendMissing, FileError
from isthmus.program import cache
from isthmus.program.backend import Diagnosis, backend_names, facts_of, find_backend
from isthmus.program.backend import Facts as BackendFacts
from isthmus.system import extras, machine

from .options import AsJson
from .show import printable, say, show_json, show_table, spinner

if TYPE_CHECKING:
    from .checks import Check

__all__ = ["doctor"]

Document = dict[str, Any]


def doctor(
    as_json: AsJson = False,
    clear_cache: Annotated[
        bool, typer.Option("--clear-cache", help="First remove the compiled programs kept on disk.")
    ] = False,
) -> None:
    """Examine this machine, and run a small program on every backend.

    Exit codes: 0 the cpu backend works, 5 it does not. A missing GPU is no fault.

    Example: isthmus doctor
    """
    from .checks import checks

    store = cache.cache_store() if clear_cache else None
    if store is not None:
        store.clear()
    with spinner("examining this machine ..."):
        found = checks()
        document = _document(found)
    if as_json:
        show_json(document)
    else:
        _show(document)
    if not document["ok"]:
        raise typer.Exit(BackendMissing.exit_code)


def _document(found: list[Check]) -> Document:
    runtimes, gpus = machine.versions(machine.RUNTIMES), machine.gpus()
    kept = cache.state()
    diagnoses = _diagnoses()
    return {
        "isthmus": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": machine.processor(),
        "processor_flags": machine.processor_flags(),
        "threads": machine.thread_counts(),
        "memory_bytes": machine.memory_bytes(),
        "gpus": gpus,
        "packages": machine.versions(machine.PACKAGES) | runtimes,
        "openvino_default_precision": _facts_of("cpu").default_precision,
        "isthmus_default_precision": "f32",
        "samples": _samples(),
        "cache": asdict(kept),
        "extras": [{"extra": extra, "missing": gone} for extra, gone in extras.lacking().items()],
        "backends": [{"name": check.name, **asdict(check)} for check in found],
        "runtimes": {name: dict(each.found) for name, each in diagnoses.items()},
        "problems": [*_problems(found, gpus, runtimes, diagnoses), *_unsafe(kept)],
        "ok": any(check.backend == "cpu" and check.status == "works" for check in found),
    }


def _facts_of(name: str) -> BackendFacts:
    """Nothing but the defaults of one that cannot be loaded."""
    try:
        return facts_of(find_backend(name))
    except BackendMissing:
        return BackendFacts()


def _diagnoses() -> dict[str, Diagnosis]:
    """What each backend that examines its runtime found, by its name."""
    found = {}
    for name in backend_names():
        with contextlib.suppress(BackendMissing):  # which its check says
            examine = getattr(find_backend(name), "diagnosis", None)
            if examine is not None:
                found[name] = examine()
    return found


def _samples() -> dict[str, str | None]:
    """Where each sample is, None where it is not installed."""
    from isthmus.models.inputs import samples

    return {
        "minilm-l6": _place(samples.minilm),
        "mobilenet-v2": _place(samples.mobilenet_v2),
        "photographs": _place(lambda: samples.photographs()[0]),
    }


def _place(find: Callable[[], Path]) -> str | None:
    try:
        return str(find())
    except FileError:
        return None


def _problems(
    found: list[Check],
    gpus: list[str],
    runtimes: Mapping[str, str],
    diagnoses: Mapping[str, Diagnosis],
) -> list[dict[str, str]]:
    """What is wrong, each with its remedy."""
    problems = [
        {
            "problem": f"backend {check.name} does not work: {check.detail}",
            "remedy": _facts_of(check.backend).remedy,
        }
        for check in found
        if check.status == "fails" or (check.backend == "cpu" and check.status == "missing")
    ]
    return [*problems, *_idle(found, gpus, diagnoses), *_clash(runtimes)]


def _unsafe(kept: cache.State) -> list[dict[str, str]]:
    """A folder of compiled programs that is not used."""
    problem = f"compiled programs are not kept in {kept.folder}: {kept.problem}"
    remedy = f"make it a folder of yours alone (chmod 700), or set {cache.FOLDER}"
    return [{"problem": problem, "remedy": remedy}] if kept.problem else []


def _idle(
    found: list[Check], gpus: list[str], diagnoses: Mapping[str, Diagnosis]
) -> list[dict[str, str]]:
    """A GPU that nothing runs on: each reason, with the command that mends it."""
    problem = "this machine has a GPU that backend gpu cannot use"
    idle = [c for c in found if gpus and c.device == "cuda" and c.status == "missing"]
    return [
        {"problem": f"{problem}: {reason}", "remedy": remedy}
        for check in idle
        for reason, remedy in _reasons(check, diagnoses.get(check.backend))
    ]


def _reasons(check: Check, diagnosis: Diagnosis | None) -> list[tuple[str, str]]:
    known = [] if diagnosis is None else list(diagnosis.problems)
    return known or [("no program runs on it", check.detail)]


def _clash(runtimes: Mapping[str, str]) -> list[dict[str, str]]:
    """Packages that overwrite each other: which one is in effect is a matter of luck."""
    if len(runtimes) < 2:
        return []
    every = " and ".join(f"{name} {version}" for name, version in runtimes.items())
    keep = "onnxruntime-gpu[cuda,cudnn]" if "onnxruntime-gpu" in runtimes else "onnxruntime"
    remove = f"pip uninstall -y {' '.join(runtimes)}"
    return [
        {
            "problem": f"{every} are both installed, into the same folder",
            "remedy": f"{remove} && pip install '{keep}' (without a GPU: onnxruntime)",
        }
    ]


def _show(document: Document) -> None:
    facts = [(name, printable(text)) for name, text in _facts(document)]
    show_table("machine", ("what", "found"), facts)
    brought = [(row["extra"], ", ".join(row["missing"]) or "-") for row in document["extras"]]
    show_table("extras: pip install 'isthmus[EXTRA]'", ("extra", "not installed"), brought)
    for name, each in document["runtimes"].items():
        told = [(fact, printable(text)) for fact, text in each.items()]
        show_table(f"the runtime of backend {name}", ("what", "found"), told)
    rows = [(row["name"], row["status"], printable(row["detail"])) for row in document["backends"]]
    show_table("backends", ("backend", "status", "detail"), rows)
    for row in document["problems"]:
        say(printable(f"problem: {row['problem']}; remedy: {row['remedy']}"))
    say("the cpu backend works" if document["ok"] else "the cpu backend does not work")


def _facts(document: Document) -> list[tuple[str, str]]:
    """The document's upper part as lines of text."""
    return [
        ("isthmus", f"{document['isthmus']}, Python {document['python']}"),
        ("system", document["system"]),
        ("processor", document["processor"]),
        ("flags", " ".join(document["processor_flags"]) or "not known"),
        ("threads", _threads(document["threads"])),
        ("memory", _memory(document["memory_bytes"])),
        ("GPU", "; ".join(document["gpus"]) or "none that nvidia-smi knows"),
        ("packages", ", ".join(f"{name} {v}" for name, v in document["packages"].items())),
        ("precision", _precision(document)),
        ("cache", _cache(document["cache"])),
        ("samples", ", ".join(f"{n} {'yes' if at else 'no'}" for n, at in _sampled(document))),
    ]


def _sampled(document: Document) -> list[tuple[str, str | None]]:
    return list(document["samples"].items())


def _threads(counts: Mapping[str, int | None]) -> str:
    quota = counts["quota"] if counts["quota"] is not None else "none"
    return (
        f"{counts['used']} used: {counts['processors']} processors, "
        f"affinity {counts['affinity']}, quota {quota}"
    )


def _memory(size: int | None) -> str:
    return "not known" if size is None else f"{size / 2**30:.1f} GiB"


def _cache(kept: Mapping[str, Any]) -> str:
    if kept["folder"] is None:
        return "switched off"
    sizes = f"{kept['size_bytes'] / 2**20:.0f} MiB of {kept['most_bytes'] / 2**30:g} GiB"
    return f"{kept['programs']} compiled programs, {sizes}, in {kept['folder']}"


def _precision(document: Document) -> str:
    theirs = document["openvino_default_precision"] or "not known"
    ours = document["isthmus_default_precision"]
    return f"OpenVINO's default here: {theirs}; Isthmus asks for {ours}"
