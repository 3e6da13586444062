"""What `--windows` says: how many windows test a clip, and what becomes of them. Loads without TensorFlow."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from brave_tf.config.words import PROTOCOLS, ProtocolName
from brave_tf.errors import UsageError
from brave_tf.evaluation.protocol import protocol_class

JOINED = ("mean", "concat", "thirds")


def split_windows(
    protocol: ProtocolName, view: Mapping[str, Any], classifier: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divides a value of `windows` such as "12,concat" into a setting of the view and one of the protocol.

    Args:
        protocol: how the encoder is scored.
        view: changes of `EvaluationConfig`; its `windows` is a number, a word of `JOINED`, or both.
        classifier: settings of the protocol.

    Returns:
        Both, `windows` as a number or left out, and `join_windows` as it was said.

    Raises:
        UsageError: it is neither, contradicts `join_windows`, or the protocol does not join windows.
    """
    view, classifier = dict(view), dict(classifier)
    if isinstance(view.get("windows"), str):
        text = view.pop("windows")
        for part in map(str.strip, text.split(",")):
            if part.isdecimal() and "windows" not in view:
                view["windows"] = int(part)
            elif part in JOINED and classifier.setdefault("join_windows", part) == part:
                continue
            else:
                words = f"{', '.join(JOINED[:-1])} or {JOINED[-1]}"
                raise UsageError(f"received --windows {text}; expected a number, {words}, or both, such as 12,concat")
    if "join_windows" in classifier and not _joins(protocol):
        able = " or ".join(name for name in PROTOCOLS if _joins(name))
        raise UsageError(
            f"received windows that are joined ({classifier['join_windows']}) with --protocol {protocol}, which looks "
            f"at each window by itself; expected --protocol {able}"
        )
    if classifier.get("join_windows") == "thirds" and view.get("windows", 3) < 3:
        raise UsageError(f"received {view['windows']} windows to join in thirds; expected --windows 3,thirds or more")
    return view, classifier


def _joins(protocol: ProtocolName) -> bool:
    kind: Any = protocol_class(protocol)
    return any(field.name == "join_windows" for field in dataclasses.fields(kind))
