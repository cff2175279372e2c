"""DistilBERT: half of BERT's layers, taught by it (Sanh et al. 2019, arXiv:1910.01108).

There are no token types and no pooler. Parameters are named as BERT's in the layers, and as
Hugging Face's DistilBertModel names its heads. B is the batch, S the sequence, W the width.
input_ids: int32 [B, S]; attention_mask: [B, S], 0 where a token is padding, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from isthmus import np, npx
from isthmus.errors import UsageError
from isthmus.nn import Block, Dense, Embedding, LayerNorm, Parameter, zeros

from .bert import Config, Encoder, TextRows

__all__ = [
    "DistilBert",
    "DistilBertForMaskedLM",
    "DistilBertForQuestionAnswering",
    "DistilBertForSequenceClassification",
    "Head",
    "Projector",
    "SentenceDistilBert",
    "WordsAndPlaces",
    "distilbert",
    "distilbert_base",
]


class WordsAndPlaces(Block):
    """LayerNorm(word + position). -> [B, S, W]."""

    def __init__(self, config: Config) -> None:
        self.word_embeddings = Embedding(config.vocabulary, config.width)
        self.position_embeddings = Embedding(config.positions, config.width)
        self.LayerNorm = LayerNorm(config.width, config.epsilon)

    def forward(self, input_ids: Any) -> Any:
        seq, places = input_ids.shape[1], self.position_embeddings.weight.data()
        if isinstance(seq, int) and seq > len(places):
            raise UsageError(f"{seq} tokens, but positions={len(places)}; cut the text")
        return self.LayerNorm(self.word_embeddings(input_ids) + np.getitem(places, slice(seq)))


class DistilBert(Block):
    """The plain model -> {"last_hidden_state": [B, S, W]}."""

    def __init__(self, config: Config) -> None:
        self.embeddings = WordsAndPlaces(config)
        self.encoder = Encoder(config)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        mask = TextRows(attention_mask).mask()
        return {"last_hidden_state": self.encoder(self.embeddings(input_ids), mask)}


class SentenceDistilBert(DistilBert):
    """The mean over the tokens, of length 1 -> {"embedding": [B, W]} (arXiv:1908.10084)."""

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        x = super().forward(input_ids, attention_mask)["last_hidden_state"]
        return {"embedding": npx.l2_normalize(TextRows(attention_mask).mean(x))}


class Head(Block):
    """A DistilBERT whose last layer is used by what a subclass adds."""

    def __init__(self, config: Config) -> None:
        self.distilbert = DistilBert(config)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> dict[str, Any]:
        return self.outputs(**self.distilbert(input_ids, attention_mask))

    outputs: Callable[..., dict[str, Any]]


class DistilBertForSequenceClassification(Head):
    """classifier(relu(pre_classifier(first token))) -> {"logits": [B, labels]}."""

    def __init__(self, config: Config, labels: int = 2) -> None:
        super().__init__(config)
        self.pre_classifier = Dense(config.width, config.width)
        self.classifier = Dense(labels, config.width)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        first = TextRows(None).first(last_hidden_state)
        return {"logits": self.classifier(npx.relu(self.pre_classifier(first)))}


class DistilBertForQuestionAnswering(Head):
    """Where the answer starts and ends -> {"start_logits": [B, S], "end_logits": [B, S]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Dense(2, config.width)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        both = self.qa_outputs(last_hidden_state)
        return {"start_logits": both[..., 0], "end_logits": both[..., 1]}


class Projector(Block):
    """x @ table.T + bias; the table is the word embeddings', listed there only."""

    def __init__(self, config: Config) -> None:
        self.bias = Parameter((config.vocabulary,), zeros)

    def forward(self, x: Any, table: Parameter) -> Any:
        return npx.fully_connected(x, table.data(), self.bias.data())


class DistilBertForMaskedLM(Head):
    """A score of every word at every place -> {"logits": [B, S, vocabulary]}."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.vocab_transform = Dense(config.width, config.width)
        self.vocab_layer_norm = LayerNorm(config.width, config.epsilon)
        self.vocab_projector = Projector(config)

    def outputs(self, last_hidden_state: Any) -> dict[str, Any]:
        x = self.vocab_layer_norm(npx.gelu(self.vocab_transform(last_hidden_state)))
        table = self.distilbert.embeddings.word_embeddings.weight
        return {"logits": self.vocab_projector(x, table)}


HEADS: dict[str, Callable[..., Block]] = {
    "none": DistilBert,
    "classification": DistilBertForSequenceClassification,
    "question-answering": DistilBertForQuestionAnswering,
    "masked-lm": DistilBertForMaskedLM,
    "sentence": SentenceDistilBert,
}


def distilbert(
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
    """A DistilBERT of any size with one of `HEADS`; `labels` are the classification's."""
    if head not in HEADS:
        raise UsageError(f"head={head!r}: choose from {', '.join(HEADS)}")
    config = Config(layers, width, heads, inner, vocabulary, positions)
    return HEADS[head](config, **({"labels": labels} if head == "classification" else {}))


distilbert_base = partial(distilbert, layers=6, width=768, heads=12, inner=3072)
