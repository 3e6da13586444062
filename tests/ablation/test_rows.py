"""Rows of the paper's comparisons, which data serve them, and what their results say."""

import pytest

from brave_tf import presets
from brave_tf.ablation.results import mean_interval, summarise, verdict
from brave_tf.ablation.rows import missing_modalities, rows_of, why_left_out
from brave_tf.ablation.state import State
from brave_tf.errors import UserError
from brave_tf.pages.ablation import with_interval

TABLES = ("table1", "table2", "table3", "table4")


def by_name(*arguments, **options):
    return {row.name: row for row in rows_of(*arguments, **options)}


def test_tiny_rows_are_the_papers_with_their_scores():
    for table in TABLES:
        tiny, paper = by_name(table, "tiny"), by_name(table, "paper")
        assert list(tiny) == list(paper) and len(tiny) >= 2
        for name, row in tiny.items():
            preset = presets.describe(f"{table}-{name}")
            assert row.paper == preset.scores and paper[name].config == preset.config
            assert row.config.name.startswith("tiny-") and set(row.config.broad.modalities) == set(
                preset.config.broad.modalities
            )
            assert row.against is None or row.against in tiny


def test_extents_change_the_step_and_nothing_else():
    rows = by_name("table1", "tiny")
    extents = {
        name: (row.config.narrow.seconds, row.config.broad.rgb.seconds) for name, row in rows.items() if "rgb" in name
    }
    assert extents == {
        "narrow10-broad10-rgb": (9.92, 10.24),
        "narrow1.3-broad1.3-rgb": (1.28, 1.28),
        "narrow1.3-broad5-rgb": (1.28, 5.12),
        "narrow1.3-broad10-rgb": (1.28, 10.24),
    }
    assert {row.config.narrow.pixels for row in rows.values()} == {8 * 48 * 48}
    assert {row.config.broad.rgb.pixels for row in rows.values() if row.config.broad.rgb} == {16 * 48 * 48}
    assert {(row.config.evaluation.frames, row.config.evaluation.step) for row in rows.values()} == {(8, 4)}
    assert [row.config.broad.audio.seconds for name, row in rows.items() if "audio" in name] == [1.28, 5.0, 10.0]
    short = by_name("table1", "tiny", extents=(0.64, 1.28, 2.56))
    assert short["narrow10-broad10-rgb"].config.narrow.seconds == 2.56


def test_tables_vary_what_the_paper_varies():
    convolution = {
        n: r.config.broad.rgb and r.config.broad.rgb.augment.random_convolution
        for n, r in by_name("table2", "tiny").items()
    }
    assert convolution == {"rgb": 0.0, "rgb-rc": 1.0, "flow": None}
    assert [row.config.broad.rgb.views for row in rows_of("table3", "tiny")] == [1, 2, 3]
    assert {n: r.config.broad.rgb.offset for n, r in by_name("table4", "tiny").items()} == {
        "unsynced": "independent",
        "synced": "aligned",
    }
    models = {name: row.config.model for name, row in by_name("collapse", "tiny").items()}
    assert (models["paper"].predictor, models["paper"].stop_gradient, models["paper"].objective) == (
        True,
        True,
        "regression",
    )
    assert not models["without-predictor"].predictor and not models["without-stop-gradient"].stop_gradient
    assert models["moving-average"].target_momentum == 0.99 and models["vicreg"].objective == "vicreg"


def test_settings_come_last_and_rows_are_chosen_by_name():
    rows = rows_of("table3", "tiny", settings=["steps=7", "broad.rgb.frames=4"], names=["2-views"])
    assert [row.name for row in rows] == ["2-views"]
    assert (rows[0].config.steps, rows[0].config.broad.rgb.frames) == (7, 4)
    with pytest.raises(UserError, match=r"received rows 4-views; .*expected some of: 1-view, 2-views, 3-views"):
        rows_of("table3", "tiny", names=["4-views"])


def test_settings_do_not_take_away_what_rows_differ_in():
    with pytest.raises(UserError, match=r"received --set narrow.step=4, which is what table1 varies; leave it out"):
        rows_of("table1", "tiny", settings=["steps=7", "narrow.step=4"])
    with pytest.raises(UserError, match=r"received --set model.predictor=true, which is what collapse varies"):
        rows_of("collapse", "tiny", settings=["model.predictor=true"])
    # Rows with sound have their narrow view in common.
    names = ["narrow1.3-broad1.3-audio", "narrow1.3-broad10-audio"]
    rows = rows_of("table1", "tiny", settings=["narrow.step=4"], names=names)
    assert [row.config.broad.audio.seconds for row in rows] == [1.28, 10.0]
    for table in (*TABLES, "collapse"):
        assert rows_of(table, "paper", settings=["steps=7", "batch_size=8", "optimizer.peak_learning_rate=1"])


