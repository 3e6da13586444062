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


def make_callable(package: str, function: str) -> None:
    """Makes calling a package call one of its public functions.

    For commands that are also the names of packages: `brave_tf.export(...)` works beside `brave_tf.export.verify`.
    """

    class CallablePackage(types.ModuleType):
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return getattr(self, function)(*args, **kwargs)

        @property
        def __signature__(self) -> inspect.Signature:
            return inspect.signature(getattr(self, function))

    sys.modules[package].__class__ = CallablePackage
