"""What holds a classifier back is chosen on training videos: the test's labels are never looked at."""

import dataclasses

import numpy as np
import pytest

from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.evaluation.folds import held_out
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.request import Request
from tests.evaluation.planted import features_of, labelled, two_folds

LABELS = np.random.default_rng(3).integers(0, 3, 90)
INPUT_VIEW = EvaluationInput(view=EvaluationConfig(windows=2, crops=1))
SETTINGS = {"linear": {"svm_c_grid": (1e-4, 1e-2, 1.0)}, "ridge": {}}


def as_windows(features):
    """Of protocols that train on windows."""
    return dataclasses.replace(features, _train=features._test)


def answered(name, features):
    features = features if name == "linear" else as_windows(features)
    request = Request(make_protocol(name, SETTINGS[name]), INPUT_VIEW)
    answers, facts = request.protocol.encoder_answers(features, request, lambda *_: None)
    return answers, facts["regularisation"]


@pytest.mark.parametrize("name", SETTINGS)
def test_poisoned_test_labels_change_no_choice(name):
    clips, folds = labelled(LABELS), two_folds(len(LABELS))
    features = features_of(clips, folds, noise=2.0)
    answers, found = answered(name, features)
    for number, fold in enumerate(folds):
        poisoned = LABELS.copy()
        poisoned[fold.test] = (poisoned[fold.test] + 1) % 3
        other = dataclasses.replace(features, clips=dataclasses.replace(clips, labels=poisoned))
        changed, again = answered(name, other)
        assert again["folds"][number] == found["folds"][number]
        np.testing.assert_array_equal(changed[number].decisions, answers[number].decisions)
        # The labels are looked at where they train: the other fold learns something else.
        assert not np.array_equal(changed[1 - number].decisions, answers[1 - number].decisions)


@pytest.mark.parametrize("name", SETTINGS)
def test_more_noise_is_held_back_more(name):
    clips, folds = labelled(LABELS), two_folds(len(LABELS))
    chosen = [float(answered(name, features_of(clips, folds, noise))[1]["chosen"]) for noise in (0.3, 20.0)]
    strength = [1 / each for each in chosen] if name == "linear" else chosen
    assert strength[0] < strength[1] or (name == "linear" and strength[0] <= strength[1])


def test_few_videos_are_divided_as_well_as_they_can_be():
    rows = np.arange(12)
    clips = labelled(np.arange(12) % 2, clips_per_video=2)
    with_both = labelled(np.arange(12) // 2 % 2, clips_per_video=2)
    train, test = held_out(rows, with_both)
    assert sorted([*train, *test]) == list(rows) and not set(train // 2) & set(test // 2)
    assert held_out(np.array([0, 1]), clips) is None
    assert held_out(np.arange(4), with_both) is None
