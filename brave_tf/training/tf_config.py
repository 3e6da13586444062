"""The cluster that the variable TF_CONFIG describes."""

import json
from collections.abc import Mapping
from typing import Any

from brave_tf.errors import UserError

EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """What TF_CONFIG says; empty where it is not set.

    Raises:
        UserError: it describes no cluster.
    """
    text = environment.get("TF_CONFIG") or "{}"
    try:
        description = json.loads(text)
        addresses(description)
    except (ValueError, AttributeError, TypeError):
        raise UserError(f"TF_CONFIG is {text}; expected JSON such as {EXAMPLE}") from None
    return dict(description)


def addresses(description: Mapping[str, Any]) -> int:
    """How many processes a description names."""
    return sum(len(each) for each in description.get("cluster", {}).values())
