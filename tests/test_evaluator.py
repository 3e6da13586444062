"""`brave_tf.evaluate` and `brave-tf evaluate` are one function."""

import inspect

from brave_tf import evaluator
from brave_tf.cli import evaluate as command


def test_function_and_command_have_the_same_arguments_and_defaults():
    ours, theirs = (inspect.signature(each).parameters for each in (evaluator.evaluate, command.evaluate))
    assert list(ours) == list(theirs)
    # What is left out of a group of options is left out of the function's mapping.
    groups = ("view", "classifier")
    for name, parameter in ours.items():
        default = None if name in groups else theirs[name].default
        assert default == parameter.default, name
    assert all(command.given(theirs[name].default) == {} for name in groups)


def test_their_documentation_names_every_argument_once():
    text = inspect.getdoc(evaluator.evaluate)
    assert command.evaluate.__doc__ == evaluator.evaluate.__doc__
    assert all(text.count(f"\n    {name}: ") == 1 for name in inspect.signature(evaluator.evaluate).parameters)
