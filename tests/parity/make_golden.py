"""Writes tests/golden/*.npz: what transformers and timm compute, in torch, for each golden case.

    python tests/parity/make_golden.py [START OF A LABEL ...]

A file holds the outputs, the scales of the running statistics, and the sum of the weights,
which tells a changed random generator from a wrong network.
"""

# ruff: noqa: E402 - the modules beside this file are found by the path that is set first

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers

sys.path[:0] = [str(Path(__file__).parents[1] / "tables"), str(Path(__file__).parent)]

import absent_torchvision
from golden_cases import CASES, GOLDEN, as_dict, assert_telling, inputs_of, randomized, weights_sum

from isthmus import models
from isthmus.models.families.resnet import DEPTHS
from isthmus.models.weights.checkpoint_names import translate

absent_torchvision.install()

import timm
from timm.models import efficientnet as timm_efficientnet
from timm.models import vgg as timm_vgg

Array = numpy.ndarray[Any, Any]

BERT_CLASSES = {
    "none": transformers.BertModel,
    "classification": transformers.BertForSequenceClassification,
    "question-answering": transformers.BertForQuestionAnswering,
    "masked-lm": transformers.BertForMaskedLM,
    "sentence": transformers.BertModel,
}
DISTILBERT_CLASSES = {
    "none": transformers.DistilBertModel,
    "classification": transformers.DistilBertForSequenceClassification,
    "question-answering": transformers.DistilBertForQuestionAnswering,
    "masked-lm": transformers.DistilBertForMaskedLM,
    "sentence": transformers.DistilBertModel,
}
ROBERTA_CLASSES = {
    "none": transformers.RobertaModel,
    "classification": transformers.RobertaForSequenceClassification,
    "question-answering": transformers.RobertaForQuestionAnswering,
    "masked-lm": transformers.RobertaForMaskedLM,
    "sentence": transformers.RobertaModel,
}
RESULTS = ("last_hidden_state", "pooler_output", "logits", "start_logits", "end_logits")


def original(model: models.Model) -> Callable[..., dict[str, Array]]:
    """The same network in torch with the same weights: named arrays in, named arrays out."""
    module = MODULES[model.entry.family](model)
    copy_weights(module, model)
    module.eval()

    def call(**inputs: Array) -> dict[str, Array]:
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        with torch.inference_mode():
            outputs = _called(module, model, tensors)
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return call


def _called(module: Any, model: models.Model, tensors: dict[str, Any]) -> dict[str, Any]:
    if "x" in tensors:
        outputs = module(tensors["x"])
        return {"logits": getattr(outputs, "logits", outputs)}
    outputs = module(**{name: tensor.long() for name, tensor in tensors.items()})
    if model.options["head"] == "sentence":
        return {"embedding": pooled(outputs.last_hidden_state, tensors["attention_mask"])}
    return {name: outputs[name] for name in RESULTS if outputs.get(name) is not None}


def pooled(hidden: Any, mask: Any) -> Any:
    """Mean over the tokens, of length 1, as sentence-transformers pools."""
    seen = mask.unsqueeze(-1).float()
    mean = (hidden * seen).sum(1) / seen.sum(1).clamp(min=1e-9)
    return torch.nn.functional.normalize(mean, p=2, dim=1)


def bert(model: models.Model) -> Any:
    options = model.options
    config = transformers.BertConfig(
        vocab_size=options["vocabulary"],
        hidden_size=options["width"],
        num_hidden_layers=options["layers"],
        num_attention_heads=options["heads"],
        intermediate_size=options["inner"],
        max_position_embeddings=options["positions"],
        num_labels=options["labels"],
    )
    kind = BERT_CLASSES[options["head"]]
    return kind(config, add_pooling_layer=False) if options["head"] == "sentence" else kind(config)


def distilbert(model: models.Model) -> Any:
    options = model.options
    config = transformers.DistilBertConfig(
        vocab_size=options["vocabulary"],
        dim=options["width"],
        n_layers=options["layers"],
        n_heads=options["heads"],
        hidden_dim=options["inner"],
        max_position_embeddings=options["positions"],
        num_labels=options["labels"],
    )
    return DISTILBERT_CLASSES[options["head"]](config)


