"""What `isthmus tune` prints of a workload, into a result file that pages quote.

    python -m studies.tuned [WORKLOAD] [SECONDS] [RESULT.json]

MiniLM at 128 tokens, and 90 s, unless said otherwise; the file is
`reports/results/tune-WORKLOAD-DATE.json`. `python -m studies.quoted docs/performance.md` then puts
the newest into the page.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import isthmus as im
from isthmus.benchmarks.work import workloads
from isthmus.system import command

from .study import default_path

WORKLOAD, SECONDS = "minilm-l6-128", 90.0


def main(arguments: list[str]) -> None:
    files = [word for word in arguments if word.endswith(".json")]
    numbers = [word for word in arguments if word.replace(".", "").isdigit()]
    names = [word for word in arguments if word not in (*files, *numbers)]
    (workload,) = workloads.find(names or [WORKLOAD])
    model = workload.create()
    choice = im.tune(
        model,
        workload.tuning_sets(),
        model.specs(),
        budget_seconds=float(numbers[0]) if numbers else SECONDS,
        refresh=True,
        progress=lambda step: print(step, file=sys.stderr),
    )
    path = Path(files[0]) if files else default_path(f"tune-{workload.name}")
    record = {
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "workload": workload.name,
        "text": str(choice),
        "tuning": json.loads(choice.to_json()),
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{choice}\nwrote {path}")


if __name__ == "__main__":
    command.run(main)