def test_settings_of_a_broad_view_are_for_the_rows_that_have_it():
    rows = by_name("table2", "tiny", settings=["broad.rgb.size=40", "narrow.size=24"])
    assert [row.config.narrow.size for row in rows.values()] == [24, 24, 24]
    assert rows["rgb"].config.broad.rgb.size == rows["rgb-rc"].config.broad.rgb.size == 40
    assert rows["flow"].config.broad.flow == by_name("table2", "tiny")["flow"].config.broad.flow
    with pytest.raises(UserError, match=r"received --set broad\.rgb\.size=.*there is no such key"):
        rows_of("table2", "tiny", settings=["broad.rgb.size=40"], names=["flow"])
    with pytest.raises(UserError, match=r"received --set broad\.rgb\.sise=.*there is no such key"):
        rows_of("table2", "tiny", settings=["broad.rgb.sise=40"])


def test_extents_that_cannot_be_are_refused():
    with pytest.raises(UserError, match="received extents 2, 1, 3; expected three rising lengths"):
        rows_of("table1", "tiny", extents=(2.0, 1.0, 3.0))
    with pytest.raises(UserError, match="for table1 at scale tiny only"):
        rows_of("table2", "tiny", extents=(1.0, 2.0, 3.0))


def test_rows_that_the_data_cannot_serve_say_why():
    rows = by_name("table1", "tiny")
    assert why_left_out(rows["narrow1.3-broad10-rgb"], 10.0, {}) is None
    assert "longest view is 10.2 s, and half of the clips have at most 3 s" in why_left_out(
        rows["narrow1.3-broad10-rgb"], 3.0, {}
    )
    missing = missing_modalities({"flow": False, "audio": True})
    reasons = {name: why_left_out(row, None, missing) for name, row in by_name("table2", "tiny").items()}
    assert reasons == {"rgb": None, "rgb-rc": None, "flow": "the dataset holds no optical flow"}


def result(score, collapsed_at=None):
    return {"score": score, "random_init": 0.2, "effective_rank": 3.0, "collapsed_at": collapsed_at}


def test_differences_are_taken_seed_by_seed():
    rows = rows_of("table4", "tiny")
    results = {
        "unsynced": {"0": result(0.50), "1": result(0.70), "2": result(0.60)},
        "synced": {"0": result(0.41), "1": result(0.59), "2": result(0.50)},
    }
    unsynced, synced = summarise(rows, results)
    assert unsynced["mean"] == pytest.approx(0.6) and unsynced["difference"] is None and unsynced["agreement"] == {}
    # Means 0.2 apart from seed to seed, and yet the difference is certain.
    assert synced["difference"] == pytest.approx(-0.1)
    assert synced["difference_interval"] == pytest.approx([-0.1 - 0.02484, -0.1 + 0.02484], abs=1e-4)
    assert set(synced["agreement"].values()) == {"agrees"} and set(synced["agreement"]) == set(rows[0].paper)


def test_a_collapsed_run_is_a_result_without_a_score():
    rows = rows_of("collapse", "tiny", names=["paper", "without-predictor"])
    results = {"paper": {"0": result(0.5)}, "without-predictor": {"0": result(None, collapsed_at=40)}}
    _, without = summarise(rows, results)
    assert without["collapsed"] == {"0": 40} and without["mean"] is None and without["difference"] is None


@pytest.mark.parametrize(
    ("interval", "paper", "wanted"),
    [
        ([0.1, 0.2], 3.0, "agrees"),
        ([-0.2, -0.1], 3.0, "disagrees"),
        ([-0.1, 0.2], 3.0, "within the interval"),
        ([0.1, 0.2], 0.0, "the paper sees none"),
        (None, 3.0, "one seed"),
    ],
)
def test_signs_are_compared_where_they_are_certain(interval, paper, wanted):
    assert verdict(interval, paper) == wanted


def test_the_interval_is_students():
    # With two degrees of freedom; the quantiles have three decimals.
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx([2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5], abs=3e-4)
    assert mean_interval([1.0]) is None


def test_results_outlive_an_interruption_and_other_settings_are_refused(tmp_path):
    settings = {"table": "table3", "rows": {"1-view": {"steps": 2}}}
    state = State(tmp_path / "out", settings)
    state.add("1-view", 0, result(0.5))
    state.save({})
    more = State(tmp_path / "out", {"table": "table3", "rows": {"2-views": {"steps": 2}}})
    assert more.result("1-view", 0)["score"] == 0.5 and more.result("1-view", 1) is None
    with pytest.raises(UserError, match=r"ablation with other settings \(.*rows.1-view.steps.*\); give the same"):
        State(tmp_path / "out", {"table": "table3", "rows": {"1-view": {"steps": 3}}})
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something that is not an ablation"):
        State(tmp_path, settings)


def test_figures_are_written_as_percent_with_half_of_their_interval():
    assert with_interval(0.612, [0.583, 0.641]) == "61.2 ± 2.9"
    assert [with_interval(value, None, sign=True) for value in (0.021, -0.1, -1e-17)] == ["+2.1", "-10.0", "+0.0"]
    assert with_interval(None, None) == "–"
