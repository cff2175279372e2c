"""BERT: bidirectional transformer encoders of text (Devlin et al. 2018, arXiv:1810.04805).

Parameters are named as Hugging Face's BertModel and its heads name them. B is the batch, S the
sequence, W the width. input_ids: int32 [B, S]; attention_mask: [B, S], 0 where a token is
padding; token_type_ids: int32 [B, S], 1 in a second text; either may be None.

A row may hold several texts (Krell et al. 2021, arXiv:2107.02027): N in all, numbered from 1.
sequence_ids: int32 [B, S], the number of each token's text, 0 where it is padding, in the place of
the attention mask; position_ids: int32 [B, S], each token's place in its text; starts: int32 [N],
where each text starts, counted through all rows. Tokens see those of their own text alone, and what
is told of a text as a whole is [N, ...]. `isthmus.models.packing` makes such rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.nn import Block, Dense, Embedding, LayerNorm, Parameter, Sequential, zeros

__all__ = [
    "Activated",
    "Attention",
    "Bert",
    "BertForMaskedLM",
    "BertForQuestionAnswering",
    "BertForSequenceClassification",
    "Config",
    "Embeddings",
    "Encoder",
    "Head",
    "Layer",
    "MaskedHead",
    "Output",
    "Packed",
    "Pooler",
    "Predictions",
    "SelfAttention",
    "SentenceBert",
    "TextRows",
    "Transform",
    "additive",
    "bert",
    "bert_base",
    "bert_large",
    "minilm_l6",
    "minilm_l12",
]

EPSILON = 1e-12
# Swallows any score in float32, as the lowest number would, but is finite in bfloat16 too, so
# that a row of nothing but padding attends evenly instead of giving NaN.
UNSEEN = numpy.float32(-1e30)


@dataclass(frozen=True)
class Config:
    """Sizes: `inner` is the feed-forward's width, `positions` the longest sequence."""

    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int = 30522
    positions: int = 512
    epsilon: float = EPSILON

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise UsageError(f"width={self.width} is no multiple of heads={self.heads}; adapt one")


