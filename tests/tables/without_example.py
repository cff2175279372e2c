"""Public names whose docstring has no example. The list may only shrink."""

WITHOUT_EXAMPLE = {
    "isthmus.benchmarks.gate.Outcome",
    "isthmus.benchmarks.gate.Settings",
    "isthmus.benchmarks.gate.Side",
    "isthmus.benchmarks.gate.Verdict",
    "isthmus.benchmarks.gate.compare",
    "isthmus.benchmarks.gate.compare_files",
    "isthmus.extend.Memory",
}
