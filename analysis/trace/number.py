"""A number together with the expression that it came from.

    >>> N, D = given(70e9, "N", "parameters"), given(1.4e12, "D", "training tokens")
    >>> C = named(6 * N * D, "C", "training compute", "FLOP")
    >>> C.value, C.operation, [part.symbol or part.operation for part in C.parts]
    (5.88e+23, '*', ['*', 'D'])

Arithmetic and numpy's functions take it like a number and note what they did; comparisons, truth and float() go by its value. A
formula function that is called with traced numbers so returns its result together with its own equation, and there is no second one
beside it that could say something else. With plain numbers a formula works as it always did.
"""

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

SETTING, PRINTED, CONFIGURED, FITTED, ASSUMED, DEFINED = "setting", "printed", "configured", "fitted", "assumed", "defined"
"""What a value can be: a setting of the reader's, printed in a work, of a model's configuration, fitted here, assumed by this project, or
so by definition."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from.

    kind: one of those above. words: what it is besides: the name of a setting, why it is assumed. source, location: the work and the place
    in it; verified: how many transcriptions agree, 0 from memory, None where nothing was transcribed.
    """

    kind: str
    words: str = ""
    source: str = ""
    location: str = ""
    verified: int | None = None


class Traced:
    """A number with the operation and the numbers that it is made of, and perhaps a name.

    value: a Python or numpy number. operation: "value" for one that was given, "number" for a constant in a formula, else the name of what
    was done to the parts. symbol: its name in equations, as LaTeX; meaning: what it is; unit; origin: where a given value comes from.
    """

    __slots__ = ("meaning", "operation", "origin", "parts", "symbol", "unit", "value")
    __array_priority__ = 1000

    def __init__(self, value, operation="value", parts=(), symbol="", meaning="", unit="", origin=None):
        self.value, self.operation, self.parts = value, operation, tuple(parts)
        self.symbol, self.meaning, self.unit, self.origin = symbol, meaning, unit, origin

    def __repr__(self) -> str:
        return f"Traced({self.value!r}, {self.symbol or self.operation})"

    # --- what is noted ------------------------------------------------------------------------------------------------

    def __add__(self, other):
        return combined("+", operator.add, self, other)

    def __radd__(self, other):
        return combined("+", operator.add, other, self)

    def __sub__(self, other):
        return combined("-", operator.sub, self, other)

    def __rsub__(self, other):
        return combined("-", operator.sub, other, self)

    def __mul__(self, other):
        return combined("*", operator.mul, self, other)

    def __rmul__(self, other):
        return combined("*", operator.mul, other, self)

    def __truediv__(self, other):
        return combined("/", operator.truediv, self, other)

    def __rtruediv__(self, other):
        return combined("/", operator.truediv, other, self)

    def __floordiv__(self, other):
        return combined("//", operator.floordiv, self, other)

    def __rfloordiv__(self, other):
        return combined("//", operator.floordiv, other, self)

    def __mod__(self, other):
        return combined("mod", operator.mod, self, other)

    def __rmod__(self, other):
        return combined("mod", operator.mod, other, self)

    def __pow__(self, other):
        return combined("**", operator.pow, self, other)

    def __rpow__(self, other):
        return combined("**", operator.pow, other, self)

    def __neg__(self):
        return Traced(-self.value, "neg", (self,))

    def __pos__(self):
        return self

    def __abs__(self):
        return Traced(abs(self.value), "abs", (self,))

    def __floor__(self):
        return Traced(math.floor(self.value), "floor", (self,))

    def __ceil__(self):
        return Traced(math.ceil(self.value), "ceil", (self,))

    def __array_ufunc__(self, ufunc, method, *inputs, **_):
        if method != "__call__" or ufunc.nout != 1:
            return NotImplemented
        if any(isinstance(one, np.ndarray) and one.ndim for one in inputs):
            return np.frompyfunc(ufunc, ufunc.nin, 1)(*(_boxed(one) for one in inputs))
        inputs = tuple(one.item() if isinstance(one, np.ndarray) else one for one in inputs)
        found = UFUNCS.get(ufunc)
        if found is None:  # comparisons and tests go by value
            return ufunc(*map(bare, inputs))
        return combined(found, ufunc, *inputs)

    def __array_function__(self, function, types, arguments, named_arguments):
        if function is np.where and len(arguments) == 3 and np.ndim(bare(arguments[0])) == 0:
            return arguments[1] if bare(arguments[0]) else arguments[2]
        if function is np.clip and len(arguments) == 3 and isinstance(arguments[0], Traced):
            value, low, high = arguments
            return value if low <= value <= high else np.minimum(np.maximum(value, low), high)
        values = [bare(one) for one in arguments]
        return function(*values, **{name: bare(one) for name, one in named_arguments.items()})

    # --- what goes by value -------------------------------------------------------------------------------------------

    def __eq__(self, other):
        return self.value == bare(other)

    def __lt__(self, other):
        return self.value < bare(other)

    def __le__(self, other):
        return self.value <= bare(other)

    def __gt__(self, other):
        return self.value > bare(other)

    def __ge__(self, other):
        return self.value >= bare(other)

    def __hash__(self):
        return hash(self.value)

    def __bool__(self):
        return bool(self.value)

    def __float__(self):
        return float(self.value)

    def __int__(self):
        return int(self.value)

    # --- what is found in it ------------------------------------------------------------------------------------------

    def walk(self) -> Iterator["Traced"]:
        """Every number in it, each once, parts before what is made of them."""
        seen: set[int] = set()
        waiting: list[tuple[Traced, bool]] = [(self, False)]
        while waiting:
            one, parts_done = waiting.pop()
            if parts_done:
                yield one
            elif id(one) not in seen:
                seen.add(id(one))
                waiting.append((one, True))
                waiting += [(part, False) for part in reversed(one.parts)]


