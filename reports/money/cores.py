"""cores = vcpus / vcpus_per_core: how many physical cores an instance's vCPUs are.

A vCPU of an x86 instance is one of a core's two hardware threads, as a rule, and matrix products
gain next to nothing from the second. The exceptions, where a vCPU is a whole core, are the table;
what it does not name counts as half a core, which can only make a projected dollar too high.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["ARM", "X86", "vcpus_per_core"]

ARM = "arm64"
X86 = "x86_64"
USUAL = 2


class WholeCores(NamedTuple):
    """Instances whose every vCPU is a core: provider, pattern of the name, and why."""

    provider: str
    pattern: str
    reason: str


WHOLE_CORES = (
    WholeCores("aws", r"[cmr]7a\.", "EC2 guide, CPU options: C7a, M7a, R7a have one thread a core"),
    WholeCores("aws", r"[cmr]8a\.", "the heirs of C7a, M7a, R7a, again EPYC without SMT"),
    WholeCores("aws", r"t2\.", "EC2 guide, CPU options: T2 is excepted from thread = vCPU"),
    WholeCores("azure", r"(Standard_)?F\d+a[lm]?s_v6", "Azure sizes: Fasv6 is EPYC without SMT"),
    WholeCores("azure", r"(Standard_)?HB", "Azure sizes: SMT is disabled on HB"),
)


def vcpus_per_core(provider: str, instance: str, arch: str = X86) -> int:
    """1 or 2; Arm server cores have one thread each."""
    if arch == ARM:
        return 1
    whole = any(provider == row.provider and re.match(row.pattern, instance) for row in WHOLE_CORES)
    return 1 if whole else USUAL
