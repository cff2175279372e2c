"""What `precision="auto"` asks of `isthmus.tuning`, which lies above: a slot.

`automatic(traced, samples, backend, options, on_host)` gives the Options that it chose, or an
Executable. The last line of `isthmus/__init__.py` fills the slot; it is imported when called.
"""

from __future__ import annotations

from typing import Any

from isthmus.trace.slots import Slot

__all__ = ["tune"]

tune: Any = Slot("isthmus")
