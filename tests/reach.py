"""What a handler reaches: every function of the house that it may call, found by names, without running it."""

import functools
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, get_type_hints


def reached(handler: Callable[..., Any]) -> set[FunctionType]:
    """The functions it leads to: those it names, in modules it names, and methods of what it is made of.

    It finds too much rather than too little: a method counts as called when its name and its class are named.
    """
    found: set[FunctionType] = set()
    todo = list(_functions(handler, frozenset()))
    while todo:
        function, owner = todo.pop()
        if function not in found and function.__module__.startswith("copp_bot."):
            found.add(function)
            todo += _led_to(function, owner)
    return found


def _led_to(function: FunctionType, owner: type | None) -> Iterator[tuple[FunctionType, type | None]]:
    names = frozenset(_names(function.__code__))
    values = [function.__globals__[name] for name in names if name in function.__globals__]
    values += [cell.cell_contents for cell in function.__closure__ or ()]
    if owner is not None:
        values += [owner, *(kind for name, kind in get_type_hints(owner).items() if name in names)]
    for value in values:
        inside = [vars(value)[name] for name in names if name in vars(value)] if isinstance(value, ModuleType) else []
        for one in (value, *inside):
            yield from _functions(one, names)


def _functions(value: Any, names: frozenset[str]) -> Iterator[tuple[FunctionType, type | None]]:
    """A function with the class it belongs to; of a class those of its methods that are named."""
    if isinstance(value, functools.partial):
        yield from _functions(value.func, names)
    elif isinstance(value, MethodType):
        yield from ((function, type(value.__self__)) for function, _none in _functions(value.__func__, names))
    elif isinstance(value, FunctionType):
        yield inspect.unwrap(value), None
    elif isinstance(value, type):
        for name in names:
            method = inspect.getattr_static(value, name, None)
            function = method.fget if isinstance(method, property) else method
            if isinstance(function, FunctionType):
                yield function, value
    elif type(value).__module__.startswith("copp_bot.") and callable(value):
        yield from _functions(value.__call__, names)


def _names(code: CodeType) -> Iterator[str]:
    """Every name in a function, and in the functions inside it."""
    yield from (*code.co_names, *code.co_freevars)
    for inside in code.co_consts:
        if isinstance(inside, CodeType):
            yield from _names(inside)
