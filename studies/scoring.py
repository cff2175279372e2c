"""What scoring many texts by `isthmus score` gains, and that kills cost nothing but time.

    python -m studies.scoring [RESULT.json] [--texts N] [--rounds N] [--threads N] [--kills N]

MiniLM, float32, on sentences and paragraphs of the repository's passage in an order of chance. All
three embed the same texts from a file into a file: `isthmus score` with one process; a plain loop
over batches of 32 in the file's order, each padded to its longest text, of the same compiled model;
and sentence-transformers with its OpenVINO backend (`make peers`), which sorts all texts by length.
Each has a process of its own with the same threads, held to as many processors; they take turns on
slices of the texts, and who begins changes. Told are texts per second of the whole process, its
start included, and of the embedding alone, and that embeddings agree.

--kills: instead, the command is killed (SIGKILL) at so many moments of chance and run again; its
output must be that of an undisturbed run, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from isthmus.benchmarks.harness import environments
from isthmus.benchmarks.harness.fingerprint import fingerprint, versions
from isthmus.benchmarks.work.input_sets import all_texts
from isthmus.errors import BackendMissing, UsageError
from isthmus.reports import log_ratio
from isthmus.reports.stats.intervals import FEWEST_ROUNDS

from .study import check_threads, default_path, progress
from .study import run as run_study

TEXTS, ROUNDS = 100_000, 10
OURS, LOOP, PEER = "score", "loop", "sentence-transformers"
GOALS = {LOOP: 2.0, PEER: 1.2}
ALIKE = 1e-4  # embeddings are of length 1
KILLED_TEXTS, KILLED_PART = 2000, 100
HERE = Path(__file__).parent


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m studies.scoring")
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--texts", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0)
    given = parser.parse_args(arguments)
    check_threads(given.threads)
    record: dict[str, Any] = {
        "datetime": datetime.now(UTC).isoformat(),
        "machine": {"fingerprint": fingerprint(), "versions": versions()},
        "model": "minilm-l6",
        "precision": "f32",
        "processes": 1,
        "threads": given.threads,
    }
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder:
        if given.kills:
            name = "scoring-kills"
            record |= killed(Path(folder), given.texts or KILLED_TEXTS, given.kills, given.threads)
        else:
            name = "scoring"
            record |= measured(Path(folder), given.texts or TEXTS, given.rounds, given.threads)
    path = given.path or default_path(name)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")


def drawn(count: int, seed: int = 0) -> list[str]:
    """So many texts in an order of chance, in which each comes as often as the others."""
    texts, generator = all_texts(), numpy.random.default_rng(seed)
    found: list[str] = []
    while len(found) < count:
        found += [texts[place] for place in generator.permutation(len(texts))]
    return found[:count]


# Speed


def measured(folder: Path, count: int, rounds: int, threads: int) -> dict[str, Any]:
    """Texts per second of each way, and ours over each other."""
    if not 1 <= rounds <= count:
        raise UsageError(f"--rounds {rounds}: give 1 to {count}, the number of texts")
    ways = _ways(folder, threads)
    texts = drawn(count)
    slices = [texts[number::rounds] for number in range(rounds)]
    times: list[dict[str, tuple[float, float]]] = []
    worst = 0.0
    for number in progress(range(rounds), f"{count} texts"):
        path = folder / f"texts-{number}.txt"
        path.write_text("".join(f"{text}\n" for text in slices[number]), encoding="utf-8")
        names = [*ways]
        order = names[number % len(names) :] + names[: number % len(names)]
        found, seconds = {}, {}
        for name in order:
            found[name], seconds[name] = _timed(ways[name], path, folder / f"{name}.npy")
        worst = max(worst, *(float(abs(found[name] - found[OURS]).max()) for name in names))
        assert worst < ALIKE, f"the ways differ by {worst}"
        times.append(seconds)
    result = {
        "texts": count,
        "rounds": rounds,
        "largest_difference": worst,
        "ways": {name: _summary(name, slices, times) for name in ways},
    }
    _print(result)
    return result


Way = Callable[[Path, Path], float]  # texts, where embeddings go -> seconds of the embedding


def _ways(folder: Path, threads: int) -> dict[str, Way]:
    found: dict[str, Way] = {
        OURS: lambda texts, out: _score(texts, out, threads),
        LOOP: lambda texts, out: _script(
            [sys.executable, "-m", "studies.scoring_loop"], texts, out, threads
        ),
    }
    try:
        python = str(environments.interpreter(PEER))
    except BackendMissing as problem:
        print(f"without {PEER}: {problem}", file=sys.stderr)
        return found
    script = str(HERE / "scoring_peer.py")
    model = str(folder / "exported")
    subprocess.run(
        [python, script, "--export", model], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found[PEER] = lambda texts, out: _script([python, script, model], texts, out, threads)
    return found


def _timed(way: Way, texts: Path, out: Path) -> tuple[Any, tuple[float, float]]:
    """The embeddings; seconds of the process, and of the embedding alone."""
    started = time.perf_counter()
    inner = way(texts, out)
    whole = time.perf_counter() - started
    return numpy.load(out), (whole, inner)


def _score(texts: Path, out: Path, threads: int) -> float:
    written = out.with_suffix(".npz")
    words = ["score", "minilm-l6", str(texts), str(written), "--processes", "1", "--json"]
    command = [sys.executable, "-m", "isthmus", *words, "--threads", str(threads)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=_environment(threads), preexec_fn=lambda: _held(threads),
    )  # fmt: skip
    with numpy.load(written) as found:
        numpy.save(out, found["embedding"])
    summary = json.loads(done.stdout)
    assert summary["scored"] == summary["rows"], summary
    seconds: float = summary["scoring_seconds"]
    return seconds


def _script(command: Sequence[str], texts: Path, out: Path, threads: int) -> float:
    done = subprocess.run(
        [*command, str(texts), str(out), str(threads)], check=True, stdout=subprocess.PIPE,
        env=_environment(threads), preexec_fn=lambda: _held(threads),
    )  # fmt: skip
    seconds: float = json.loads(done.stdout.splitlines()[-1])["seconds"]
    return seconds


def _environment(threads: int) -> dict[str, str]:
    own = {"OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    return {**os.environ, **own, "TOKENIZERS_PARALLELISM": str(threads > 1).lower()}


def _held(threads: int) -> None:
    """To the first processors, as many as threads."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _summary(
    name: str,
    slices: Sequence[Sequence[str]],
    times: Sequence[Mapping[str, tuple[float, float]]],
) -> dict[str, Any]:
    count = sum(map(len, slices))
    whole, inner = (sum(seconds[name][at] for seconds in times) for at in range(2))
    found: dict[str, Any] = {
        "texts_per_second": count / whole,
        "texts_per_second_embedding": count / inner,
        "seconds": [seconds[name] for seconds in times],
    }
    if name != OURS:
        found |= {
            "ours_over_it": whole / sum(seconds[OURS][0] for seconds in times),
            "interval_95": _interval(name, times),
            "ours_over_it_embedding": inner / sum(seconds[OURS][1] for seconds in times),
            "goal": GOALS[name],
        }
    return found


