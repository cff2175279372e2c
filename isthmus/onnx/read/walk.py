"""From node to node of a model, on arrays or on traced ones."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isthmus.errors import FileError, IndexOutside, IsthmusError, UsageError
from isthmus.trace.location import located

from . import control, standard_functions
from .facts import Facts, Row
from .model import Body, Model, Node
from .numbers import as_array, as_known, as_sizes, in_numbers
from .operators import ROWS

__all__ = ["Walk", "check"]

Values = MutableMapping[str, Any]  # of a graph, and of what surrounds it


@dataclass(frozen=True)
class Walk:
    """A walk over the graphs of a model, where operators have the meaning of these versions."""

    model: Model
    opsets: Mapping[str, int]
    whole: bool = True  # whether all results are made: of a function those that a call reads

    def run(self, body: Body, given: Mapping[str, Any], outer: Values | None = None) -> list[Any]:
        """The results of a graph, for its inputs; outer: what surrounds it."""
        own: dict[str, Any] = {**body.constants, **given}
        values: Values = ChainMap(own, {} if outer is None else outer)
        for node, unused in zip(body.nodes, body.last_used, strict=True):
            results = self._results(node, values)
            own.update((n, r) for n, r in zip(node.outputs, results, strict=False) if n)
            for name in unused:
                own.pop(name, None)
        if not self.whole:
            return [values.get(name) for name in body.outputs]
        return [self._value(name, values) for name in body.outputs]

    def _value(self, name: str, values: Values) -> Any:
        if name not in values:
            raise FileError(f"{self.model.path}: nothing makes the value '{name}'; export it again")
        return values[name]

    def _results(self, node: Node, values: Values) -> Sequence[Any]:
        operands = [self._value(name, values) if name else None for name in node.inputs]
        try:
            with located(f"{self.model.path.name}:{node.name or node.op}"):
                found = self._computed(node, operands, values)
        except RecursionError:
            raise FileError(f"{self.model.path}: functions inside of each other") from None
        except FileError:
            raise
        except Exception as problem:  # a file may give a row whatever it likes
            raise self._explained(node, problem) from problem
        return found if isinstance(found, list) else [found]

    def _explained(self, node: Node, problem: Exception) -> Exception:
        """The same in one line that says where in the file it happened."""
        said = " ".join(str(problem).split()) or type(problem).__name__
        if said.startswith("ONNX "):
            return problem
        if isinstance(problem, IsthmusError):
            kind: type[Exception] = type(problem)
        else:
            kind = IndexOutside if isinstance(problem, IndexError) else UsageError
        name = f" '{node.name}'" if node.name else ""
        return kind(f"ONNX {node.op}{name}: {said}")

    def _computed(self, node: Node, operands: list[Any], values: Values) -> Any:
        facts = self._facts(node, values)
        row = ROWS.get(node.op)
        if node.op in control.RULES:
            return control.RULES[node.op](facts, *operands)
        if row is None:
            return self._function(node, operands)
        found = in_numbers(facts, operands)
        if found is not NotImplemented:
            return found
        return row.function(facts, *(_given(row, i, v) for i, v in enumerate(operands)))

    def _facts(self, node: Node, values: Values) -> Facts:
        opset = self.opsets.get(node.domain, 1)

        def run(body: Body, given: Mapping[str, Any]) -> list[Any]:
            return self.run(body, given, values)

        return Facts(node.op, opset, node.outputs, node.attributes, run)

    def _function(self, node: Node, operands: list[Any]) -> list[Any]:
        """What a function of the file, or the standard's own, makes of the operands."""
        opset = self.opsets.get(node.domain, 1)
        proto, more = self.model.functions.get(node.op), []
        if proto is None:
            proto = standard_functions.find(node, opset, operands)
            more = standard_functions.defaults(node, opset)
        if proto is None:
            raise UsageError("not known to isthmus")
        body = self.model.function(proto, node.attributes, more)
        opsets = {
            ("" if o.domain == "ai.onnx" else o.domain): o.version for o in proto.opset_import
        }
        given = dict(zip(body.inputs, operands, strict=False))
        given |= dict.fromkeys(body.inputs[len(operands) :])
        return replace(self, opsets={**self.opsets, **opsets}, whole=False).run(body, given)


def _given(row: Row, position: int, value: Any) -> Any:
    if value is None or row.raw:
        return value
    if position in row.sizes:
        return as_sizes(value)
    return as_known(value) if position in row.known else as_array(value)


def check(model: Model) -> None:
    """UsageError that names all that the file needs and nobody here knows: operators, versions,
    counts."""
    absent = Counter(_absent(model, model.body, model.opsets, ()))
    if not absent:
        return
    listed = ", ".join(
        f"{op} (opset {model.opsets.get(op.rpartition('.')[0], 1)}, {count} nodes)"
        if count > 1
        else f"{op} (opset {model.opsets.get(op.rpartition('.')[0], 1)})"
        for op, count in sorted(absent.items())
    )
    raise UsageError(f"{model.path}: ONNX operators that are not known to isthmus: {listed}")


def _absent(
    model: Model, body: Body, opsets: Mapping[str, int], inside: tuple[str, ...]
) -> Iterator[str]:
    for node in body.nodes:
        for value in node.attributes.values():
            if isinstance(value, Body):
                yield from _absent(model, value, opsets, inside)
        if node.op in ROWS or node.op in control.RULES:
            continue
        proto = model.functions.get(node.op)
        if node.op in inside:
            raise FileError(f"{model.path}: function '{node.op}' is inside of itself")
        if proto is not None:
            inner = model.function(proto, node.attributes)
            yield from _absent(model, inner, opsets, (*inside, node.op))
        elif not standard_functions.exists(node, opsets.get(node.domain, 1)):
            yield node.op
