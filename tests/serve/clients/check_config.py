"""`check_config.py FILE ...`: each config.pbtxt as JSON, by Triton's message; or 1 and a reason."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2


def main(paths: list[str]) -> int:
    found = []
    for path in paths:
        message = model_config_pb2.ModelConfig()
        try:
            text_format.Parse(Path(path).read_text(encoding="utf-8"), message)
        except text_format.ParseError as problem:
            print(problem, file=sys.stderr)
            return 1
        found.append(json_format.MessageToDict(message, preserving_proto_field_name=True))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
