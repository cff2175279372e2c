"""Networks of texts and of images, written once; published weights load into them by name.

net = im.models.bert("bert-base-uncased")            # random weights, by a seed
net = im.models.create("minilm-l6", weights="hf://sentence-transformers/all-MiniLM-L6-v2")
exe = im.compile(net, net.specs(), backend="cpu")
"""

from __future__ import annotations

from typing import Any, NoReturn

from isthmus.errors import UsageError
from isthmus.hints import absent

from .catalog import CATALOG, Entry, Model, create, find
from .catalog import names as list
from .packing import Packing, packed_specs, packing
from .texts import TextProgram

__all__ = [
    "CATALOG",
    "Entry",
    "Model",
    "Packing",
    "TextProgram",
    "bert",
    "create",
    "find",
    "list",
    "mobilenet",
    "packed_specs",
    "packing",
    "resnet",
]


# Names of other model zoos, and what to write instead.
ELSEWHERE = {
    "AutoModel": "models are made by create(name, weights='hf://ORGANISATION/NAME')",
    "BertModel": "it is bert(name)",
    "from_pretrained": "it is create(name, weights='hf://ORGANISATION/NAME')",
    "get_model": "it is create(name)",
    "get_model_list": "it is list()",
    "list_models": "it is list()",
    "names": "it is list()",
    "vision": "models are made by create(name), resnet(depth) and mobilenet(version)",
}


def __getattr__(name: str) -> NoReturn:
    raise absent("isthmus.models", name, __all__, ELSEWHERE)


def bert(name: str = "bert-base", **options: Any) -> Model:
    """A BERT by name, such as "bert-base-uncased" or "minilm-l6"; options as for `create`.

    Raises UsageError for another family's name (Devlin et al. 2018, arXiv:1810.04805).

    >>> import isthmus as im
    >>> net = im.models.bert("minilm-l6", vocabulary=100, layers=1)
    >>> net.specs(batch=1)["input_ids"]
    int32[1, seq]
    """
    if find(name).family != "bert":
        raise UsageError(f"{name} is no BERT; use create('{name}')")
    return create(name, **options)


def resnet(depth: int = 50, **options: Any) -> Model:
    """A ResNet of 18, 34, 50, 101 or 152 layers; options as for `create`.

    version: "v1" (He et al. 2015, arXiv:1512.03385), "v1.5" (strides in the 3 x 3 convolutions) or
    "v2" (arXiv:1603.05027). width: channels of the first convolution, 64. classes: 1000.

    >>> import isthmus as im
    >>> net = im.models.resnet(18, width=8, classes=10)
    >>> im.eval_shape(net, net.specs(batch=2))
    float32[2, 10]
    """
    return create(f"resnet-{depth}", **options)


def mobilenet(version: str = "v2", **options: Any) -> Model:
    """A MobileNet: "v1", "v2", "v3-large" or "v3-small"; options as for `create`.

    width: multiplies its channels, 1.0. classes: 1000 (arXiv:1704.04861, 1801.04381, 1905.02244).

    >>> import isthmus as im
    >>> net = im.models.mobilenet("v2", width=0.5)
    >>> im.eval_shape(net, net.specs(batch=1))
    float32[1, 1000]
    """
    return create(f"mobilenet-{version}", **options)
