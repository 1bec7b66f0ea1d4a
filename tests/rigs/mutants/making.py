"""Makes mutants of functions: each is the module's text with one small change that decides otherwise.

The rule it keeps: a change is one of a person's likely mistakes, a comparison turned, a condition or a line left out,
an answer that is always the same; the rest of the text stays as it is, so that a line number tells where.
"""

import ast
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OTHER_CALL = {"any": "all", "all": "any", "min": "max", "max": "min"}
CONDITIONS = frozenset({"where", "and_", "or_"})
"""Calls whose arguments are conditions (SQLAlchemy)."""
SAME_ANSWER = {"bool": ("True", "False"), "int": ("0",), "frozenset": ("frozenset()",), "tuple": ("()",)}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Mutant:
    """One change.

    Args:
        function: its name, with the class's where it is a method.
        before, after: the text that was changed; ``after`` is empty for a line left out.
        text: the whole module.
    """

    function: str
    line: int
    before: str
    after: str
    text: str

    @property
    def name(self) -> str:
        """How it is told, and listed as equivalent: the same wherever the function stands."""
        return f"{self.function}: {self.before} -> {self.after or 'left out'}"


def mutants(text: str, functions: Sequence[str]) -> list[Mutant]:
    """Every mutant of these functions of a module.

    Raises:
        KeyError: the module has no such function.
    """
    known = dict(_functions(ast.parse(text), ""))
    found = (one for name in functions for one in _of_function(text, name, known[name]))
    return list({one.text: one for one in found if one.text != text}.values())


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield f"{prefix}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{node.name}.")


def _of_function(text: str, name: str, function: Function) -> Iterator[Mutant]:
    kind = ast.unparse(function.returns) if function.returns else ""
    for field, node in _nodes(function):
        for after in _changes(field, node, kind):
            yield _mutant(text, name, node, after)


def _mutant(text: str, name: str, node: ast.expr | ast.stmt, after: str) -> Mutant:
    lines = text.encode().splitlines(keepends=True)  # columns are counted in bytes
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    changed = b"".join([*lines[:first], start, (after or "pass").encode(), end, *lines[last + 1 :]]).decode()
    compile(changed, name, "exec")
    return Mutant(name, node.lineno, _short(node), after, changed)


def _short(node: ast.AST) -> str:
    """The first line of what was there, in one way of writing it."""
    return ast.unparse(node).splitlines()[0]


def _nodes(function: Function) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    """What decides in the body, and as what: no types, and no texts, whose parts have no places of their own."""
    waiting: list[tuple[str, ast.AST]] = [("body", node) for node in function.body]
    while waiting:
        field, node = waiting.pop(0)
        if isinstance(node, ast.expr | ast.stmt):
            yield field, node
        if not isinstance(node, ast.JoinedStr):
            waiting += [(name, part) for name, part in _parts(node) if name != "annotation"]


def _parts(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield field, part


def _changes(field: str, node: ast.expr | ast.stmt, returns: str) -> Iterator[str]:
    """Texts that may stand in place of a node; empty for leaving it out."""
    if isinstance(node, ast.stmt):
        yield from _statements(node, returns)
        return
    if field in ("test", "ifs") and not isinstance(node, ast.Compare):
        yield f"(not ({ast.unparse(node)}))"
    yield from (f"({after})" for after in _expressions(node))


def _statements(node: ast.stmt, returns: str) -> Iterator[str]:
    if _may_be_left_out(node):
        yield ""
    elif isinstance(node, ast.Return) and node.value is not None:
        now = ast.unparse(node.value)
        same = SAME_ANSWER.get(returns.partition("[")[0], ()) + (("None",) if returns.endswith("| None") else ())
        yield from (f"return {answer}" for answer in same if answer != now)


def _may_be_left_out(node: ast.stmt) -> bool:
    """Without it the rest still runs; what only gives a name to something is not among these, nor a docstring."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute) for target in node.targets)
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.For | ast.If) and not is_docstring


def _expressions(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.BoolOp):
        yield _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        yield from _one_less(node, "values")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield ast.unparse(node.operand)
    elif isinstance(node, ast.IfExp):
        yield ast.unparse(node.body)
        yield ast.unparse(node.orelse)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub):
        yield ast.unparse(node.left)
        yield ast.unparse(node.right)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Set | ast.List) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from _one_less(node, "elts")
    elif isinstance(node, ast.Call):
        yield from _called(node)
    elif isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp):
        yield from _filtered(node)


def _compared(node: ast.Compare) -> Iterator[str]:
    for number, op in enumerate(node.ops):
        for other in TURNED[type(op)]:
            yield _changed(node, ops=[*node.ops[:number], other(), *node.ops[number + 1 :]])
        among = node.comparators[number]
        for fewer in _one_less(among, "elts") if isinstance(among, ast.Tuple) else ():
            replaced = ast.parse(f"({fewer})", mode="eval").body
            yield _changed(node, comparators=[*node.comparators[:number], replaced, *node.comparators[number + 1 :]])


def _called(node: ast.Call) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if isinstance(node.func, ast.Name) and name in OTHER_CALL:
        yield _changed(node, func=ast.Name(OTHER_CALL[name]))
    if name in CONDITIONS:
        yield from _one_less(node, "args")


def _filtered(node: ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp) -> Iterator[str]:
    for number, part in enumerate(node.generators):
        for place in range(len(part.ifs)):
            fewer = deepcopy(node)
            del fewer.generators[number].ifs[place]
            yield ast.unparse(fewer)


def _one_less(node: ast.expr, field: str) -> Iterator[str]:
    """With each of several parts left out; of a set nothing may be left."""
    parts = getattr(node, field)
    for number in range(len(parts)):
        fewer = [*parts[:number], *parts[number + 1 :]]
        if isinstance(node, ast.BoolOp) and len(fewer) == 1:
            yield ast.unparse(fewer[0])
        elif isinstance(node, ast.Set) and not fewer:
            yield "set()"
        else:
            yield _changed(node, **{field: fewer})


def _changed(node: ast.expr, **fields: object) -> str:
    copied = deepcopy(node)
    for field, value in fields.items():
        setattr(copied, field, value)
    return ast.unparse(copied)
