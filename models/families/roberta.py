"""RoBERTa: BERT's network, trained longer on more text (Liu et al. 2019, arXiv:1907.11692).

Places are counted from 2, over the tokens that are no padding, whose number is 1; there is one
token type, and no pooler. Parameters are named as Hugging Face's RobertaModel and its heads name
them. B is the batch, S the sequence, W the width. input_ids: int32 [B, S]; attention_mask: [B, S],
0 where a token is padding, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.nn import Block, Dense, Embedding, LayerNorm, Parameter, zeros

from .bert import Config, Encoder, TextRows

__all__ = [
    "Classifier",
    "CountedEmbeddings",
    "Head",
    "MaskedHead",
    "Roberta",
    "RobertaForMaskedLM",
    "RobertaForQuestionAnswering",
    "RobertaForSequenceClassification",
    "SentenceRoberta",
    "distilroberta_base",
    "roberta",
    "roberta_base",
    "roberta_large",
]

EPSILON = 1e-5
PADDING = 1  # its number among the words, and the place that it has


class CountedEmbeddings(Block):
    """LayerNorm(word + token type 0 + position). -> [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.positions = config.positions
        self.word_embeddings = Embedding(config.vocabulary, config.width)
        self.position_embeddings = Embedding(config.positions + PADDING + 1, config.width)
        self.token_type_embeddings = Embedding(1, config.width)
        self.LayerNorm = LayerNorm(config.width, config.epsilon)

    def forward(self, input_ids: Any) -> Any:
        kind = self.token_type_embeddings.weight.data()
        places = self.position_embeddings(self._places(input_ids))
        return self.LayerNorm(self.word_embeddings(input_ids) + kind + places)

    def _places(self, input_ids: Any) -> Any:
        """`PADDING` and the number of tokens up to each; `PADDING` where it is padding."""
        seq = input_ids.shape[1]
        if isinstance(seq, int) and seq > self.positions:
            raise UsageError(f"{seq} tokens, but positions={self.positions}; cut the text")
        seen = np.astype(np.not_equal(input_ids, PADDING), numpy.float32)
        # The count is never more than these, which are too few for a text that is too long.
        most = np.getitem(numpy.arange(1, self.positions + 1, dtype=numpy.float32), slice(seq))
        # In floats, which hold such counts exactly: runtimes have no kernel that adds up integers.
        counted = np.minimum(np.cumsum(seen, axis=1), most)
        places = np.astype(counted * seen + numpy.float32(PADDING), numpy.int32)
        return np.clip(places, PADDING, self.positions + PADDING)  # says so, and changes nothing


class Roberta(Block):
    """The plain model -> {"last_hidden_state": [B, S, W]}."""

    def __init__(self, config: Config) -> None:
        self.embeddings = CountedEmbeddings(config)
        self.encoder = Encoder(config)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        mask = TextRows(attention_mask).mask()
        return {"last_hidden_state": self.encoder(self.embeddings(input_ids), mask)}


class SentenceRoberta(Roberta):
    """The mean over the tokens, of length 1 -> {"embedding": [B, W]} (arXiv:1908.10084)."""

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        x = super().forward(input_ids, attention_mask)["last_hidden_state"]
        return {"embedding": npx.l2_normalize(TextRows(attention_mask).mean(x))}


class Head(Block):
    """A RoBERTa whose last layer is used by what a subclass adds."""

    def __init__(self, config: Config) -> None:
        self.roberta = Roberta(config)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        return self.outputs(**self.roberta(input_ids, attention_mask))

    outputs: Callable[..., dict[str, Any]]


class Classifier(Block):
    """out_proj(tanh(dense(x))). [B, W] -> [B, labels]."""

    def __init__(self, width: int, labels: int) -> None:
        self.dense = Dense(width, width)
        self.out_proj = Dense(labels, width)

    def forward(self, first: Any) -> Any:
        return self.out_proj(np.tanh(self.dense(first)))


class RobertaForSequenceClassification(Head):
    """A `Classifier` on the first token, <s> -> {"logits": [B, labels]}."""

    def __init__(self, config: Config, labels: int = 2) -> None:
        super().__init__(config)
        self.classifier = Classifier(config.width, labels)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        return {"logits": self.classifier(TextRows(None).first(last_hidden_state))}


class RobertaForQuestionAnswering(Head):
    """Where the answer starts and ends -> {"start_logits": [B, S], "end_logits": [B, S]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Dense(2, config.width)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        both = self.qa_outputs(last_hidden_state)
        return {"start_logits": both[..., 0], "end_logits": both[..., 1]}


class MaskedHead(Block):
    """layer_norm(gelu(dense(x))) @ table.T + bias; the table is the word embeddings'."""

    def __init__(self, config: Config) -> None:
        self.bias = Parameter((config.vocabulary,), zeros)
        self.dense = Dense(config.width, config.width)
        self.layer_norm = LayerNorm(config.width, config.epsilon)

    def forward(self, x: Any, table: Parameter) -> Any:
        y = self.layer_norm(npx.gelu(self.dense(x)))
        return npx.fully_connected(y, table.data(), self.bias.data())


class RobertaForMaskedLM(Head):
    """A score of every word at every place -> {"logits": [B, S, vocabulary]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.lm_head = MaskedHead(config)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        table = self.roberta.embeddings.word_embeddings.weight
        return {"logits": self.lm_head(last_hidden_state, table)}


HEADS: dict[str, Callable[..., Block]] = {
    "none": Roberta,
    "classification": RobertaForSequenceClassification,
    "question-answering": RobertaForQuestionAnswering,
    "masked-lm": RobertaForMaskedLM,
    "sentence": SentenceRoberta,
}


def roberta(
    *,
    layers: int,
    width: int,
    heads: int,
    inner: int,
    vocabulary: int = 50265,
    positions: int = 512,
    head: str = "none",
    labels: int = 2,
) -> Block:
    """A RoBERTa of any size with one of `HEADS`; positions: the longest text, without padding."""
    if head not in HEADS:
        raise UsageError(f"head={head!r}: choose from {', '.join(HEADS)}")
    config = Config(layers, width, heads, inner, vocabulary, positions, EPSILON)
    return HEADS[head](config, **({"labels": labels} if head == "classification" else {}))


roberta_base = partial(roberta, layers=12, width=768, heads=12, inner=3072)
roberta_large = partial(roberta, layers=24, width=1024, heads=16, inner=4096)
distilroberta_base = partial(roberta, layers=6, width=768, heads=12, inner=3072)
