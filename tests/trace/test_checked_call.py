"""Operators of other packages are held to their rule, wherever their body runs."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from isthmus import composite, grad, jit, namespace, np, npx, primitive
from isthmus.errors import DimensionError, UsageError
from isthmus.extend import Type, elementwise, floating
from isthmus.program.compiling import compile
from isthmus.trace.op import Op
from isthmus.trace.tracing import spec

X = numpy.arange(1, 8, dtype=numpy.float32)
BACKENDS = ["numpy", "cpu"]


@primitive(infer=lambda x: x)
def shorter(x: Any, /) -> Any:
    """Not as long as it says."""
    return x[:1]


@primitive(infer=lambda x: x)
def wider(x: Any, /) -> Any:
    """Of another dtype than it says."""
    return x.astype("float64")


@primitive(infer=lambda x: (x, x))
def single(x: Any, /) -> Any:
    """Of fewer results than it says."""
    return x


@primitive(infer=lambda x: x)
def unchanged(x: Any, /) -> Any:
    """Its operand."""
    return x


@primitive(infer=lambda x: x)
def assigns(x: Any, /) -> Any:
    """Writes to its operand."""
    x[...] = 3
    return x


@primitive(infer=lambda x: x)
def sorts(x: Any, /) -> Any:
    """Writes to its operand by a method."""
    x.sort()
    return x


@primitive(infer=lambda x: x)
def by_out(x: Any, /) -> Any:
    """Writes to its operand by `out`."""
    return numpy.negative(x, out=x)


@primitive(infer=lambda *many: many[0], variadic=True)
def first_of(arrays: Any, /) -> Any:
    """Writes to one of a list of operands."""
    arrays[0][0] = 9
    return arrays[0]


@composite
def adds_one(x: Any, /) -> Any:
    """A composite that assigns to its operand."""
    x += 1
    return x


@primitive(infer=lambda x: (x, Type(numpy.dtype("int64"), ())))
def listed(x: Any, /) -> Any:
    """Of two results in a list, where a tuple is asked for."""
    return [x, x.size]


WRONG = {
    listed: "its body gave a list that is no array; return an array, or a tuple of them",
    shorter: r"shorter\(float32\[7\]\): its body gave float32\[1\], .* declares float32\[7\]",
    wider: r"its body gave float64\[7\], where infer declares float32\[7\]; make the two agree",
    single: r"gave float32\[7\], where infer declares 2 results \(float32\[7\], float32\[7\]\)",
}
WRITING = [assigns, sorts, by_out, adds_one]


def calls(op: Op[..., Any], x: Any) -> dict[str, Any]:
    """Every way in which a body comes to run."""

    def after(x: Any) -> Any:
        found = op(x)
        return np.tanh(found[0] if isinstance(found, tuple) else found)

    named, known = spec("float32", ["n"]), spec("float32", [7])
    ways = {
        f"{backend}, {type_}": lambda b=backend, t=type_: compile(after, t, backend=b)(x)
        for backend in BACKENDS
        for type_ in (named, known)
    }
    xp = namespace("cpu")
    return {
        **ways,
        "eager": lambda: op(x),
        "namespace": lambda: op(xp.asarray(x)),
        "jit": lambda: jit(after, backend="cpu")(x),
        "loop": lambda: compile(
            lambda x: npx.foreach(lambda row, s: (after(row), s), np.stack([x, x]), x)[0],
            named,
            backend="cpu",
        )(x),
    }


@pytest.mark.parametrize("way", calls(unchanged, X))
@pytest.mark.parametrize("op", WRONG, ids=str)
def test_results_are_compared_with_the_rule(op: Op[..., Any], way: str) -> None:
    with pytest.raises(UsageError, match=WRONG[op]) as raised:
        calls(op, X)[way]()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("way", calls(unchanged, X))
@pytest.mark.parametrize("op", WRITING, ids=str)
def test_operands_are_the_callers(op: Op[..., Any], way: str) -> None:
    x = X.copy()
    with pytest.raises(UsageError, match=r"writes to an operand, which is the caller's.*copy"):
        calls(op, x)[way]()
    numpy.testing.assert_array_equal(x, X)
    assert x.flags.writeable


def test_operands_in_a_list_are_the_callers() -> None:
    def in_a_program(x: Any) -> Any:
        return compile(lambda x: first_of([x, x]), spec("float32", ["n"]), backend="numpy")(x)

    def eagerly(x: Any) -> Any:
        return first_of([x, x])

    x = X.copy()
    for call in (eagerly, in_a_program):
        with pytest.raises(UsageError, match="writes to an operand"):
            call(x)
    numpy.testing.assert_array_equal(x, X)


def test_a_result_that_is_the_operand_is_the_callers_own() -> None:
    x = X.copy()
    for found in (unchanged(x), compile(unchanged, spec("float32", [7]), backend="numpy")(x)):
        found[0] = 100
        assert x[0] == 1


def test_views_stay_views_where_the_operator_says_so() -> None:
    @primitive(infer=lambda x: x, view=True)
    def seen(x: Any, /) -> Any:
        return x[:]

    x = X.copy()
    seen(x)[0] = 5
    assert x[0] == 5
    x.flags.writeable = False
    assert not seen(x).flags.writeable


def test_numpys_arrays_are_cast_as_in_a_program() -> None:
    @primitive(infer=elementwise)
    def squares(x: Any, y: Any, /) -> Any:
        return x * x + y

    x, y = numpy.array([100], "int8"), numpy.array([1.0])
    run = compile(squares, (spec("int8", [1]), spec("float64", [1])), backend="numpy")
    assert squares(x, y) == run(x, y) == 10001
    assert squares(numpy.float32(2), 1).dtype == numpy.float32
    with pytest.raises(DimensionError, match=r"squares\(float32\[7\], float32\[2\]\): sizes 7 and"):
        squares(X, X[:2])


def test_sizes_that_values_decide_are_whatever_they_are() -> None:
    def found(x: Type, size: Any) -> Type:
        return Type(x.dtype, (size,))

    @primitive(infer=found, discovers=True)
    def positive(x: Any, /, size: Any = None) -> Any:
        return x[x > 0]

    run = compile(lambda x: np.tanh(positive(x)), spec("float32", ["n"]), backend="numpy")
    assert positive(X - 3).shape == run(X - 3).shape == (4,)


def test_a_rule_that_gives_no_type() -> None:
    text: Any = "float32"
    for rule in (lambda x: x.shape, lambda x: Type(text, x.shape)):
        op = primitive(infer=rule)(lambda x, /: x)
        for call in (op, lambda _, op=op: compile(op, spec("float32", ["n"]))):
            with pytest.raises(UsageError, match=r"infer gives .*; give a Type of a numpy.dtype"):
                call(X)


def test_a_rule_that_takes_other_arguments() -> None:
    @primitive(infer=lambda x: x)
    def scaled(x: Any, /, *, by: int = 1) -> Any:
        return x * by

    ways: list[Any] = [scaled, lambda _: compile(scaled, spec("float32", ["n"]))]
    for call in ways:
        with pytest.raises(UsageError, match=r"scaled.*infer: .*'by'; it is called as infer\("):
            call(X)


def test_the_gradient_of_a_checked_operator() -> None:
    @primitive(infer=floating, vjp=lambda g, y, x: (g / x,))
    def natural(x: Any, /) -> Any:
        return numpy.log(x)

    numpy.testing.assert_allclose(grad(lambda x: np.sum(natural(x)))(X), 1 / X)


def test_versions_are_texts_and_names_are_given() -> None:
    with pytest.raises(UsageError, match="version=2: give a text such as '1'"):
        primitive(infer=floating, version=2)
    for op in (
        primitive(infer=floating, version="2", name="package.logit")(lambda x, /: numpy.log(x)),
        composite(version="2", name="package.logit")(lambda x, /: np.log(x)),
    ):
        assert op.version == "2" and str(op) == "package.logit" and op.foreign


def test_numpys_scalars_lists_and_other_layouts_are_operands() -> None:
    @primitive(infer=lambda x, y, **_: x)
    def plus(x: Any, y: Any = None, /, *, factor: int = 1) -> Any:
        return x if y is None else x + factor * y

    matrix = X[:6].reshape(2, 3)
    for x in (X[::-2], matrix.T, numpy.float32(3), X[:0], numpy.asarray(2.0), X.astype(">f4")):
        for found, wanted in ((plus(x), x), (plus(x, x, factor=2), 3 * x)):
            numpy.testing.assert_array_equal(found, wanted)
            assert found.dtype == wanted.dtype.newbyteorder("=")
    assert plus([1.0, 2.0]).tolist() == [1, 2]
    call: Any = plus
    with pytest.raises(UsageError, match="plus: missing a required argument: 'x'; see help"):
        call()


def test_names_of_isthmus_are_not_taken() -> None:
    with pytest.raises(UsageError, match=r"'np.tanh' of .*give another, as name='package"):
        primitive(infer=floating, name="np.tanh")(lambda x, /: x)
    assert np.tanh(X)[0] == numpy.tanh(X)[0]


def test_built_in_operators_are_not_checked_unless_they_ask() -> None:
    assert not np.tanh.checked and not np.sum.checked and npx.convolution.checked