UFUNCS: dict[Callable, str] = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.floor_divide: "//",
    np.remainder: "mod",
    np.power: "**",
    np.negative: "neg",
    np.absolute: "abs",
    np.exp: "exp",
    np.expm1: "expm1",
    np.log: "log",
    np.log1p: "log1p",
    np.log2: "log2",
    np.log10: "log10",
    np.sqrt: "sqrt",
    np.cbrt: "cbrt",
    np.square: "square",
    np.minimum: "min",
    np.maximum: "max",
    np.floor: "floor",
    np.ceil: "ceil",
}


def given(value, symbol: str, meaning: str, unit: str = "", origin: Origin | None = None) -> Any:
    """A value that a formula is given: its symbol, what it is, and where it comes from."""
    return Traced(bare(value), "value", (), symbol, meaning, unit, origin)


def named(value, symbol: str, meaning: str, unit: str = "") -> Any:
    """value under a name, so that an equation ends with it and others refer to it; a plain number as it is.

    >>> named(3.0, "x", "a length")
    3.0
    """
    if not isinstance(value, Traced) or value.operation == "value":
        return value
    return Traced(value.value, value.operation, value.parts, symbol, meaning, unit)


def defined_as(value, symbol: str, meaning: str, unit: str = "") -> Any:
    """value itself where it has a name already, else under this one."""
    return value if isinstance(value, Traced) and value.symbol else named(value, symbol, meaning, unit)


def applied(operation: str, function: Callable, *parts) -> Any:
    """function(*parts) by value, noted under the name of an operation that `analysis.trace.written` can write, if a part is traced."""
    result = function(*map(bare, parts))
    return Traced(result, operation, map(_noted, parts)) if any(isinstance(part, Traced) for part in parts) else result


def combined(operation: str, function: Callable, *parts) -> Any:
    """function(*parts) and how it came about; what a plain 0 or 1 does not change stays as it is."""
    result = function(*map(bare, parts))
    if result is NotImplemented:
        return result
    if len(parts) == 2:
        left, right = (None if isinstance(part, Traced) else part for part in parts)
        if operation == "+" and (_is(left, 0) or _is(right, 0)):
            return parts[1] if _is(left, 0) else parts[0]
        if operation == "*" and (_is(left, 0) or _is(right, 0)):
            return result
        if operation == "*" and (_is(left, 1) or _is(right, 1)):
            return parts[1] if _is(left, 1) else parts[0]
        if (operation == "-" and _is(right, 0)) or (operation in ("/", "**") and _is(right, 1)):
            return parts[0]
    return Traced(result, operation, map(_noted, parts))


def largest(numbers: Iterable) -> Any:
    """The largest of numbers or arrays, elementwise.

    >>> float(largest([1.0, 3.0, 2.0]))
    3.0
    """
    return reduce(np.maximum, numbers)


def bare(value) -> Any:
    """The plain number of a traced one; anything else as it is.

    >>> bare(given(3, "x", "a length")), bare(4)
    (3, 4)
    """
    return value.value if isinstance(value, Traced) else value


def array(value) -> Any:
    """value as an array of floats; a traced number as it is."""
    return value if isinstance(value, Traced) else np.asarray(value, dtype=float)


def real(value) -> Any:
    """value as a Python float; a traced number as it is."""
    return value if isinstance(value, Traced) else float(value)


def integer(value) -> Any:
    """value as a Python int; a traced number as it is."""
    return value if isinstance(value, Traced) else int(value)


def _noted(part) -> Traced:
    if isinstance(part, Traced):
        return part
    if isinstance(part, np.generic | np.ndarray):
        part = part.item()
    return Traced(int(part) if isinstance(part, bool) else part, "number")


def _is(part, number: int) -> bool:
    return part is not None and np.ndim(part) == 0 and bool(part == number)


def _boxed(value) -> Any:
    if not isinstance(value, Traced):
        return value
    box = np.empty((), dtype=object)
    box[()] = value
    return box
