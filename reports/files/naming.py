"""Names that name nothing: what tools write where they do not know a processor or a host."""

from __future__ import annotations

import re

__all__ = ["host_or_none", "processor_or_none", "visible"]

# A processor is named by a word that is none of these; "QEMU Virtual CPU version 2.5+" has none.
EMPTY = frozenset(
    """
    unknown unspecified undefined unavailable not available applicable known specified recorded
    provided detected found to be filled by o e m n a na nan nil none null no nothing empty missing
    error generic default standard common basic string name brand model vendor family
    id processor processors cpu cpus cpuid core cores r tm c bit version rev revision virtual
    virtualized virtualised machine vm guest host hypervisor emulated emulator qemu kvm kvmkvmkvm
    tcg tcgtcgtcgtcg bochs xen vmware virtualbox hyperv hyper v microsoft hv amazon google genuine
    genuineintel authenticamd intel amd arm apple x86 x64 x86_64 amd64 i386 i486 i586 i686 ia32 ia64
    aarch64 arm64 armv6 armv6l armv7 armv7l armv8 armv8l armv9 v6l v7l v8l v8 ppc64 ppc64le s390x
    riscv riscv64 compatible
    """.split()  # noqa: SIM905
)
ANYBODY = frozenset(("localhost", "localdomain", "unknown", "none", "n/a", "host", "hostname", ""))

_NUMBERED = re.compile(r"\b(version|rev|revision|v)\b\.?\s*[\d.]+\+?|\b\d+\s*-?bit\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:_64)?")


def processor_or_none(text: object) -> str | None:
    """The processor's name as it is written; None where it names no processor.

    >>> processor_or_none("QEMU Virtual CPU version 2.5+"), processor_or_none("AMD EPYC")
    (None, 'AMD EPYC')
    """
    if not isinstance(text, str):
        return None
    words = _WORD.findall(_NUMBERED.sub(" ", text).casefold())
    names = any(word not in EMPTY and not set(word) <= set("0x") for word in words)
    return text if names else None


def host_or_none(text: object) -> str | None:
    """The name of a host; None where any host may be called so.

    >>> host_or_none("localhost"), host_or_none("build-7")
    (None, 'build-7')
    """
    if not isinstance(text, str):
        return None
    return None if set(text.casefold().strip().split(".")) <= ANYBODY else text


def visible(text: str) -> str:
    """With the escapes of what cannot be seen: two names never look alike, and drive no terminal.

    >>> visible("test_f[a\\u200b]")
    'test_f[a\\\\u200b]'
    """
    if text.isprintable():
        return text
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text
    )
