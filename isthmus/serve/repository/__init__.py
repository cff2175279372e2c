"""A folder that model servers open: Triton and OpenVINO Model Server read the same tree.

`export_repository` makes it, as `isthmus export MODEL --repository FOLDER` does.
"""

from .exporting import Exported, export_repository
from .settings import Settings

__all__ = ["Exported", "Settings", "export_repository"]
