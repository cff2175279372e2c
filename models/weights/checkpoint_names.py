"""Parameter names of published checkpoints, and how they become ours.

Ours are Hugging Face's BertModel and RobertaModel names, also for the layers of DistilBERT, and
torchvision's for VGG, ResNet, DenseNet, EfficientNet, and MobileNet V2 and V3.
MobileNet V1 and pre-activation ResNets have timm's names, which need no change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from isthmus.errors import FileError, UsageError

__all__ = ["IGNORED", "translate"]

Rules = tuple[tuple[str, str], ...]

# Left over without complaint: buffers, and heads that the model at hand does not have.
IGNORED: dict[str, tuple[str, ...]] = {
    "bert": (
        r"embeddings\.(position_ids|token_type_ids)$",
        r"^(cls|classifier|qa_outputs)\.",
        r"^(bert\.)?pooler\.",
    ),
    "distilbert": (
        r"embeddings\.position_ids$",
        r"^(pre_classifier|classifier|qa_outputs)\.",
        r"^vocab_(transform|layer_norm|projector)\.",
    ),
    "roberta": (
        r"embeddings\.(position_ids|token_type_ids)$",
        r"^(lm_head|classifier|qa_outputs)\.",
        r"^(roberta\.)?pooler\.",
    ),
    "resnet": (r"num_batches_tracked$",),
    "mobilenet": (r"num_batches_tracked$",),
    "densenet": (r"num_batches_tracked$",),
    "efficientnet": (r"num_batches_tracked$",),
    "vgg": (r"num_batches_tracked$",),
    "vit": (r"^(vit\.)?pooler\.",),
}

# TensorFlow's LayerNorm calls its scale gamma and its shift beta.
BERT: Rules = (
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
)
BERT_BODY = r"^(?:bert\.)?(?=embeddings\.|encoder\.|pooler\.)"

DISTILBERT: Rules = (
    (r"^((?:distilbert\.)?)transformer\.layer\.", r"\1encoder.layer."),
    (r"\.attention\.q_lin\.", ".attention.self.query."),
    (r"\.attention\.k_lin\.", ".attention.self.key."),
    (r"\.attention\.v_lin\.", ".attention.self.value."),
    (r"\.attention\.out_lin\.", ".attention.output.dense."),
    (r"\.sa_layer_norm\.", ".attention.output.LayerNorm."),
    (r"\.ffn\.lin1\.", ".intermediate.dense."),
    (r"\.ffn\.lin2\.", ".output.dense."),
    (r"\.output_layer_norm\.", ".output.LayerNorm."),
)
BODY = r"^(?:{family}\.)?(?=embeddings\.|encoder\.|pooler\.)"

HUGGING_FACE_RESNET: Rules = (
    (r"^resnet\.", ""),
    (r"^embedder\.embedder\.convolution\.", "conv1."),
    (r"^embedder\.embedder\.normalization\.", "bn1."),
    (r"^encoder\.stages\.0\.layers\.", "layer1."),
    (r"^encoder\.stages\.1\.layers\.", "layer2."),
    (r"^encoder\.stages\.2\.layers\.", "layer3."),
    (r"^encoder\.stages\.3\.layers\.", "layer4."),
    (r"\.layer\.0\.convolution\.", ".conv1."),
    (r"\.layer\.0\.normalization\.", ".bn1."),
    (r"\.layer\.1\.convolution\.", ".conv2."),
    (r"\.layer\.1\.normalization\.", ".bn2."),
    (r"\.layer\.2\.convolution\.", ".conv3."),
    (r"\.layer\.2\.normalization\.", ".bn3."),
    (r"\.shortcut\.convolution\.", ".downsample.0."),
    (r"\.shortcut\.normalization\.", ".downsample.1."),
    (r"^classifier\.1\.", "fc."),
)

# torchvision's files were written before attributes could not have dots in their names.
DENSENET: Rules = ((r"\.(norm|conv)\.([12])\.", r".\1\2."),)

# Its checkpoints have the names of the first lines; its classes today those of the others.
HUGGING_FACE_VIT: Rules = (
    (r"^vit\.", ""),
    (r"^encoder\.layer\.", "blocks."),
    (r"^(blocks\.\d+)\.attention\.attention\.", r"\1.attn."),
    (r"^(blocks\.\d+)\.attention\.output\.dense\.", r"\1.attn.proj."),
    (r"^(blocks\.\d+)\.intermediate\.dense\.", r"\1.mlp.fc1."),
    (r"^(blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"^layers\.", "blocks."),
    (r"\.attention\.q_proj\.", ".attn.query."),
    (r"\.attention\.k_proj\.", ".attn.key."),
    (r"\.attention\.v_proj\.", ".attn.value."),
    (r"\.attention\.o_proj\.", ".attn.proj."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"^layernorm\.", "norm."),
    (r"^embeddings\.cls_token$", "cls_token"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^classifier\.", "head."),
)

# timm's MobileNets. {n} is the block's number, {last} the number after the last block, {project}
# the place of the block's last layer, which moves back by one where there is a squeeze.
BLOCK = r"^blocks\.(\d+)\.(\d+)\."
MOBILENET_V2_ENDS: Rules = (
    (r"^conv_stem\.", "features.0.0."),
    (r"^bn1\.", "features.0.1."),
    (r"^conv_head\.", "features.{last}.0."),
    (r"^bn2\.", "features.{last}.1."),
    (r"^classifier\.", "classifier.1."),
)
MOBILENET_V2_EXPANDING: Rules = (
    (r"^conv_pw\.", "features.{n}.conv.0.0."),
    (r"^bn1\.", "features.{n}.conv.0.1."),
    (r"^conv_dw\.", "features.{n}.conv.1.0."),
    (r"^bn2\.", "features.{n}.conv.1.1."),
    (r"^conv_pwl\.", "features.{n}.conv.2."),
    (r"^bn3\.", "features.{n}.conv.3."),
)
MOBILENET_V2_SEPARABLE: Rules = (
    (r"^conv_dw\.", "features.{n}.conv.0.0."),
    (r"^bn1\.", "features.{n}.conv.0.1."),
    (r"^conv_pw\.", "features.{n}.conv.1."),
    (r"^bn2\.", "features.{n}.conv.2."),
)
MOBILENET_V3_ENDS: Rules = (
    (r"^conv_stem\.", "features.0.0."),
    (r"^bn1\.", "features.0.1."),
    (r"^classifier\.", "classifier.3."),  # before the next line, which makes such names
    (r"^conv_head\.", "classifier.0."),
)
MOBILENET_V3_EXPANDING: Rules = (
    (r"^conv_pw\.", "features.{n}.block.0.0."),
    (r"^bn1\.", "features.{n}.block.0.1."),
    (r"^conv_dw\.", "features.{n}.block.1.0."),
    (r"^bn2\.", "features.{n}.block.1.1."),
    (r"^se\.conv_reduce\.", "features.{n}.block.2.fc1."),
    (r"^se\.conv_expand\.", "features.{n}.block.2.fc2."),
    (r"^conv_pwl\.", "features.{n}.block.{project}.0."),
    (r"^bn3\.", "features.{n}.block.{project}.1."),
)
MOBILENET_V3_SEPARABLE: Rules = (
    (r"^conv_dw\.", "features.{n}.block.0.0."),
    (r"^bn1\.", "features.{n}.block.0.1."),
    (r"^se\.conv_reduce\.", "features.{n}.block.1.fc1."),
    (r"^se\.conv_expand\.", "features.{n}.block.1.fc2."),
    (r"^conv_pw\.", "features.{n}.block.{project}.0."),
    (r"^bn2\.", "features.{n}.block.{project}.1."),
)
MOBILENET_V3_PLAIN: Rules = (
    (r"^conv\.", "features.{n}.0."),
    (r"^bn1\.", "features.{n}.1."),
)

# timm's VGGs, whose dense layers are convolutions.
VGG: Rules = (
    (r"^pre_logits\.fc1\.", "classifier.0."),
    (r"^pre_logits\.fc2\.", "classifier.3."),
    (r"^head\.fc\.", "classifier.6."),
)


def translate(names: Iterable[str], family: str, ours: Iterable[str] = ()) -> dict[str, str]:
    """Their name -> our name, for every name; the naming scheme is told from the names.

    family: one of `FAMILIES`, such as "bert". ours: the model's own names, which say whether its
    body is called "bert."; without them it is not.

    Raises FileError where two names become one.
    """
    theirs = list(names)
    if family not in FAMILIES:
        raise UsageError(f"family {family!r} is not known; choose from {', '.join(FAMILIES)}")
    result = FAMILIES[family](theirs, list(ours))
    if len(set(result.values())) != len(result):
        twice = next(name for name in result.values() if [*result.values()].count(name) > 1)
        raise FileError(f"two tensors of the checkpoint are both {twice}; remove one of them")
    return result


def _bert(names: list[str], ours: list[str]) -> dict[str, str]:
    prefix = "bert." if any(name.startswith("bert.") for name in ours) else ""
    return {name: re.sub(BERT_BODY, prefix, _rewritten(name, BERT)) for name in names}


def _distilbert(names: list[str], ours: list[str]) -> dict[str, str]:
    plain = {name: _rewritten(name, (*BERT, *DISTILBERT)) for name in names}
    return _prefixed(plain, "distilbert", ours)


def _roberta(names: list[str], ours: list[str]) -> dict[str, str]:
    return _prefixed({name: _rewritten(name, BERT) for name in names}, "roberta", ours)


def _prefixed(names: dict[str, str], family: str, ours: list[str]) -> dict[str, str]:
    """The body's names with its prefix where our model has it, without where it has not."""
    prefix = f"{family}." if any(name.startswith(f"{family}.") for name in ours) else ""
    body = BODY.format(family=family)
    return {theirs: re.sub(body, prefix, name) for theirs, name in names.items()}


