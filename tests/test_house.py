"""The house as a stranger finds it: names, files, how many places know a layer."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1] / "src" / "cami_units"
FILES = sorted(HOUSE.rglob("*.py"))

BARE = {
    "told",
    "said",
    "made",
    "found",
    "known",
    "drawn",
    "kept",
    "given",
    "asked",
    "shown",
    "held",
    "spoken",
    "done",
    "own",
    "one",
    "other",
    "both",
    "whole",
    "here",
    "there",
    "inside",
    "seen",
    "heard",
    "brought",
    "settled",
    "written",
    "meant",
    "wanted",
    "chosen",
    "counted",
    "moved",
    "fresh",
    "loose",
    "silent",
    "speaking",
    "used",
    "taken",
    "placed",
    "lost",
    "mended",
    "noticed",
    "each",
    "every",
    "most",
    "least",
    "more",
    "lacking",
    "beside",
    "apart",
    "again",
}
"""Participles and pronouns that say nothing without a noun: `found_sites` says what was found."""

MOST_BARE = 0.02
"""Their share of all locals and parameters: what is left are comprehensions of one line."""

MOST_WAYS = 18
"""Ways through one function, counted as radon does: the linter passes over `and`, `or` and loops in brackets."""

PLACES_OF_A_LAYER = 14
"""Files that may name the layer *corridors*: where it is read, measured, drawn, and told of."""


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Every local, global and parameter that a module binds, as often as it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def test_names_say_what_they_hold():
    names: Counter[str] = Counter()
    for path in FILES:
        names.update(bound_names(ast.parse(path.read_text(encoding="utf-8"))))
    for nothing in ("self", "cls", "_"):
        del names[nothing]
    bare = Counter({name: n for name, n in names.items() if name.strip("_") in BARE})
    assert bare.total() <= MOST_BARE * names.total(), bare.most_common(12)


def test_the_counter_counts_what_is_bound():
    source = (
        "def f(told, *, found_sites):\n    kept = told\n    for one in kept:\n        print(one)\n"
    )
    assert sorted(bound_names(ast.parse(source))) == ["found_sites", "kept", "one", "told"]


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it, which are counted by themselves."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from own_nodes(node)


def ways_through(function: ast.AST) -> int:
    """The cyclomatic complexity of a function (McCabe 1976), with boolean operators, as radon counts it."""
    ways = 1
    for node in own_nodes(function):
        match node:
            case ast.BoolOp():
                ways += len(node.values) - 1
            case ast.If() | ast.IfExp() | ast.Assert():
                ways += 1
            case ast.For() | ast.AsyncFor() | ast.While():
                ways += 1 + bool(node.orelse)
            case ast.Try():
                ways += len(node.handlers) + bool(node.orelse)
            case ast.comprehension():
                ways += 1 + len(node.ifs)
            case ast.match_case():
                ways += not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None)
    return ways


def functions_of(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_has_too_many_ways_through():
    many = [
        f"{path.relative_to(HOUSE)}: {function.name} has {ways}"
        for path in FILES
        for function in functions_of(path.read_text(encoding="utf-8"))
        if (ways := ways_through(function)) > MOST_WAYS
    ]
    assert many == []


def test_the_counter_of_ways_counts_what_radon_counts():
    source = """
def f(rows):
    def inner(row):
        return row if row else None
    for row in rows:
        if row and row.a or row.b:
            continue
    else:
        return [inner(row) for row in rows if row]
    try:
        return rows
    except (KeyError, ValueError):
        raise
