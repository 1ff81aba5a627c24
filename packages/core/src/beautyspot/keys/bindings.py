"""What a file of Python's says of its names: the statements that bind them outside functions, as syntax."""

from __future__ import annotations

import ast

from beautyspot.keys.parsing import parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

OURS = frozenset(("Spot", "limiter", "mark"))
"""What a Spot is made by, and decorates with: how results are kept changes none."""


def tree_of(filename: str, /) -> ast.Module:
    """Return what a file says now; nothing if it is none of Python's."""
    try:
        with open(filename, "rb") as file:
            return parsed(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def bindings_of_file(filename: str, /) -> dict[str, list[ast.stmt]]:
    """Return the statements that bind each name of a file, without what changes no answer.

    Left out are comments, annotations but for a class's fields, docstrings, `__module__`, marks, limiters and Spots.
    """
    return bindings_of(_Bare().visit(tree_of(filename)).body)


def bindings_of(body: Iterable[ast.stmt], /) -> dict[str, list[ast.stmt]]:
    """Return the statements that bind each name in the body of a file or class; under `*`, imports of all."""
    found: dict[str, list[ast.stmt]] = {}
    for name, statement in _bound(body):
        found.setdefault(name, []).append(statement)
    return found


def may_be_read_by_others(node: ast.ClassDef, /) -> bool:
    """Say whether a base or a decorator may make something of what a class's body says, as of fields."""
    return bool(node.bases or node.keywords or node.decorator_list)


def _bound(body: Iterable[ast.AST]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, DEFINITIONS):
            yield node.name, node
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], ast.Import([alias])
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, ast.ImportFrom(node.module, [alias], node.level)
        else:
            yield from _assigned(node)
            yield from _nested(node)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Yield what a statement itself assigns."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            inner = (each for each in ast.walk(part) if isinstance(each, ast.NamedExpr))
            yield from ((each.target.id, ast.Assign([each.target], each.value)) for each in inner)
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _shared_out(target, node.value)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):  # of annotations only those of fields are left
        yield from ((name, node) for name in _names(node.target))
    elif isinstance(node, ast.For):
        loop = ast.For(node.target, node.iter, [ast.Pass()], [])
        yield from ((name, loop) for name in _names(node.target))
    elif isinstance(node, ast.With):
        for item in node.items:
            if item.optional_vars is not None and not _is_ours(item.context_expr):
                opened = ast.With([item], [ast.Pass()])
                yield from ((name, opened) for name in _names(item.optional_vars))


def _shared_out(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the part of a value that each name of a target gets, or all of it where that can't be seen."""
    pairs = _pairs(target, value)
    for each, its in pairs:
        yield from _shared_out(each, its)
    if not pairs and not _is_ours(value):
        yield from ((name, ast.Assign([target], value)) for name in _names(target))


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Return the names of `a, b` with the values of `1, 2`; nothing where a star stands among them."""
    if not (isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)):
        return []
    if any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts)):
        return []
    return list(zip(target.elts, value.elts, strict=False))


def _names(target: ast.expr) -> Iterator[str]:
    """Yield the names that an assignment changes: of `table[key]` and `settings.model` what they lie in."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        yield from _names(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _names(part)


def _nested(node: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Yield what the statements within a statement bind, values under the condition that an `if` sets them."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.stmt | ast.ExceptHandler | ast.match_case):
            for name, statement in _bound([part]):
                if isinstance(node, ast.If) and not isinstance(statement, DEFINITIONS):
                    yield name, _under(node, part, statement)
                else:
                    yield name, statement


def _under(condition: ast.If, part: ast.AST, statement: ast.stmt) -> ast.If:
    is_else = part in condition.orelse
    return ast.If(condition.test, [ast.Pass()] if is_else else [statement], [statement] if is_else else [])


def _is_ours(node: ast.expr) -> bool:
    """Say whether an expression makes a Spot, a mark or a limiter."""
    while isinstance(node, ast.Call):
        node = node.func
    return (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)) in OURS


def _is_module_name(target: ast.expr) -> bool:
    """Say whether it says of a function or class where it was, as who moves it does to find its results again."""
    return "__module__" in (getattr(target, "attr", None), getattr(target, "id", None))


def _is_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and not _is_module_name(node.target)


class _Bare(ast.NodeTransformer):
    """Leaves out what changes no answer."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        del node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.copy_location(ast.arg(node.arg), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        node.targets = [each for each in node.targets if not _is_module_name(each)]
        return self.generic_visit(node) if node.targets else None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if not may_be_read_by_others(node):
            return self.generic_visit(node)
        node.body = [each if _is_field(each) else self.visit(each) for each in node.body]
        node.body = [each for each in node.body if each] or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        node.decorator_list = [each for each in node.decorator_list if not _is_ours(each)]
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == []:
            setattr(node, "body", [ast.Pass()])  # noqa: B010 - of each class of statements another attribute
        return node
