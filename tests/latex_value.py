"""Equations in LaTeX and in plain text, read and computed by parsers that know nothing of the code that wrote them."""

import ast
import math
import operator
import re
import statistics

from analysis.units import POWERS

TOKEN = re.compile(
    r"(?P<number>\d(?:[\d]|\{,\})*(?:\.\d+)?)"
    r"|(?P<command>\\(?:left\\lfloor|right\\rfloor|left\\lceil|right\\rceil|left\\?[(|]|right\\?[)|]|operatorname\{\w+\}|[A-Za-z]+|.))"
    r"|(?P<sign>[-+^_{}\[\],()|])"
    r"|(?P<blank>\s+)"
)


def sides(latex: str) -> list[str]:
    """What stands between the signs of equality, from the symbol to the result; lines that go on are joined."""
    body = latex.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    lines: list[str] = []
    for line in body.split(" \\\\\n"):
        if line.startswith("&\\quad "):
            lines[-1] += " " + line.removeprefix("&\\quad ")
        else:
            lines.append(line)
    return [part.strip() for part in " ".join(lines).split("&=")]


def result(side: str) -> float:
    """The number at the end of an equation, without its unit."""
    return value(re.sub(r"\\ \\text\{.*\}$|\\,\\%$", "", side))


def value(latex: str) -> float:
    """What an expression of numbers comes to. ValueError for anything that is not one."""
    tokens = [found for found in TOKEN.finditer(latex) if not found["blank"]]
    if "".join(found[0] for found in TOKEN.finditer(latex)) != latex:
        raise ValueError(f"cannot be read: {latex}")
    reader = _Reader([found[0] for found in tokens])
    number = reader.sum()
    if reader.at != len(reader.tokens):
        raise ValueError(f"goes on after its end: {latex}")
    return number


class _Reader:
    def __init__(self, tokens: list[str]):
        self.tokens, self.at = tokens, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise ValueError(f"expected {expected or 'more'}, got {token!r}")
        self.at += 1
        return token

    def sum(self) -> float:
        number = self.product()
        while self.peek() in ("+", "-"):
            number = number + self.product() if self.take() == "+" else number - self.product()
        return number

    def product(self) -> float:
        number = self.factor()
        while self.peek() in ("\\cdot", "\\times"):
            self.take()
            number *= self.factor()
        return number

    def factor(self) -> float:
        if self.peek() == "-":
            self.take()
            return -self.product()
        number = self.atom()
        if self.peek() == "^":
            self.take()
            number **= self.group()
        return number

    def group(self) -> float:
        self.take("{")
        number = self.sum()
        self.take("}")
        return number

    def until(self, end: str) -> float:
        number = self.sum()
        self.take(end)
        return number

    def arguments(self) -> list[float]:
        self.take("\\left(")
        numbers = [self.sum()]
        while self.peek() == ",":
            self.take()
            self.take("\\ ")
            numbers.append(self.sum())
        self.take("\\right)")
        return numbers

    def atom(self) -> float:
        token = self.take()
        if token[0].isdigit():
            return float(token.replace("{,}", ""))
        if token == "\\left(":
            return self.until("\\right)")
        if token == "\\left|":
            return abs(self.until("\\right|"))
        if token == "\\left\\lfloor":
            return math.floor(self.until("\\right\\rfloor"))
        if token == "\\left\\lceil":
            return math.ceil(self.until("\\right\\rceil"))
        if token == "\\frac":
            return self.group() / self.group()
        if token == "\\infty":
            return math.inf
        if token == "\\sqrt":
            if self.peek() == "[":
                degree = "".join(self.take() for _ in range(3))
                assert degree == "[3]", degree
                return math.cbrt(self.group())
            return math.sqrt(self.group())
        if token == "\\log":
            self.take("_")
            base = self.group() if self.peek() == "{" else float(self.take())
            (number,) = self.arguments()
            return math.log(number) / math.log(base)
        if token == "\\Phi":
            self.take("^")
            assert self.group() == -1
            return statistics.NormalDist().inv_cdf(*self.arguments())
        functions = {
            "\\exp": math.exp,
            "\\ln": math.log,
            "\\min": min,
            "\\max": max,
            "\\operatorname{mod}": lambda a, b: a % b,
            "\\operatorname{median}": lambda *numbers: statistics.median(numbers),
        }
        if token in functions:
            return functions[token](*self.arguments())
        raise ValueError(f"unknown: {token}")


FUNCTIONS = {
    "abs": abs, "min": min, "max": max, "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "cbrt": math.cbrt, "exp": math.exp,
    "ln": math.log, "log2": math.log2, "log10": math.log10, "mod": operator.mod,
    "median": lambda *numbers: statistics.median(numbers), "quantile": statistics.NormalDist().inv_cdf,
}  # fmt: skip
SIGNS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip


def text_value(text: str) -> float:
    """What an expression of numbers in plain text comes to, "7×10¹⁰ × ln(2) / 3^2"."""
    text = text.replace("Φ⁻¹", "quantile")
    text = re.sub(r"(×?)10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda found: f"{'' if found[1] else '1'}e{found[2].translate(POWERS)}", text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("×", "*").replace("^", "**").replace("∞", "1e999")
    return _computed(ast.parse(re.sub(r"\|([^|]*)\|", r"abs(\1)", text), mode="eval").body)


def _computed(node: ast.expr) -> float:
    if isinstance(node, ast.Constant):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_computed(node.operand)
    if isinstance(node, ast.BinOp):
        return SIGNS[type(node.op)](_computed(node.left), _computed(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id](*map(_computed, node.args))
    raise ValueError(f"cannot be read: {ast.dump(node)}")