def _resnet(names: list[str], _: list[str]) -> dict[str, str]:
    theirs = any("embedder.embedder." in name for name in names)
    return {name: _rewritten(name, HUGGING_FACE_RESNET) if theirs else name for name in names}


def _mobilenet(names: list[str], _: list[str]) -> dict[str, str]:
    """timm's V2 and V3 have expanding blocks (conv_pwl); V1 has none, and stays as it is."""
    if not any(".conv_pwl." in name for name in names):
        return {name: name for name in names}
    blocks = _blocks(names)
    is_v3 = "conv_head.bias" in names
    ends = MOBILENET_V3_ENDS if is_v3 else MOBILENET_V2_ENDS
    renamed = {name: _rewritten(name, ends, last=len(blocks) + 1) for name in names}
    for n, (block, layers) in enumerate(sorted(blocks.items()), 1):
        rules, project = _block_rules(layers, is_v3)
        start = f"blocks.{block[0]}.{block[1]}."
        for layer in layers:
            renamed[start + layer] = _rewritten(layer, rules, n=n, project=project)
    return renamed


def _densenet(names: list[str], _: list[str]) -> dict[str, str]:
    return {name: _rewritten(name, DENSENET) for name in names}


def _efficientnet(names: list[str], _: list[str]) -> dict[str, str]:
    """timm's have the ends of a MobileNet V2 and the blocks of a V3, numbered within stages."""
    blocks = _blocks(names)
    if not blocks:
        return {name: name for name in names}
    last = max(stage for stage, _ in blocks) + 2
    renamed = {name: _rewritten(name, MOBILENET_V2_ENDS, last=last) for name in names}
    for (stage, place), layers in blocks.items():
        rules, project = _block_rules(layers, True)
        for layer in layers:
            ours = _rewritten(layer, rules, n=f"{stage + 1}.{place}", project=project)
            renamed[f"blocks.{stage}.{place}.{layer}"] = ours
    return renamed


