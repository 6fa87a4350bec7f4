"""The layers of the project, stated as data and held against every file. DESIGN: tables, topics, figures, pages."""

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREE = ("streamlit_app.py", "analysis", "pages", "tests", "tools")
HEAVY = ("torch", "transformers", "sklearn", "scipy.optimize", "plotly.express")
TOPICS = (
    "scaling",
    "compute",
    "domain",
    "moe",
    "attention",
    "memory",
    "preference",
    "small_models",
    "pythia",
    "term_frequency",
    "benchmarks",
    "judges",
    "convnets_vits",
    "segment_anything",
    "video",
    "claims",
    "overview",
)
MOST_AT_THE_TOP = 16
"""Names in analysis/ besides the topics."""

FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "ground",
        tuple(
            f"analysis/{name}.py" for name in ("__init__", "tables", "units", "uploads/*", "statistics", "spreadsheets", "gpus", "trace/*")
        ),
    ),
    ("background", ("analysis/background/*.py",)),
    ("shared", ("analysis/transformer/*.py", "analysis/evals/*.py", "analysis/charts/*.py")),
    ("formulas", tuple(f"analysis/{topic}/*.py" for topic in (*TOPICS, "probe"))),
    ("data", ("analysis/*/data.py",)),
    ("figures", ("analysis/*/figures*.py", "analysis/build/*.py")),
    ("explained", ("analysis/*/explained*.py",)),
    ("catalogue", ("analysis/catalogue.py",)),
    ("export", ("analysis/export/*.py",)),
    ("components", ("pages/components/*.py",)),
    ("pages", ("pages/*.py",)),
    ("start", ("streamlit_app.py", "pages/served/*.py", "tools/*.py")),
)
"""From the ground up. A file stands on the highest floor whose pattern it fits, and imports from there and from below, never from above."""
COMPUTES = ("analysis/*.py", "analysis/*/*.py")
DRAWS = {
    "analysis/charts/*.py": "what figures are made of",
    "analysis/*/figures*.py": "figures of a topic",
    "analysis/*/explained*.py": "explains figures of a topic",
    "analysis/export/*.py": "writes figures to files",
    "analysis/catalogue.py": "finds figures by name",
}


@dataclass(frozen=True)
class Imports:
    """Files matching `where` do not import `modules` (nor anything below them); the rest are exceptions to that."""

    name: str
    where: tuple[str, ...]
    modules: tuple[str, ...]
    why: str
    only_at_import: bool = False  # inside functions is fine
    but_modules: tuple[str, ...] = ()
    but_files: Mapping[str, str] = field(default_factory=dict)  # pattern: reason


IMPORTS = (
    Imports("heavy at import", ("**/*.py",), HEAVY, "they take seconds and every page would pay", only_at_import=True),
    Imports("streamlit outside pages", ("analysis/**/*.py", "tools/**/*.py"), ("streamlit",), "analysis/ is a package without a screen"),
    Imports("drawing in a computation", COMPUTES, ("plotly",), "formulas and data compute, figures draw", but_files=DRAWS),
    Imports(
        "export knows a topic",
        ("analysis/export/*.py",),
        (*(f"analysis.{topic}" for topic in TOPICS), "analysis.probe"),
        "a format takes any panel",
    ),
    Imports("tests in the product", ("pages/**/*.py", "streamlit_app.py"), ("tests", "tools"), "a user runs without them"),
    Imports(
        "page imports page",
        ("pages/**/*.py", "streamlit_app.py"),
        ("pages",),
        "what pages share is in pages/components/",
        but_modules=("pages.components", "pages.served"),  # from which nothing below imports
    ),
    Imports("drawing on a page", ("pages/*.py",), ("plotly",), "pages show panels that figures have drawn"),
    Imports(
        "computing in the wrong layer",
        ("pages/**/*.py", *DRAWS, "streamlit_app.py", "tools/**/*.py"),
        HEAVY,
        "the server never loads torch or transformers; fits belong to topics",
    ),
    Imports(
        "transformers elsewhere",
        (*COMPUTES, "tools/**/*.py"),
        ("transformers",),
        "models are run under analysis/probe/ only",
        but_files={"analysis/transformer/*.py": "exact parameter counts on the meta device", "analysis/probe/*.py": "runs models"},
    ),
    Imports("unsafe formats", ("**/*.py",), ("pickle", "cloudpickle", "dill", "shelve", "marshal"), "reading them runs what is in them"),
)

