"""`--windows`: a number, what becomes of the windows, or both."""

import pytest

from brave_tf.cli.main import main
from brave_tf.errors import UsageError, UserError
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.window_words import split_windows


@pytest.mark.parametrize(
    ("windows", "view", "classifier"),
    [
        ("12", {"windows": 12}, {}),
        (12, {"windows": 12}, {}),
        ("concat", {}, {"join_windows": "concat"}),
        ("12,concat", {"windows": 12}, {"join_windows": "concat"}),
        ("mean, 3", {"windows": 3}, {"join_windows": "mean"}),
        ("thirds", {}, {"join_windows": "thirds"}),
    ],
)
def test_a_number_words_or_both(windows, view, classifier):
    found = split_windows("ridge", {"windows": windows, "crops": 1}, {})
    assert found == ({"crops": 1, **view}, classifier)


def test_the_same_may_be_said_twice_and_nothing_else():
    twice = split_windows("ridge", {"windows": "concat"}, {"join_windows": "concat"})
    assert twice == ({}, {"join_windows": "concat"})
    with pytest.raises(
        UsageError, match="received --windows concat; expected a number, mean, concat or thirds, or both"
    ):
        split_windows("ridge", {"windows": "concat"}, {"join_windows": "mean"})
    assert split_windows("linear", {"windows": 3}, {"svm_c_grid": (1.0,)}) == ({"windows": 3}, {"svm_c_grid": (1.0,)})


@pytest.mark.parametrize("windows", ["", "concatenated", "12,13", "mean,concat", "-1", "1.5", "12,concat,"])
def test_what_else_is_given_is_one_line(windows):
    with pytest.raises(UsageError, match="expected a number, mean, concat or thirds, or both, such as 12,concat"):
        split_windows("ridge", {"windows": windows}, {})


@pytest.mark.parametrize("windows", ["1,thirds", "thirds,2"])
def test_too_few_windows_for_thirds_are_refused_before_anything_is_computed(windows):
    with pytest.raises(UsageError, match=r"received [12] windows to join in thirds; expected --windows 3,thirds"):
        split_windows("ridge", {"windows": windows}, {})


def test_thirds_are_for_ridge():
    with pytest.raises(UserError, match=r"join_windows=thirds.*attentive"):
        make_protocol("attentive", {"join_windows": "thirds"})


def test_a_protocol_of_single_windows_names_those_that_join(capsys):
    status = main(["evaluate", "random:tiny", "--data", "none", "--out", "none", "--windows", "12,concat"])
    assert status == 2
    expected = "joined (concat) with --protocol linear, which looks at each window by itself; expected --protocol "
    expected += "attentive or ridge"
    assert expected in " ".join(capsys.readouterr().err.split())
