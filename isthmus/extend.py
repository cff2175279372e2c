"""Names for authors of operators and backends.

An operator is a NumPy function with a decorator. Parameters before `/` are arrays, the others
attributes. A composite is made of other operators, and needs nothing else:

    >>> import numpy
    >>> import isthmus as im
    >>> from isthmus import np
    >>> from isthmus.extend import composite, floating, primitive
    >>> @composite
    ... def softsign(x, /):
    ...     return x / (1 + np.abs(x))
    >>> run = im.compile(softsign, im.spec("float32", ["n"]), backend="cpu")
    >>> run(numpy.array([-1, 0, 3], numpy.float32))
    array([-0.5 ,  0.  ,  0.75], dtype=float32)

A primitive calls NumPy. `infer` gives the type of the result, `vjp` the gradient: of the result's
gradient `g`, the result `y` and the operands, one for each operand. A backend that has no row for
it leaves it to NumPy:

    >>> @primitive(infer=floating, vjp=lambda g, y, x: (g / (x * (1 - x)),))
    ... def logit(x, /):
    ...     return numpy.log(x) - numpy.log1p(-x)
    >>> im.eval_shape(logit, im.spec("int32", ["n"]))
    float64[n]
    >>> im.grad(lambda x: np.sum(logit(x)))(numpy.array([0.5, 0.2]))
    array([4.  , 6.25])

A backend says of each node whether it computes it as NumPy does, and loads graphs of those that
it does. This one multiplies and adds float32:

    >>> from isthmus.extend import Constant, Graph, Node, Options
    >>> class Runner:
    ...     def __init__(self, graph: Graph) -> None:
    ...         self.graph = graph
    ...
    ...     def __call__(self, arrays, sizes):
    ...         known = dict(zip(map(id, self.graph.inputs), arrays))
    ...         def array(value):
    ...             return value.array if isinstance(value, Constant) else known[id(value)]
    ...         for node in self.graph.nodes():
    ...             known[id(node.results[0])] = TABLE[node.op](*map(array, node.operands))
    ...         return [array(value) for value in self.graph.outputs]
    ...
    ...     def describe(self):
    ...         return [str(node) for node in self.graph.nodes()]
    >>> class Small:
    ...     name = "small"
    ...
    ...     def fuses(self, node: Node, options: Options) -> bool:
    ...         return False
    ...
    ...     def refuses(self, node: Node, options: Options) -> str | None:
    ...         if node.op not in TABLE:
    ...             return "small multiplies and adds"
    ...         dtypes = {value.type.dtype.name for value in (*node.operands, *node.results)}
    ...         return None if dtypes == {"float32"} else "small computes in float32"
    ...
    ...     def load(self, graph: Graph, options: Options) -> Runner:
    ...         return Runner(graph)
    >>> TABLE = {np.add: numpy.add, np.multiply: numpy.multiply}
    >>> traced = im.trace(lambda x: 2 * x + 1, im.spec("float32", ["n"]))
    >>> runner = Small().load(traced.graph, Options())
    >>> runner([numpy.array([1, 2], numpy.float32)], {"n": 2})
    [array([3., 5.], dtype=float32)]
    >>> runner.describe()
    ['np.multiply(float32[], float32[n])', 'np.add(float32[n], float32[])']

An operator may state kernels: operations of shared libraries, by the names of the backends that
load them. They are tried in a process of their own and compared with the body before they are used;
without the library the body runs:

    >>> from isthmus.extend import Kernel, elementwise
    >>> @primitive(infer=elementwise, kernels={"cpu": Kernel("absent.so", "SoftShrink", "my.ops")})
    ... def soft_shrink(x, /, *, lambd=0.5):
    ...     return numpy.where(abs(x) > lambd, x - numpy.sign(x) * x.dtype.type(lambd), x * 0)
    >>> run = im.compile(soft_shrink, im.spec("float32", ["n"]), backend="cpu")
    >>> run(numpy.array([-2, 0.25, 1], numpy.float32))
    array([-1.5,  0. ,  0.5], dtype=float32)
    >>> "absent.so, is not there" in run.explain()
    True

A package makes it known by an entry point, and `isthmus.compile(..., backend="small")` finds it:

    [project.entry-points."isthmus.backends"]
    small = "package.module:Small"
"""

from __future__ import annotations

from isthmus.analysis.index_checks import body_reason, index_reason
from isthmus.analysis.intervals import Interval, interval
from isthmus.errors import BackendMissing, DimensionError, IsthmusError, UsageError
from isthmus.graph.dims import Dim, Shape
from isthmus.graph.infer import (
    Elementwise,
    as_numpy,
    axes_of,
    cast,
    comparison,
    elementwise,
    floating,
    logical,
    matrix_product,
    mean_dtype,
    one_axis,
    quotient,
    reduced_shape,
    reduction,
    selection,
    sum_dtype,
)
from isthmus.graph.interpreter import run_node
from isthmus.graph.kernel import Kernel
from isthmus.graph.nodes import Constant, Graph, Input, Node, Result, Type, Value
from isthmus.graph.operator import Operator
from isthmus.graph.passes import expand
from isthmus.graph.runner import Arrays, Runner
from isthmus.graph.shapes import broadcast
from isthmus.graph.ufunc_types import Loop
from isthmus.program.backend import Backend, Diagnosis, Facts, Memory, Setting
from isthmus.program.kernels import check_kernels
from isthmus.program.options import Options
from isthmus.program.splitting import Longest
from isthmus.trace.op import OPERATORS, Op, composite, primitive

__all__ = [
    "OPERATORS",
    "Arrays",
    "Backend",
    "BackendMissing",
    "Constant",
    "Diagnosis",
    "Dim",
    "DimensionError",
    "Elementwise",
    "Facts",
    "Graph",
    "Input",
    "Interval",
    "IsthmusError",
    "Kernel",
    "Longest",
    "Loop",
    "Memory",
    "Node",
    "Op",
    "Operator",
    "Options",
    "Result",
    "Runner",
    "Setting",
    "Shape",
    "Type",
    "UsageError",
    "Value",
    "as_numpy",
    "axes_of",
    "body_reason",
    "broadcast",
    "cast",
    "check_kernels",
    "comparison",
    "composite",
    "elementwise",
    "expand",
    "floating",
    "index_reason",
    "interval",
    "logical",
    "matrix_product",
    "mean_dtype",
    "one_axis",
    "primitive",
    "quotient",
    "reduced_shape",
    "reduction",
    "run_node",
    "selection",
    "sum_dtype",
]