READERS = {
    "open",
    "fdopen",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "read_csv",
    "read_parquet",
    "read_json",
    "read_excel",
    "read_table",
    "read_feather",
    "read_html",
    "read_xml",
    "to_parquet",
    "loadtxt",
    "genfromtxt",
    "fromfile",
    "memmap",
}
FILES = ("analysis/**/*.py", "pages/**/*.py", "streamlit_app.py")
FILES_BUT = {
    "analysis/tables.py": "reads data/ for everybody",
    "analysis/build/*.py": "reads released files and writes data/derived/",
    "analysis/export/command.py": "writes the exports",
    "analysis/export/deck_store.py": "keeps the decks of readers",
    "analysis/export/browser.py": "starts a browser",
    "analysis/export/fonts.py": "brings the font that it ships",
    "analysis/export/notebook.py": "saves figures where its user says",
    "analysis/probe/*.py": "keeps runs in files of their own",
    "analysis/transformer/hub.py": "reads what it has fetched",
    "analysis/background/process.py": "rearranges its own input and output",
}
# Keyword arguments that are only ever passed as False.
NEVER_TRUE = {
    "unsafe_allow_html": "lets text of others run in the page",
    "trust_remote_code": "runs code of a model's author",
    "allow_pickle": "reading runs what is in the file",
    "shell": "a shell reads more into an argument than is meant",
}
NEVER_CALLED = {"eval", "exec", "torch.load", "joblib.load", "pandas.read_pickle", "pd.read_pickle", "os.system"}

PARTS_OF_A_TOPIC = ("analysis/{}/__init__.py", "analysis/{}/figures.py", "tests/test_{}.py")
WITHOUT_PARTS = {
    "deck": "arranges panels of other pages",
    "sources": "lists tables",
    "overview": "its figures are tested with the pages",
    "probe": "has a test file for each of its parts",
}


@dataclass(frozen=True)
class Violation:
    """One place where a rule is broken."""

    file: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.what}"


def matches(path: str, patterns) -> bool:
    """Whether a path fits a pattern, in which * stops at a slash and **/ stands for any folders, or none."""
    parts = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return any(
        re.fullmatch("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*)", pattern)), path) for pattern in patterns
    )


def below(module: str, parents) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


def dotted(node: ast.expr) -> str:
    """Names and attributes as "a.b.c"; what is computed on the way is left out, as in ".load" of open_model().load."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def nodes(tree: ast.AST, in_function: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node and whether it waits for a function to be called; what only type checkers read is left out."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and dotted(child.test).endswith("TYPE_CHECKING"):
            continue
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield child, in_function
        yield from nodes(child, inside)


def imported(node: ast.AST, package: list[str]) -> list[str]:
    """Full names of the modules, or names in modules, that a node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        return [".".join([*base, *([node.module] if node.module else []), alias.name]) for alias in node.names]
    if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in ("import_module", "__import__") and node.args:
        name = node.args[0]
        return [name.value] if isinstance(name, ast.Constant) and isinstance(name.value, str) else []
    return []


def in_memory(call: ast.Call) -> bool:
    """Whether what is read is bytes or text at hand: read_csv(io.StringIO(text))."""
    return bool(call.args) and isinstance(call.args[0], ast.Call) and dotted(call.args[0].func).endswith(("BytesIO", "StringIO"))


