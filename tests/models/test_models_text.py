"""Token numbers of texts: the published rules, padding, cutting, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from isthmus.errors import FileError, UsageError
from isthmus.models.inputs.samples import minilm
from isthmus.models.inputs.text import Tokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "world", "un", "##aff", "##able", "!", "cafe"]


def vocabulary(folder: Path, *more: str) -> Path:
    path = folder / "vocab.txt"
    path.write_text("\n".join([*WORDS, *more]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    return Tokenizer(vocabulary(tmp_path))


def test_words_pieces_and_padding(tokenizer: Tokenizer) -> None:
    found = tokenizer.encode(["Hello unaffable world!", "café"])
    assert {name: array.dtype.name for name, array in found.items()} == {
        "input_ids": "int32",
        "attention_mask": "int32",
        "token_type_ids": "int32",
    }
    expected = [[2, 4, 6, 7, 8, 5, 9, 3], [2, 10, 3, 0, 0, 0, 0, 0]]
    assert found["input_ids"].tolist() == expected
    assert found["attention_mask"].tolist() == [[1] * 8, [1] * 3 + [0] * 5]
    assert not found["token_type_ids"].any()


def test_cutting_keeps_the_last_separator(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(["hello world hello"], 4)["input_ids"].tolist() == [[2, 4, 5, 3]]
    assert tokenizer.encode(["hello world hello"])["input_ids"].shape == (1, 5)


def test_pairs_have_the_second_token_type(tokenizer: Tokenizer) -> None:
    found = tokenizer.encode(["hello"], pairs=["world !"])
    assert found["input_ids"].tolist() == [[2, 4, 3, 5, 9, 3]]
    assert found["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 1]]


def test_case_is_kept_where_the_vocabulary_has_capitals(tmp_path: Path) -> None:
    tokenizer = Tokenizer(vocabulary(tmp_path, "Hello"))
    assert tokenizer.encode(["Hello hello"])["input_ids"].tolist() == [[2, 11, 4, 3]]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "texts is empty"),
        ("hello", "texts is a str"),
        (b"hello", "texts is a bytes"),
        (None, "texts is a NoneType"),
        (["hello", ""], r"texts\[1\] is ''"),
        ([" \n"], r"texts\[0\]"),
        ([3], r"texts\[0\] is 3"),
    ],
)
def test_wrong_texts(tokenizer: Tokenizer, texts: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        tokenizer.encode(texts)


def test_wrong_lengths(tokenizer: Tokenizer) -> None:
    values: tuple[Any, ...] = (2, 0, -1, True, 4.0)
    for max_length in values:
        with pytest.raises(UsageError, match="3 is the least"):
            tokenizer.encode(["hello"], max_length)
    with pytest.raises(UsageError, match="4 is the least"):
        tokenizer.encode(["hello"], 3, pairs=["world"])
    with pytest.raises(UsageError, match="1 texts, 2 pairs"):
        tokenizer.encode(["hello"], pairs=["world", "world"])


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff\xfe\x00", b'{"version": "9"}'])
@pytest.mark.parametrize("name", ["tokenizer.json", "vocab.txt"])
def test_files_that_are_no_tokenizer(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    for source in (tmp_path, tmp_path / name):
        with pytest.raises(FileError, match=f"{name}: not a ") as caught:
            Tokenizer(source)
        assert "\n" not in str(caught.value)


def test_missing_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"give a tokenizer\.json or a vocab\.txt"):
        Tokenizer(tmp_path)


def test_published_tokenizer_ignores_its_own_fixed_padding() -> None:
    try:
        folder = minilm()
    except FileError as error:
        pytest.skip(str(error))
    texts = ["Hello, World!", "an unaffable 数字"]
    found = Tokenizer(folder).encode(texts)
    assert found["input_ids"].tolist() == [
        [101, 7592, 1010, 2088, 999, 102, 0, 0],
        [101, 2019, 14477, 20961, 3468, 100, 100, 102],
    ]
    bare = Tokenizer(folder / "vocab.txt").encode(texts)
    for name, array in found.items():
        numpy.testing.assert_array_equal(array, bare[name], strict=True)
