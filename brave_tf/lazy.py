"""Packages whose public names load on first use."""

import importlib
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any


def public_names(package: str, homes: Mapping[str, str]) -> tuple[list[str], Callable[[str], Any], Callable[[], Any]]:
    """A package's `__all__`, `__getattr__` and `__dir__`, all from one list.

    Args:
        package: the package's `__name__`.
        homes: for every public name the module that defines it, relative to the package; empty if the name is that of
            a module of the package.

    Example:
        >>> __all__, __getattr__, __dir__ = public_names(__name__, {"TSMResNet": "tsm_resnet"})
    """
    names = sorted(homes)

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(names)}")
        module = importlib.import_module(f"{package}.{homes[name] or name}")
        value = getattr(module, name) if homes[name] else module
        setattr(sys.modules[package], name, value)
        return value

    return names, load, lambda: names


def make_callable(package: str) -> None:
    """Makes calling a package call the function of the same name in `brave_tf.commands`, and documents it as that.

    For commands that are also the names of packages: `brave_tf.export(...)` works beside `brave_tf.export.verify`.
    """

    def command() -> Callable[..., Any]:
        return getattr(importlib.import_module("brave_tf.commands"), package.rpartition(".")[2])

    class CallablePackage(types.ModuleType):
        __doc__ = property(lambda self: command().__doc__)
        __signature__ = property(lambda self: inspect.signature(command()))

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return command()(*args, **kwargs)

    sys.modules[package].__class__ = CallablePackage
