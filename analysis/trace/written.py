r"""Equations of traced numbers, as LaTeX and as plain text: with symbols, with the values put in, and their result.

    >>> from analysis.trace.number import given, named
    >>> C = named(6 * given(70e9, "N", "parameters") * given(1.4e12, "D", "tokens"), "C", "training compute", "FLOP")
    >>> equation_text(C)
    'C = 6 × N × D = 6 × 7×10¹⁰ × 1.4×10¹² = 5.88×10²³ FLOP'
    >>> print(equation_latex(C))
    \begin{aligned}
    C &= 6 \cdot N \cdot D \\
    &= 6 \cdot 7 \times 10^{10} \cdot 1.4 \times 10^{12} \\
    &= 5.88 \times 10^{23}\ \text{FLOP}
    \end{aligned}
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

from analysis.trace.number import Traced
from analysis.units import RAISED, SUPERSCRIPTS

SUM, PRODUCT, RAISE, ATOM = 1, 2, 3, 4
"""How tightly what is written holds together."""
WIDE = 64
"""Signs after which a sum goes on in a new line."""
DIGITS = (6, 8, 10, 12, 17)
"""Significant digits of the values in an equation: the fewest with which it gives its own result."""
AGREES = 2e-6
"""Relative difference up to which it does."""
EXACT = 10**12
"""Whole numbers below this are written in full."""


@dataclass(frozen=True)
class Operation:
    """How an operation is computed and written; {0} and {1} stand for its parts, {all} for all of them with commas.

    holds: of the whole; needs: of each part. text: as plain text, where that is another.
    """

    compute: Callable
    latex: str
    text: str
    holds: int = ATOM
    needs: tuple[int, ...] = (SUM, SUM)
    text_holds: int = 0
    text_needs: tuple[int, ...] = ()


def _function(compute: Callable, latex: str, text: str) -> Operation:
    return Operation(compute, latex + r"\left({all}\right)", text + "({all})")


OPERATIONS = {
    "+": Operation(operator.add, "{0} + {1}", "{0} + {1}", SUM),
    "-": Operation(operator.sub, "{0} - {1}", "{0} - {1}", SUM, (SUM, PRODUCT)),
    "*": Operation(operator.mul, r"{0} \cdot {1}", "{0} × {1}", PRODUCT, (PRODUCT, PRODUCT)),
    "/": Operation(operator.truediv, r"\frac{{{0}}}{{{1}}}", "{0} / {1}", RAISE, (SUM, SUM), PRODUCT, (PRODUCT, RAISE)),
    "//": Operation(
        operator.floordiv, r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor", "floor({0} / {1})", ATOM, (SUM, SUM), ATOM, (PRODUCT, RAISE)
    ),
    "mod": Operation(operator.mod, r"\operatorname{{mod}}\left({all}\right)", "mod({all})"),
    "**": Operation(operator.pow, "{0}^{{{1}}}", "{0}^{1}", RAISE, (ATOM, SUM), RAISE, (ATOM, ATOM)),
    "neg": Operation(operator.neg, "-{0}", "-{0}", SUM, (PRODUCT,)),
    "abs": Operation(abs, r"\left|{0}\right|", "|{0}|"),
    "exp": _function(math.exp, r"\exp", "exp"),
    "expm1": Operation(math.expm1, r"\exp\left({0}\right) - 1", "exp({0}) - 1", SUM),
    "log": _function(math.log, r"\ln", "ln"),
    "log1p": Operation(math.log1p, r"\ln\left(1 + {0}\right)", "ln(1 + {0})"),
    "log2": _function(math.log2, r"\log_2", "log2"),
    "log10": _function(math.log10, r"\log_{{10}}", "log10"),
    "sqrt": Operation(math.sqrt, r"\sqrt{{{0}}}", "sqrt({0})"),
    "cbrt": Operation(math.cbrt, r"\sqrt[3]{{{0}}}", "cbrt({0})"),
    "square": Operation(lambda x: x * x, "{0}^{{2}}", "{0}^2", RAISE, (ATOM,)),
    "min": _function(min, r"\min", "min"),
    "max": _function(max, r"\max", "max"),
    "floor": Operation(math.floor, r"\left\lfloor {0} \right\rfloor", "floor({0})"),
    "ceil": Operation(math.ceil, r"\left\lceil {0} \right\rceil", "ceil({0})"),
    "median": _function(lambda *values: median(values), r"\operatorname{{median}}", "median"),
    "normal quantile": _function(NormalDist().inv_cdf, r"\Phi^{{-1}}", "Φ⁻¹"),
}
START, GOES_ON = "&=", r"&\quad"
"""What a line of an equation begins with: a new side, and more of the same."""


def parts_of(one: Traced) -> tuple[Traced, ...]:
    """The parts of a number as they are written: of min(min(a, b), c) all three."""
    if one.operation not in ("min", "max"):
        return one.parts
    found: list[Traced] = []
    for part in one.parts:
        found += parts_of(part) if part.operation == one.operation and not part.symbol else [part]
    return tuple(found)


# --- numbers ----------------------------------------------------------------------------------------------------------


def written(value, digits: int) -> tuple[str, int | None]:
    """(number, power of ten or None): whole numbers in full as far as they can be read, others to so many significant digits.

    >>> written(4096, 6), written(784887506176.0, 6), written(70e9, 6), written(281690.14, 6), written(0.0331234567, 6), written(1e-5, 6)
    (('4,096', None), ('784,887,506,176', None), ('7', 10), ('281,690', None), ('0.0331235', None), ('1', -5))
    """
    if not math.isfinite(value):
        return str(value), None
    if value == 0:
        return "0", None
    mantissa, exponent = f"{float(value):.{digits - 1}e}".split("e")
    mantissa, power = (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa), int(exponent)
    short = len(mantissa.strip("-").replace(".", "")) <= 4
    if value == int(value) and (abs(value) < 1e6 or (abs(value) < EXACT and not (short and float(f"{mantissa}e{power}") == value))):
        return f"{int(value):,}", None
    if -3 <= power < 6:
        text = f"{float(value):,.{max(digits - 1 - power, 0)}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text), None
    return mantissa, power


def read(value, digits: int) -> float:
    """The value that `written` shows."""
    if not math.isfinite(value):
        return value
    mantissa, power = written(value, digits)
    number = float(f"{mantissa.replace(',', '')}e{power or 0}")
    return int(number) if number == int(number) and power is None else number


def number_text(value, digits: int = DIGITS[0]) -> str:
    """A number as plain text.

    >>> number_text(5.88e23), number_text(0.5)
    ('5.88×10²³', '0.5')
    """
    mantissa, power = written(value, digits)
    mantissa = mantissa.replace("inf", "∞")
    raised = "" if power is None else f"10{str(power).translate(RAISED)}"
    return mantissa if power is None else raised if mantissa == "1" else f"{mantissa}×{raised}"


def number_latex(value, digits: int = DIGITS[0]) -> str:
    """A number as LaTeX."""
    mantissa, power = written(value, digits)
    mantissa = mantissa.replace(",", "{,}").replace("inf", r"\infty")
    raised = "" if power is None else f"10^{{{power}}}"
    return mantissa if power is None else raised if mantissa == "1" else rf"{mantissa} \times {raised}"


def digits_of(one: Traced) -> int:
    """Significant digits with which the equation of a number, computed from the values as they are written, gives its value."""
    for digits in DIGITS:
        try:
            found = computed(one, digits)
        except (ArithmeticError, ValueError):
            continue
        if found == one.value or abs(found - one.value) <= AGREES * abs(one.value):
            return digits
    return DIGITS[-1]


def computed(one: Traced, digits: int, top: bool = True) -> float:
    """The value of the equation of a number from the values as they are written."""
    if one.operation in ("value", "number") or (one.symbol and not top):
        return read(one.value, digits)
    values = [computed(part, digits, False) for part in parts_of(one)]
    return OPERATIONS[one.operation].compute(*values)


# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Writer:
    """Writes expressions. latex: as LaTeX or as plain text; values: with values in place of symbols, to so many digits."""

    latex: bool
    values: bool
    digits: int = DIGITS[0]

    def number(self, value) -> tuple[str, int]:
        """A number and how tightly it holds together."""
        text = number_latex(value, self.digits) if self.latex else number_text(value, self.digits)
        return text, SUM if value < 0 else PRODUCT if "10^{" in text or any(sign in text for sign in SUPERSCRIPTS) else ATOM

    def part(self, one: Traced, needs: int) -> str:
        """A part of an expression, in brackets where it needs them."""
        if one.operation == "number" or (self.values and (one.symbol or one.operation == "value")):
            text, holds = self.number(one.value)
        elif one.symbol:
            text, holds = (one.symbol if self.latex else symbol_text(one.symbol)), ATOM
        else:
            text, holds = self.expression(one)
        if holds >= needs and not (needs > SUM and text.startswith("-")):
            return text
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def expression(self, one: Traced) -> tuple[str, int]:
        """What a number was made from, and how tightly that holds together."""
        how, parts = OPERATIONS[one.operation], parts_of(one)
        needs, holds, form = how.needs, how.holds, how.latex
        if not self.latex:
            needs, holds, form = how.text_needs or needs, how.text_holds or holds, how.text
        texts = [self.part(part, needs[min(at, len(needs) - 1)] if "{all}" not in form else SUM) for at, part in enumerate(parts)]
        return form.format(*texts, all=(r",\ " if self.latex else ", ").join(texts)), holds

    def terms(self, one: Traced) -> list[str]:
        """The terms of a sum, each with its sign, or the one expression."""
        if one.operation == "+":
            left, right = one.parts
            first = self.terms(left) if left.operation in ("+", "-") and not left.symbol else [self.part(left, SUM)]
            return [*first, f"+ {self.part(right, PRODUCT if right.value < 0 else SUM)}"]
        if one.operation == "-" and one.parts[0].operation in ("+", "-") and not one.parts[0].symbol:
            return [*self.terms(one.parts[0]), f"- {self.part(one.parts[1], PRODUCT)}"]
        return [self.expression(one)[0]]


def _lines(terms: Sequence[str]) -> list[str]:
    """Terms of a sum on lines of readable length."""
    lines: list[str] = []
    for term in terms:
        if lines and len(re.sub(r"\\[a-z]+|[{}]", "", lines[-1] + term)) <= WIDE:
            lines[-1] += f" {term}"
        else:
            lines.append(term)
    return lines


def _sides(one: Traced, latex: bool) -> list[list[str]]:
    """What stands behind the signs of equality: the expression with symbols and with values, in lines; without what says the same again."""
    if one.operation in ("value", "number"):
        return []
    digits = digits_of(one)
    sides = [_lines(Writer(latex, values, digits).terms(one)) for values in (False, True)]
    result = number_latex(one.value, digits) if latex else number_text(one.value, digits)
    return [side for at, side in enumerate(sides) if side != [result] and side not in sides[:at]]


def equation_latex(one: Traced) -> str:
    """The equation of a named number, over aligned lines; its result last, with the unit."""
    result = number_latex(one.value, max(digits_of(one), DIGITS[0])) + (rf"\ \text{{{one.unit}}}" if one.unit else "")
    if one.unit == "%":
        result = result.replace(r"\ \text{%}", r"\,\%")
    sides = [*_sides(one, True), [result]]
    lines = [f"{START if not at else GOES_ON} {line}" for side in sides for at, line in enumerate(side)]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join([f"{one.symbol} {lines[0]}", *lines[1:]]), r"\end{aligned}"])


def equation_text(one: Traced) -> str:
    """The equation of a named number in one line."""
    result = f"{number_text(one.value, digits_of(one))} {one.unit}".rstrip()
    return " = ".join([symbol_text(one.symbol), *(" ".join(side) for side in _sides(one, False)), result])


GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eta": "η", "lambda": "λ", "mu": "μ", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "theta": "θ", "omega": "ω", "phi": "φ", "Delta": "Δ", "Omega": "Ω", "Phi": "Φ", "pi": "π",
}  # fmt: skip


def symbol_text(symbol: str) -> str:
    r"""A symbol as plain text.

    >>> symbol_text(r"N_\text{active}"), symbol_text(r"\alpha"), symbol_text("d_{ff}"), symbol_text("D'")
    ('N_active', 'α', 'd_ff', "D'")
    """
    text = re.sub(r"\\(?:text|mathrm|operatorname)\{([^{}]*)\}", r"\1", symbol)
    text = re.sub(r"\\([A-Za-z]+) ?", lambda found: GREEK.get(found[1], found[1]), text)
    return re.sub(r"\s+", "_", text.replace("{", "").replace("}", "").replace(r"\ ", "_").strip())
