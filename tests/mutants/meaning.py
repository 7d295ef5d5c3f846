"""Which changes of a file are worth trying, and how they read."""

import ast
import difflib

ARITHMETIC = {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"}
BITWISE = {"RShift", "LShift", "BitOr", "BitAnd", "BitXor"}


def is_realistic(operator: str) -> bool:
    """Return False for those of Cosmic Ray's operators whose mistakes are noticed without a test.

    Mixing arithmetic with bits raises TypeError wherever it runs, a power of pixels fills the
    memory, and linters find identity where equality is meant.
    """
    kind, *terms = operator.removeprefix("core/").split("_")
    if kind == "ReplaceBinaryOperator":
        family = ARITHMETIC if terms[0] in ARITHMETIC else BITWISE
        return terms[1] in family and terms[1] != "Pow"
    if kind == "ReplaceComparisonOperator":
        return len({"Is", "IsNot"} & {*terms}) != 1
    return True


def changes_meaning(original: str, mutated: str) -> bool:
    """Return False if a file does not compile, or differs only in annotations and how to call it.

    A bare star and a dataclass's ``kw_only`` decide how an argument may be given, not what becomes
    of it.
    """
    try:
        return _meaning(original) != _meaning(mutated)
    except SyntaxError:
        return False


def changed_lines(original: str, mutated: str) -> tuple[str, str]:
    """Return the lines that differ, before and after, each without its indentation."""
    diff = [*difflib.ndiff(original.splitlines(), mutated.splitlines())]
    old, new = (
        "\n".join(line[2:].strip() for line in diff if line.startswith(sign)) for sign in "-+"
    )
    return old, new


def _meaning(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.arg() | ast.AnnAssign():
                node.annotation = ast.Constant(None)
            case ast.FunctionDef():
                node.returns = None
            case ast.arguments():
                node.args = node.posonlyargs + node.args + node.kwonlyargs
                node.defaults += [default for default in node.kw_defaults if default]
                node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
            case ast.keyword(arg="kw_only"):
                node.value = ast.Constant(None)
            case _:
                pass
    return ast.dump(tree)
