"""What `Brave` says of arguments that it cannot use."""

from collections.abc import Mapping
from typing import Any

from brave_tf.errors import UserError, did_you_mean
from brave_tf.method.networks import check_network


def check_networks(narrow: Any, broad: Any) -> None:
    """Raises UserError if `narrow` is no network, or `broad` no dictionary of networks by usable names."""
    if not isinstance(broad, Mapping) or not broad:
        raise UserError(f"received broad={broad!r}; expected networks by name, such as {{'audio': network}}")
    for name in broad:
        if not isinstance(name, str) or not name or "/" in name or name == "narrow":
            raise UserError(f"received a broad network called {name!r}; expected a name without '/', and not 'narrow'")
    check_network(narrow, "narrow")
    for name, network in broad.items():
        check_network(network, f'broad["{name}"]')


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raises UserError if an argument is none of its choices."""
    if value not in choices:
        raise UserError(
            f"received {name}={value!r}; {did_you_mean(str(value), choices)}expected one of: {', '.join(choices)}"
        )


def check_counts(**counts: Any) -> None:
    """Raises UserError if one of these arguments is no whole number of at least 1."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserError(f"received {name}={value!r}; expected a whole number of at least 1")


def check_share(name: str, value: Any) -> None:
    """Raises UserError if an argument is neither None nor a number from 0 to 1."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1):
        raise UserError(f"received {name}={value!r}; expected None, or a share from 0 to 1")


def check_objective(objective: str, target_momentum: Any, loss_scale: str, micro_batches: int) -> None:
    """Raises UserError if arguments of the regression, or micro-batches, are given with another objective."""
    if objective == "regression":
        return
    if target_momentum is not None or loss_scale != "paper":
        raise UserError(
            f"received target_momentum={target_momentum!r} and loss_scale={loss_scale!r} with objective={objective!r}; "
            "expected neither: they belong to objective='regression'"
        )
    if micro_batches > 1:
        raise UserError(
            f"received micro_batches={micro_batches} with objective={objective!r}, whose terms are statistics of the "
            "whole batch; expected 1, or objective='regression'"
        )
