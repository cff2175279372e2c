"""OpenVINO is imported without its converter, which is there for who asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

FIRST = "import isthmus as im; im.compile(im.np.tanh, im.spec('float32', ['n'])); import sys;"
CONVERTER = "openvino.tools.ovc"

PROGRAMS = {
    "not before": f"assert '{CONVERTER}' not in sys.modules; import openvino",
    "by name": "import openvino; assert openvino.convert_model.__module__.startswith('openvino')",
    "from": "from openvino import convert_model; convert_model.__doc__",
    "from its place": "from openvino.tools.ovc import convert_model; convert_model.__doc__",
    "twice": "import openvino; assert openvino.convert_model is openvino.convert_model",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_converter_is_imported_when_it_is_asked_for(name: str) -> None:
    subprocess.run([sys.executable, "-c", FIRST + PROGRAMS[name]], check=True)


def test_what_openvino_lacks_is_an_attribute_error() -> None:
    program = FIRST + "import openvino; openvino.no_such_name"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "AttributeError: module 'openvino' has no attribute 'no_such_name'" in done.stderr


def test_one_who_imported_openvino_first_has_it_all() -> None:
    program = f"import openvino, sys; assert '{CONVERTER}' in sys.modules;" + FIRST
    subprocess.run([sys.executable, "-c", program], check=True)