class Embeddings(Block):
    """LayerNorm(word + token type + position). -> [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.word_embeddings = Embedding(config.vocabulary, config.width)
        self.position_embeddings = Embedding(config.positions, config.width)
        self.token_type_embeddings = Embedding(2, config.width)
        self.LayerNorm = LayerNorm(config.width, config.epsilon)

    def forward(self, input_ids: Any, token_type_ids: Any = None, position_ids: Any = None) -> Any:
        types = self.token_type_embeddings
        kinds = types.weight.data()[:1] if token_type_ids is None else types(token_type_ids)
        if position_ids is None:
            places = self._first(input_ids.shape[1])
        else:
            places = self.position_embeddings(position_ids)
        return self.LayerNorm(self.word_embeddings(input_ids) + kinds + places)

    def _first(self, seq: Any) -> Any:
        places = self.position_embeddings.weight.data()
        if isinstance(seq, int) and seq > len(places):
            raise UsageError(f"{seq} tokens, but positions={len(places)}; cut the text")
        return np.getitem(places, slice(seq))


class SelfAttention(Block):
    """softmax(q @ k.T / sqrt(D) + mask) @ v in each of the heads. x: [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.heads = config.heads
        self.query = Dense(config.width, config.width)
        self.key = Dense(config.width, config.width)
        self.value = Dense(config.width, config.width)

    def forward(self, x: Any, mask: Any) -> Any:
        q, k, v = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        y = npx.scaled_dot_product_attention(q, k, v, mask)
        return np.reshape(np.permute_dims(y, (0, 2, 1, 3)), x.shape)

    def _split(self, x: Any) -> Any:
        batch, seq, width = x.shape
        parts = np.reshape(x, (batch, seq, self.heads, width // self.heads))
        return np.permute_dims(parts, (0, 2, 1, 3))


class Output(Block):
    """LayerNorm(dense(x) + residual)."""

    def __init__(self, inputs: int, width: int, epsilon: float = EPSILON) -> None:
        self.dense = Dense(width, inputs)
        self.LayerNorm = LayerNorm(width, epsilon)

    def forward(self, x: Any, residual: Any) -> Any:
        return self.LayerNorm(self.dense(x) + residual)


class Attention(Block):
    """Self-attention, projected and added to what it saw."""

    def __init__(self, config: Config) -> None:
        self.self = SelfAttention(config)
        self.output = Output(config.width, config.width, config.epsilon)

    def forward(self, x: Any, mask: Any) -> Any:
        return self.output(self.self(x, mask), x)


class Activated(Block):
    """gelu(dense(x)), by the error function."""

    def __init__(self, inputs: int, units: int) -> None:
        self.dense = Dense(units, inputs)

    def forward(self, x: Any) -> Any:
        return npx.gelu(self.dense(x))


class Layer(Block):
    """One transformer layer: attention, then a feed-forward network. x: [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.attention = Attention(config)
        self.intermediate = Activated(config.width, config.inner)
        self.output = Output(config.inner, config.width, config.epsilon)

    def forward(self, x: Any, mask: Any) -> Any:
        seen = self.attention(x, mask)
        return self.output(self.intermediate(seen), seen)


class Encoder(Block):
    """The layers. x: [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.layer = Sequential(*(Layer(config) for _ in range(config.layers)))

    def forward(self, x: Any, mask: Any) -> Any:
        for _, layer in self.layer.children():
            x = layer(x, mask)
        return x


class TextRows:
    """A text in each row: what is told of it as a whole. attention_mask: [B, S] or None."""

    def __init__(self, attention_mask: Any) -> None:
        self.attention_mask = attention_mask

    def mask(self) -> Any:
        """What attention adds to scores; None for nothing."""
        return None if self.attention_mask is None else additive(self.attention_mask)

    def first(self, x: Any) -> Any:
        """Its first token, [CLS]. [B, S, W] -> [B, W]."""
        return np.getitem(x, (slice(None), 0))

    def mean(self, x: Any) -> Any:
        """The mean of its tokens. [B, S, W] -> [B, W]."""
        if self.attention_mask is None:
            return np.mean(x, axis=1)
        seen = np.expand_dims(np.astype(self.attention_mask, numpy.float32), axis=-1)
        return np.sum(x * seen, axis=1) / np.maximum(np.sum(seen, axis=1), 1e-9)


class Packed:
    """Several texts in each row: what is told of each, in the order of their numbers."""

    def __init__(self, sequence_ids: Any, starts: Any) -> None:
        self.sequence_ids = sequence_ids
        self.starts = starts

    def mask(self) -> Any:
        """0 between tokens of one text, `UNSEEN` between others. -> [B, 1, S, S]."""
        ids = self.sequence_ids
        same = np.equal(np.expand_dims(ids, axis=2), np.expand_dims(ids, axis=1))
        return np.expand_dims(np.where(same, numpy.float32(0), UNSEEN), axis=1)

    def first(self, x: Any) -> Any:
        """[B, S, W] -> [N, W]."""
        return np.take(self._flat(x), self.starts, axis=0)

    def mean(self, x: Any) -> Any:
        """[B, S, W] -> [N, W], by a product with a matrix of 0 and 1."""
        numbers = np.expand_dims(np.arange(1, self.starts.shape[0] + 1, dtype="int32"), axis=1)
        members = np.astype(np.equal(numbers, np.reshape(self.sequence_ids, (1, -1))), "float32")
        return members @ self._flat(x) / np.sum(members, axis=1, keepdims=True)

    def _flat(self, x: Any) -> Any:
        batch, seq, width = x.shape
        return np.reshape(x, (batch * seq, width))


def rows_of(attention_mask: Any, position_ids: Any, sequence_ids: Any, starts: Any) -> Any:
    """What the rows hold; UsageError for half of what packed rows need."""
    packed = {"position_ids": position_ids, "sequence_ids": sequence_ids, "starts": starts}
    missing = [name for name, array in packed.items() if array is None]
    if len(missing) == len(packed):
        return TextRows(attention_mask)
    if missing or attention_mask is not None:
        wrong = f"{missing[0]} is missing" if missing else "attention_mask is given as well"
        raise UsageError(f"packed rows take {', '.join(packed)} and no attention_mask: {wrong}")
    return Packed(sequence_ids, starts)


class Pooler(Block):
    """tanh(dense(x)) of the first token, [CLS], which has gathered the text. [N, W] -> [N, W]."""

    def __init__(self, width: int) -> None:
        self.dense = Dense(width, width)

    def forward(self, first: Any) -> Any:
        return np.tanh(self.dense(first))


class Bert(Block):
    """The plain model -> {"last_hidden_state": [B, S, W], "pooler_output": [B, W]}."""

    def __init__(self, config: Config, pooler: bool = True) -> None:
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config.width) if pooler else None

    def forward(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        sequence_ids: Any = None,
        starts: Any = None,
    ) -> dict[str, Any]:
        rows = rows_of(attention_mask, position_ids, sequence_ids, starts)
        x = self.encoder(self.embeddings(input_ids, token_type_ids, position_ids), rows.mask())
        return self.outputs(x, rows)

    def outputs(self, x: Any, rows: Any) -> dict[str, Any]:
        """What is returned, from the last layer's x: [B, S, W] and what the rows hold."""
        pooled = {} if self.pooler is None else {"pooler_output": self.pooler(rows.first(x))}
        return {"last_hidden_state": x, **pooled}


def additive(attention_mask: Any) -> Any:
    """0 where a token may be seen, `UNSEEN` where not. [B, S] -> [B, 1, 1, S]."""
    seen = np.not_equal(attention_mask, 0)
    return np.expand_dims(np.where(seen, numpy.float32(0), UNSEEN), axis=(1, 2))


class SentenceBert(Bert):
    """The mean over the tokens, of length 1 -> {"embedding": [B, W]} (arXiv:1908.10084)."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, pooler=False)

    def outputs(self, x: Any, rows: Any) -> dict[str, Any]:
        return {"embedding": npx.l2_normalize(rows.mean(x))}


class Head(Block):
    """A BERT whose output is used by what a subclass adds."""

    def __init__(self, config: Config, pooler: bool = False) -> None:
        self.bert = Bert(config, pooler)

    def forward(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        sequence_ids: Any = None,
        starts: Any = None,
    ) -> dict[str, Any]:
        found = self.bert(
            input_ids, attention_mask, token_type_ids, position_ids, sequence_ids, starts
        )
        return self.outputs(**found)

    outputs: Callable[..., dict[str, Any]]


class BertForSequenceClassification(Head):
    """A dense layer on the pooled output -> {"logits": [B, labels]}."""

    def __init__(self, config: Config, labels: int = 2) -> None:
        super().__init__(config, pooler=True)
        self.classifier = Dense(labels, config.width)

    def outputs(self, last_hidden_state: Any, pooler_output: Any) -> dict[str, Any]:
        return {"logits": self.classifier(pooler_output)}


class BertForQuestionAnswering(Head):
    """Where the answer starts and ends -> {"start_logits": [B, S], "end_logits": [B, S]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Dense(2, config.width)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        both = self.qa_outputs(last_hidden_state)
        return {"start_logits": both[..., 0], "end_logits": both[..., 1]}


class Transform(Activated):
    """LayerNorm(gelu(dense(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width)
        self.LayerNorm = LayerNorm(width, EPSILON)

    def forward(self, x: Any) -> Any:
        return self.LayerNorm(super().forward(x))


class Predictions(Block):
    """transform(x) @ table.T + bias; the table is the word embeddings', listed there only."""

    def __init__(self, config: Config) -> None:
        self.bias = Parameter((config.vocabulary,), zeros)
        self.transform = Transform(config.width)

    def forward(self, x: Any, table: Parameter) -> Any:
        return npx.fully_connected(self.transform(x), table.data(), self.bias.data())


class MaskedHead(Block):
    """The level of the name `cls.predictions`."""

    def __init__(self, config: Config) -> None:
        self.predictions = Predictions(config)


class BertForMaskedLM(Head):
    """A score of every word at every place -> {"logits": [B, S, vocabulary]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls = MaskedHead(config)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        table = self.bert.embeddings.word_embeddings.weight
        return {"logits": self.cls.predictions(last_hidden_state, table)}


HEADS: dict[str, Callable[..., Block]] = {
    "none": Bert,
    "classification": BertForSequenceClassification,
    "question-answering": BertForQuestionAnswering,
    "masked-lm": BertForMaskedLM,
    "sentence": SentenceBert,
}


def bert(
    *,
    layers: int,
    width: int,
    heads: int,
    inner: int,
    vocabulary: int = 30522,
    positions: int = 512,
    head: str = "none",
    labels: int = 2,
) -> Block:
    """A BERT of any size with one of `HEADS`; `labels` are the classification's."""
    if head not in HEADS:
        raise UsageError(f"head={head!r}: choose from {', '.join(HEADS)}")
    config = Config(layers, width, heads, inner, vocabulary, positions)
    return HEADS[head](config, **({"labels": labels} if head == "classification" else {}))


bert_base = partial(bert, layers=12, width=768, heads=12, inner=3072)
bert_large = partial(bert, layers=24, width=1024, heads=16, inner=4096)
minilm_l6 = partial(bert, layers=6, width=384, heads=12, inner=1536, head="sentence")
minilm_l12 = partial(bert, layers=12, width=384, heads=12, inner=1536, head="sentence")