def roberta(model: models.Model) -> Any:
    options = model.options
    config = transformers.RobertaConfig(
        vocab_size=options["vocabulary"],
        hidden_size=options["width"],
        num_hidden_layers=options["layers"],
        num_attention_heads=options["heads"],
        intermediate_size=options["inner"],
        max_position_embeddings=options["positions"] + 2,
        num_labels=options["labels"],
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    kind = ROBERTA_CLASSES[options["head"]]
    plain = kind is transformers.RobertaModel
    return kind(config, add_pooling_layer=False) if plain else kind(config)


def resnet(model: models.Model) -> Any:
    version, width, classes = (model.options[key] for key in ("version", "width", "classes"))
    depth = int(model.entry.name.removeprefix("resnet-"))
    counts, expansion = DEPTHS[depth]
    channels = [width * expansion << stage for stage in range(4)]
    if version == "v2":
        sizes = {"stem_chs": width, "channels": channels, "num_classes": classes}
        return timm.create_model(f"resnetv2_{depth}", **sizes)
    config = transformers.ResNetConfig(
        embedding_size=width,
        hidden_sizes=channels,
        depths=list(counts),
        layer_type="basic" if expansion == 1 else "bottleneck",
        downsample_in_bottleneck=version == "v1",
        num_labels=classes,
    )
    return transformers.ResNetForImageClassification(config)


def mobilenet(model: models.Model) -> Any:
    name = model.entry.name
    width = model.options["width"]
    base, _, size = name.replace("mobilenet-", "mobilenet").partition("-")
    theirs = "_".join(filter(None, (base, size, f"{round(100 * width):03}")))
    options = {"num_classes": model.options["classes"], "bn_eps": model.options["epsilon"]}
    return timm.create_model(theirs, **options)


def densenet(model: models.Model) -> Any:
    growth, classes = model.options["growth"], model.options["classes"]
    depth = model.entry.name.removeprefix("densenet-")
    return timm.create_model(f"densenet{depth}", growth_rate=growth, num_classes=classes)


def vgg(model: models.Model) -> Any:
    """timm's, with narrower layers where ours has them."""
    width, hidden, classes = (model.options[key] for key in ("width", "hidden", "classes"))
    _, depth, *norms = model.entry.name.split("-")
    plan = [c if c == "M" else c * width // 64 for c in timm_vgg.cfgs[f"vgg{depth}"]]
    norm = torch.nn.BatchNorm2d if norms else None
    module = timm_vgg.VGG(plan, num_classes=classes, norm_layer=norm)
    module.pre_logits = timm_vgg.ConvMlp(8 * width, hidden, 7)
    module.head = timm_vgg.ClassifierHead(hidden, classes)
    return module


# Of channels and blocks, as in the paper's code.
MULTIPLIERS = {
    **{"b0": (1.0, 1.0), "b1": (1.0, 1.1), "b2": (1.1, 1.2), "b3": (1.2, 1.4)},
    **{"b4": (1.4, 1.8), "b5": (1.6, 2.2), "b6": (1.8, 2.6), "b7": (2.0, 3.1)},
    **{"lite0": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2)},
    **{"lite3": (1.2, 1.4), "lite4": (1.4, 1.8)},
}


def efficientnet(model: models.Model) -> Any:
    """timm's by its name, or where ours has another width made as timm makes it."""
    options = model.options
    facts = {
        "num_classes": options["classes"],
        "bn_eps": options["epsilon"],
        "pad_type": "same" if options["padding"] == "same" else "",
    }
    theirs = model.entry.name.replace("-", "_")
    size = theirs.removeprefix("efficientnet_")
    width, depth = MULTIPLIERS[size]
    if options["width"] == width:
        return timm.create_model(theirs, **facts)
    kind = "_gen_efficientnet_lite" if "lite" in size else "_gen_efficientnet"
    made = getattr(timm_efficientnet, kind)
    return made(theirs, options["width"], depth, **facts)


def vit(model: models.Model) -> Any:
    options = model.options
    config = transformers.ViTConfig(
        hidden_size=options["width"],
        num_hidden_layers=options["layers"],
        num_attention_heads=options["heads"],
        intermediate_size=options["inner"],
        image_size=options["image"],
        layer_norm_eps=options["epsilon"],
        num_labels=options["classes"],
    )
    return transformers.ViTForImageClassification(config)


MODULES: dict[str, Callable[[models.Model], Any]] = {
    "bert": bert,
    "distilbert": distilbert,
    "roberta": roberta,
    "resnet": resnet,
    "mobilenet": mobilenet,
    "densenet": densenet,
    "vgg": vgg,
    "efficientnet": efficientnet,
    "vit": vit,
}


def copy_weights(module: Any, model: models.Model) -> None:
    """Every tensor of the module from ours; none of ours may be left over."""
    ours = {name: parameter.data() for name, parameter in model.parameters().items()}
    state = {n: t for n, t in module.state_dict().items() if not n.endswith("batches_tracked")}
    names = translate(state, model.entry.family, ours) | _tied(state)
    assert set(names.values()) == set(ours)
    for theirs, tensor in state.items():
        tensor.copy_(torch.tensor(ours[names[theirs]].reshape(tuple(tensor.shape))))


def _tied(state: Mapping[str, Any]) -> dict[str, str]:
    """A masked language model's two names for one array."""
    twice = {
        "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
        "cls.predictions.decoder.bias": "cls.predictions.bias",
        "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight",
        "lm_head.decoder.bias": "lm_head.bias",
        "vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight",
    }
    return {name: ours for name, ours in twice.items() if name in state}


def main(wanted: Sequence[str] = ()) -> None:
    for case in (case for case in CASES if not wanted or case.label.startswith(tuple(wanted))):
        model = models.create(case.name, **case.options)
        scales = randomized(model)
        outputs = original(model)(**inputs_of(model))
        assert_telling(as_dict(outputs))
        path = GOLDEN / f"{case.label}.npz"
        facts: dict[str, Any] = {"scales": scales, "weights_sum": weights_sum(model), **outputs}
        numpy.savez_compressed(path, **facts)
        sizes = {n: float(f"{numpy.max(numpy.abs(a)):.3g}") for n, a in outputs.items()}
        print(f"{path.name}: {path.stat().st_size:,} bytes, largest {sizes}")


if __name__ == "__main__":
    main(sys.argv[1:])