def bad_call(call: ast.Call) -> str:
    """What a call does that nobody here may do; "" if nothing."""
    name = dotted(call.func)
    for keyword in call.keywords:
        if keyword.arg in NEVER_TRUE and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False):
            return f"{keyword.arg} is only ever False: it {NEVER_TRUE[keyword.arg]}"
    return f"{name}() is not used: it runs what it reads" if name in NEVER_CALLED else ""


def modules(root: Path) -> dict[str, ast.Module]:
    """Every module below root, by its file; those of this project are read once."""
    return modules_here() if root == ROOT else read_modules(root)


@cache
def modules_here() -> dict[str, ast.Module]:
    return read_modules(ROOT)


def read_modules(root: Path) -> dict[str, ast.Module]:
    paths = [path for part in TREE for path in ([root / part] if part.endswith(".py") else sorted((root / part).rglob("*.py")))]
    files = {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}
    return {file: ast.parse(path.read_text(encoding="utf-8"), file) for file, path in files.items()}


@cache
def floor_of(path: str) -> int | None:
    """The highest floor whose pattern a path fits; None for files that stand on none, such as tests."""
    return max((number for number, (_, patterns) in enumerate(FLOORS) if matches(path, patterns)), default=None)


@cache
def file_of(module: str) -> str:
    """The path of the shortest part of a dotted name that stands on a floor: analysis.moe.data.counted is in analysis/moe/data.py."""
    parts = module.split(".")
    paths = ["/".join(parts[:n]) + ".py" for n in range(2, len(parts) + 1)]
    return next((path for path in paths if floor_of(path) is not None and path != "pages/components.py"), "")