def _interval(name: str, times: Sequence[Mapping[str, tuple[float, float]]]) -> list[float] | None:
    """Of the ratio, over rounds; None for too few of them."""
    if len(times) < FEWEST_ROUNDS:
        return None
    theirs, ours = ([[seconds[way][0]] for seconds in times] for way in (name, OURS))
    return list(log_ratio(theirs, ours, paired=True).interval(0.95))


def _print(result: Mapping[str, Any]) -> None:
    for name, found in result["ways"].items():
        line = (
            f"{name:22} {found['texts_per_second']:8.1f} texts/s, "
            f"{found['texts_per_second_embedding']:8.1f} without starting"
        )
        if name != OURS:
            line += (
                f"; score is {found['ours_over_it']:.2f} times as fast "
                f"({found['ours_over_it_embedding']:.2f} without starting), goal {found['goal']}"
            )
        print(line)


# Kills


def killed(folder: Path, count: int, kills: int, threads: int) -> dict[str, Any]:
    """What so many kills left, beside an undisturbed run."""
    texts = folder / "texts.txt"
    lines = drawn(count)
    lines[count // 2] = ""  # a row that is rejected
    texts.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    started = time.perf_counter()
    _whole(texts, folder / "undisturbed.npz", threads)
    seconds = time.perf_counter() - started
    chance = random.Random(0)
    out = folder / "killed.npz"
    ended, parts = 0, []
    for _ in progress(range(kills), "kills"):
        # The start takes its part of each: `kills_with_progress` tells how many came after it.
        after = chance.uniform(0, seconds)
        ended += _killed_after(texts, out, threads, after)
        parts.append(len(list(out.with_name(out.name + ".parts").glob("part-*.npz"))))
        if not ended and out.exists():
            raise AssertionError("an output is there, and the command had not ended")
    _whole(texts, out, threads)
    same = [
        (folder / f"undisturbed.npz{end}").read_bytes()
        == (folder / f"killed.npz{end}").read_bytes()
        for end in ("", ".rejected.jsonl")
    ]
    result = {
        "texts": count,
        "rows_of_a_part": KILLED_PART,
        "kills": kills - ended,
        "ended_before_it_was_killed": ended,
        "finished_parts_after_each_kill": parts,
        "kills_with_progress": sum(b > a for a, b in zip([0, *parts], parts, strict=False)),
        "equal_byte_for_byte": all(same),
        "seconds_undisturbed": seconds,
    }
    print(json.dumps(result, indent=1))
    assert all(same), "the output differs from that of an undisturbed run"
    return result


def _command(texts: Path, out: Path, threads: int) -> list[str]:
    words = ["score", "minilm-l6", str(texts), str(out), "--part", str(KILLED_PART)]
    return [sys.executable, "-m", "isthmus", *words, "--threads", str(threads), "--processes", "2"]


def _whole(texts: Path, out: Path, threads: int) -> None:
    subprocess.run(
        _command(texts, out, threads), check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _killed_after(texts: Path, out: Path, threads: int, seconds: float) -> int:
    """1 where the command had ended by itself."""
    process = subprocess.Popen(
        _command(texts, out, threads), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the command ended with {process.returncode}")
    return int(process.returncode == 0)


if __name__ == "__main__":
    run_study(main)