"""
    # 1, for and else 2, if 1, and/or 2, the list 2, except 1; the inner function 2 by itself
    ways = {function.name: ways_through(function) for function in functions_of(source)}
    assert ways == {"f": 9, "inner": 2}


def test_files_are_nouns_of_the_field_and_each_name_stands_once():
    stems = [path.stem.strip("_") for path in FILES if path.stem not in {"__init__", "__main__"}]
    assert [stem for stem in stems if stem in BARE] == []
    # a command is called after its verb, whatever room has the noun already
    rooms = [path.stem.strip("_") for path in FILES if path.parent.name != "commands"]
    rooms = [stem for stem in rooms if stem not in {"init", "main"}]
    assert [stem for stem, n in Counter(rooms).items() if n > 1] == []


def test_a_layer_is_known_in_few_places():
    knowing = [path for path in FILES if re.search(r"\bcorridors\b", path.read_text("utf-8"))]
    assert len(knowing) <= PLACES_OF_A_LAYER, [str(path.relative_to(HOUSE)) for path in knowing]


MEASURES = re.compile(r"km2|km_|_km\b|share|score|jaccard|area", re.IGNORECASE)
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow, ast.Mod)


def reckoning(tree: ast.AST) -> Iterator[str]:
    """Each sum, product or quotient of something that is called after a measure."""
    for node in ast.walk(tree):
        is_sum = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            *("sum", "mean", "cumsum"),
        )
        is_arithmetic = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(
            node.op, ARITHMETIC
        )
        if not (is_sum or is_arithmetic):
            continue
        words = re.findall(r"\w+", ast.unparse(node))
        if any(MEASURES.search(word) for word in words):
            yield ast.unparse(node)


def test_commands_do_not_reckon_with_ground_shares_or_scores():
    """It looks at names: whoever calls an area `x` is not seen, and deserves a word in review."""
    sums = {
        path.name: list(reckoning(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted((HOUSE / "commands").glob("*.py"))
    }
    assert not {name: lines for name, lines in sums.items() if lines}


def test_the_reckoner_sees_sums_and_quotients_and_passes_over_sentences():
    seen = list(reckoning(ast.parse("a = row['km2'] / total\nb = sum(areas)\nc = 'km2' in x")))
    assert seen == ["row['km2'] / total", "sum(areas)"]


SEARCHES = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition"}
SEARCHES |= {"split", "find", "index", "contains", "fullmatch"}
OF_OTHERS = {
    "Value error, ",  # how pydantic begins its own messages
    "extra ==",  # how a package says that a requirement is optional
}


def searched_words() -> list[str]:
    """Literals with words in them that code looks for in a text: a prefix, a part, a separator."""
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts: list[ast.expr] = []
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SEARCHES:
                for given in node.args:
                    parts += given.elts if isinstance(given, ast.Tuple | ast.List) else [given]
            if (
                isinstance(node, ast.Compare)
                and isinstance(node.ops[0], ast.In | ast.NotIn)
                and not isinstance(node.comparators[0], ast.Set | ast.Tuple | ast.List | ast.Dict)
            ):
                parts.append(node.left)
            found += [
                f"{path.name}: {part.value}"
                for part in parts
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and re.search(r"[A-Za-z]{2,}(?: |:(?!//))", part.value)
                and part.value not in OF_OTHERS
            ]
    return found


def test_no_code_searches_a_sentence_to_decide() -> None:
    """Facts are values: what is known is a column or a key, and sentences are made last."""
    assert searched_words() == []


def imported_names(source: Path) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a file takes out of the package, and of what it asks of a room."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    rooms = {"cu": "cami_units"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cami_units"):
            yield from ((node.module or "", alias.name) for alias in node.names)
            if node.module == "cami_units":
                rooms |= {
                    alias.asname or alias.name: f"cami_units.{alias.name}" for alias in node.names
                }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            room = rooms.get(node.value.id, "")
            yield from [(room, node.attr)] if room and not node.attr.startswith("__") else ()


def is_there(module: str, name: str) -> bool:
    home = importlib.import_module(module)
    return hasattr(home, name) or importlib.util.find_spec(f"{module}.{name}") is not None


def test_benchmarks_and_scripts_ask_for_names_that_are_there():
    """No test runs them all, and mypy looks at the package alone: what is renamed there would stay here."""
    checkout = HOUSE.parents[1]
    asked = {
        (source.name, module, name)
        for folder in ("benchmarks", "scripts")
        for source in sorted((checkout / folder).glob("*.py"))
        for module, name in imported_names(source)
    }
    assert ("steps.py", "cami_units.commands.sensitivity", "with_sensitivity") in asked
    assert [one for one in sorted(asked) if not is_there(*one[1:])] == []