def circles(imports: Mapping[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import each other, by what each imports directly; also from inside functions.

    A group is what can be reached from a module and reaches it.
    """

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = imports.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    reach = {module: reached(module) for module in imports}
    groups = {
        frozenset(other for other in reach[module] if module in reach.get(other, ())) for module in imports if module in reach[module]
    }
    return sorted(map(set, groups), key=sorted)


def imports_of(root: Path) -> dict[str, set[str]]:
    """{module: modules of this project that it imports}, for everything in TREE but the tests."""
    trees = {file: tree for file, tree in modules(root).items() if not file.startswith("tests/")}
    names = {file: file.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in trees}
    known, found = set(names.values()), {}
    for file, tree in trees.items():
        wanted = [name for node, _ in nodes(tree) for name in imported(node, file.split("/")[:-1])]
        found[names[file]] = {name if name in known else name.rpartition(".")[0] for name in wanted} & known - {names[file]}
    return found


def violations(root: Path) -> list[Violation]:
    """Every broken rule below root, in the order of files and lines."""
    found = [violation for file, tree in modules(root).items() for violation in in_file(file, tree)]
    for page in sorted((root / "pages").glob("*.py")):
        wanted = [] if page.stem in WITHOUT_PARTS or page.stem == "__init__" else [part.format(page.stem) for part in PARTS_OF_A_TOPIC]
        found += [
            Violation(f"pages/{page.name}", 1, "a folder for each topic", f"{part} is missing")
            for part in wanted
            if not (root / part).exists()
        ]
    return found


def in_file(file: str, tree: ast.Module) -> list[Violation]:
    """Broken rules of one file."""
    mine = floor_of(file)
    rules = [rule for rule in IMPORTS if matches(file, rule.where) and not matches(file, rule.but_files)]
    may_read = matches(file, FILES_BUT) or not matches(file, FILES)
    found = []
    if mine is None and file.startswith("analysis/"):
        found.append(Violation(file, 1, "no floor", "give it a place in FLOORS, or put it into a topic's folder"))
    if file.endswith("/utils.py"):
        found.append(Violation(file, 1, "no utils.py", "a helper belongs to a topic"))
    for node, in_function in nodes(tree):
        for module in imported(node, file.split("/")[:-1]):
            above = file_of(module)
            if mine is not None and above and floor_of(above) > mine:
                found.append(Violation(file, node.lineno, "upwards", f"imports {module}, which stands on a higher floor"))
            if matches(file, COMPUTES) and not matches(file, DRAWS) and above and matches(above, DRAWS):
                found.append(Violation(file, node.lineno, "drawing in a computation", f"imports {module}, which draws"))
            found += [
                Violation(file, node.lineno, rule.name, f"imports {module}; {rule.why}")
                for rule in rules
                if below(module, rule.modules) and not below(module, rule.but_modules) and not (rule.only_at_import and in_function)
            ]
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
            if not may_read and (name in READERS or dotted(node.func) in ("np.load", "numpy.load")) and not in_memory(node):
                found.append(Violation(file, node.lineno, "files", f"calls {name}(); only analysis/tables.py reads files"))
            if what := bad_call(node):
                found.append(Violation(file, node.lineno, "unsafe call", what))
    return found


def test_no_file_breaks_a_layer():
    assert len(list((ROOT / "analysis").glob("*.py"))) > 3, "looked in the wrong place"
    broken = violations(ROOT)
    assert not broken, "\n".join(map(str, broken))


def test_no_module_imports_itself_through_others():
    imports = imports_of(ROOT)
    assert len(imports) > 150 and "analysis.tables" in imports["analysis.moe.data"], "looked in the wrong place"
    assert circles(imports) == []


def test_a_circle_is_found_even_where_a_function_hides_it(tmp_path):
    plant(tmp_path, "analysis/moe/a.py", "from analysis.moe.b import x")
    plant(tmp_path, "analysis/moe/b.py", "from analysis.moe import c")
    plant(tmp_path, "analysis/moe/c.py", "def f():\n    from analysis.moe import a")
    plant(tmp_path, "analysis/moe/d.py", "from analysis.moe import a, b, c")
    assert circles(imports_of(tmp_path)) == [{"analysis.moe.a", "analysis.moe.b", "analysis.moe.c"}]


def test_the_top_of_the_package_is_small_and_every_topic_has_a_folder():
    top = {path.name.removesuffix(".py") for path in (ROOT / "analysis").iterdir() if path.name != "__pycache__"}
    assert set(TOPICS) <= top
    assert len(top - set(TOPICS)) <= MOST_AT_THE_TOP, sorted(top - set(TOPICS))


BREAKING = [
    ("heavy at import", "analysis/a.py", "import torch"),
    ("heavy at import", "analysis/probe/a.py", "try:\n    from transformers import AutoModel\nexcept ImportError:\n    pass"),
    ("heavy at import", "tests/test_a.py", "from scipy import optimize"),
    ("heavy at import", "tests/test_a.py", "class A:\n    from sklearn.linear_model import Ridge"),
    ("heavy at import", "tools/a.py", "import plotly.express as px"),
    ("streamlit outside pages", "analysis/moe/figures.py", "def f():\n    import streamlit as st"),
    ("streamlit outside pages", "analysis/a.py", "from streamlit.testing.v1 import AppTest"),
    ("drawing in a computation", "analysis/moe/a.py", "import plotly.graph_objects as go"),
    ("drawing in a computation", "analysis/moe/data.py", "from analysis.charts import style"),
    ("drawing in a computation", "analysis/build/claims.py", "def f():\n    from ..moe.figures import panel"),
    ("upwards", "analysis/moe/figures.py", "from pages.components import panel"),
    ("upwards", "analysis/moe/expert_counts.py", "from analysis.moe.data import counted"),
    ("upwards", "analysis/moe/data.py", "def f():\n    from analysis.moe import figures_build"),
    ("upwards", "analysis/tables.py", "from analysis.transformer import count_params"),
    ("upwards", "analysis/charts/style.py", "import analysis.moe.routing"),
    ("upwards", "analysis/moe/figures.py", "from analysis.catalogue import panel"),
    ("export knows a topic", "analysis/export/html.py", "from analysis.moe.figures import total"),
    ("tests in the product", "pages/components/a.py", "import tests.worker_tasks"),
    ("page imports page", "pages/deck.py", "from pages import overview"),
    ("page imports page", "pages/components/a.py", "from ..overview import table"),
    ("page imports page", "streamlit_app.py", "import pages.overview"),
    ("drawing on a page", "pages/deck.py", "def f():\n    import plotly.graph_objects"),
    ("computing in the wrong layer", "pages/components/a.py", "def f():\n    import torch"),
    ("computing in the wrong layer", "analysis/moe/figures.py", "import importlib\ndef f():\n    importlib.import_module('sklearn.svm')"),
    ("transformers elsewhere", "analysis/a.py", "def f():\n    import transformers"),
    ("unsafe formats", "tests/test_a.py", "import pickle"),
    ("files", "analysis/a.py", "text = open('data/a.csv').read()"),
    ("files", "analysis/a.py", "import pandas as pd\nframe = pd.read_csv('data/a.csv')"),
    ("files", "analysis/moe/figures.py", "from pathlib import Path\ntext = (Path('data') / 'a').read_text()"),
    ("files", "pages/components/a.py", "import numpy as np\nnp.load('a.npy')"),
    ("unsafe call", "pages/deck.py", "import streamlit as st\nst.markdown('a', unsafe_allow_html=True)"),
    ("unsafe call", "analysis/probe/a.py", "load('a', trust_remote_code=wanted)"),
    ("unsafe call", "analysis/a.py", "def f(text):\n    return eval(text)"),
    ("unsafe call", "analysis/a.py", "def f(path):\n    import torch\n    return torch.load(path)"),
    ("unsafe call", "tools/a.py", "import subprocess\nsubprocess.run('ls', shell=True)"),
    ("no floor", "analysis/a.py", ""),
    ("no utils.py", "analysis/moe/utils.py", ""),
    ("a folder for each topic", "pages/moe.py", ""),
]

FINE = [
    ("analysis/moe/a.py", "def f():\n    import torch\n    from scipy.optimize import minimize\n    return torch.zeros(1).eval()"),
    ("analysis/moe/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
    ("analysis/moe/a.py", "import io\nimport pandas as pd\nframe = pd.read_csv(io.StringIO('a'))"),
    ("analysis/export/slides.py", "import plotly.graph_objects as go\nfrom analysis.charts import style"),
    (
        "analysis/moe/figures.py",
        "from analysis.charts import style\nfrom analysis.moe.data import counted\nfrom analysis.transformer import count_params",
    ),
    ("analysis/overview/figures.py", "from analysis.moe.figures import total"),
    ("analysis/transformer/exact.py", "def f():\n    import transformers"),
    ("analysis/probe/a.py", "def f(path):\n    from transformers import AutoModel\n    AutoModel.load(path, trust_remote_code=False)"),
    ("analysis/probe/runs.py", "def f(path):\n    open(path)"),
    ("analysis/moe/torchlike.py", "import torchlike"),
    ("analysis/tables.py", "open('data/a.csv')"),
    ("pages/overview.py", "import streamlit as st\nfrom pages.components import frame\nfrom analysis.moe import figures"),
    ("pages/components/a.py", "import plotly.graph_objects as go\nfrom . import frame"),
    ("tests/test_a.py", "def test():\n    import torch\n    open('a')"),
]


def plant(root: Path, file: str, code: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)


@pytest.mark.parametrize(("rule", "file", "code"), BREAKING)
def test_a_planted_violation_is_named_with_file_line_and_rule(tmp_path, rule, file, code):
    plant(tmp_path, file, code)
    found = [violation for violation in violations(tmp_path) if violation.rule == rule]
    assert found and {violation.file for violation in found} == {file}
    assert 1 <= found[0].line <= code.count("\n") + 1
    assert str(found[0]).startswith(f"{file}:{found[0].line}: {rule}: ")


@pytest.mark.parametrize(("file", "code"), FINE)
def test_what_is_allowed_breaks_nothing(tmp_path, file, code):
    plant(tmp_path, file, code)
    assert violations(tmp_path) == []


def test_every_rule_has_a_planted_violation():
    rules = {rule.name for rule in IMPORTS} | {"no floor", "upwards", "files", "unsafe call", "no utils.py", "a folder for each topic"}
    assert rules == {rule for rule, _file, _code in BREAKING}


def test_a_page_whose_topic_figures_and_tests_exist_is_complete(tmp_path):
    for file in ("pages/moe.py", "analysis/moe/__init__.py", "analysis/moe/figures.py", "tests/test_moe.py"):
        assert any("is missing" in str(violation) for violation in violations(tmp_path)) == (tmp_path / "pages").exists()
        plant(tmp_path, file, "")
    assert violations(tmp_path) == []


OPEN_EVERYTHING = """
import importlib, json, sys
from pathlib import Path
paths = [*sorted(Path("analysis").glob("*/figures*.py")), *sorted(Path("pages/components").glob("*.py"))]
names = [".".join(path.with_suffix("").parts) for path in paths]
for name in names:
    importlib.import_module(name.removesuffix(".__init__"))
opened, failed = [], {}
if Path("streamlit_app.py").exists():
    from streamlit.testing.v1 import AppTest
    app = AppTest.from_file("streamlit_app.py", default_timeout=120).run()
    for page in sorted(Path("pages").glob("*.py")):
        app.switch_page(page.as_posix()).run()
        opened.append(page.stem)
        if len(app.exception):
            failed[page.stem] = app.exception[0].value
print(json.dumps({"imported": names, "opened": opened, "failed": failed, "loaded": [name for name in sys.argv[1:] if name in sys.modules]}))
"""


@pytest.mark.slow
def test_opening_every_page_and_importing_every_figure_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", OPEN_EVERYTHING, *HEAVY, "pandas"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failed"] == {}
    if (ROOT / "pages").exists():
        assert len(report["imported"]) >= 2 and len(report["opened"]) >= 1
    assert report["loaded"] == ["pandas"]  # pandas shows that the list is looked at at all


# --- words and fields that nobody needs --------------------------------------------------------------------------------

GONE = {"sidebar": "the menu is in the header"}
GONE_BUT = {".streamlit/config.toml": "switches it off"}
UNREAD_BUT = {"Emergence": "vars() of it are columns of a table"}


def stacked(tree: ast.AST) -> list[int]:
    """Lines of texts that stand right under another text, where each should stand under what it is about."""

    def is_text(node: ast.stmt) -> bool:
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    return [second.lineno for body in bodies for first, second in itertools.pairwise(body) if is_text(first) and is_text(second)]


def test_no_docstring_stands_under_another():
    assert stacked(ast.parse('A = 1\nB = 2\n"""Of B."""\n"""Of A."""')) == [4]
    assert stacked(ast.parse('"""Of all."""\nA = 1\n"""Of A."""')) == []
    found = {file: stacked(tree) for file, tree in modules(ROOT).items()}
    assert len(found) > 200 and not any(found.values()), {file: lines for file, lines in found.items() if lines}


def test_every_field_of_a_record_is_read_somewhere():
    trees = modules(ROOT)
    read = {node.attr for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    fields = [
        (node.name, field.target.id)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name not in UNREAD_BUT
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]
    assert len(fields) > 300
    assert not [f"{record}.{name}" for record, name in fields if name not in read]


def test_no_file_speaks_of_what_is_gone():
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / ".streamlit").glob("*.toml")]
    files = {file for file in modules(ROOT) if not file.startswith("tests/")} | {path.relative_to(ROOT).as_posix() for path in texts}
    files -= {*GONE_BUT}
    assert len(files) > 200
    words = {file: (ROOT / file).read_text(encoding="utf-8").lower() for file in sorted(files)}
    assert not [f"{file}: {word}, but {why}" for word, why in GONE.items() for file, text in words.items() if word in text]