def _vgg(names: list[str], _: list[str]) -> dict[str, str]:
    return {name: _rewritten(name, VGG) for name in names}


def _vit(names: list[str], _: list[str]) -> dict[str, str]:
    theirs = any("patch_embeddings.projection." in name for name in names)
    return {name: _rewritten(name, HUGGING_FACE_VIT) if theirs else name for name in names}


def _blocks(names: list[str]) -> dict[tuple[int, int], list[str]]:
    """(stage, place) -> the names in that block, without the block's own."""
    blocks: dict[tuple[int, int], list[str]] = {}
    for name in names:
        if found := re.match(BLOCK, name):
            blocks.setdefault((int(found[1]), int(found[2])), []).append(name[found.end() :])
    return blocks


def _block_rules(layers: list[str], is_v3: bool) -> tuple[Rules, int]:
    """The block's rules, and the place of its projection."""
    expands = "conv_pwl.weight" in layers
    if not is_v3:
        return (MOBILENET_V2_EXPANDING if expands else MOBILENET_V2_SEPARABLE), 0
    if "conv.weight" in layers:
        return MOBILENET_V3_PLAIN, 0
    squeezes = any(layer.startswith("se.") for layer in layers)
    rules = MOBILENET_V3_EXPANDING if expands else MOBILENET_V3_SEPARABLE
    return rules, 1 + expands + squeezes


def _rewritten(name: str, rules: Rules, **places: int | str) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement.format(**places), name)
    return name


FAMILIES = {
    "bert": _bert,
    "distilbert": _distilbert,
    "roberta": _roberta,
    "resnet": _resnet,
    "mobilenet": _mobilenet,
    "densenet": _densenet,
    "efficientnet": _efficientnet,
    "vgg": _vgg,
    "vit": _vit,
}
