"""Model confidence set: agreement with arch, and the cases that arch cannot compute."""

import sys

import numpy as np
import pytest

from tsforecast.backtest.compare.confidence_set import model_confidence_set
from tsforecast.exceptions import DataError, MissingDependencyError, ParameterError

arch_bootstrap = pytest.importorskip("arch.bootstrap", reason="the extra arch is not installed")
LOSSES = np.random.default_rng(0).gamma(4.0, size=(80, 4)) + np.array([0.0, 0.1, 0.5, 2.0])
NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize("block_size", [None, 1, 5])
def test_pvalues_are_those_of_arch(block_size):
    direct = arch_bootstrap.MCS(LOSSES, size=0.1, reps=500, block_size=block_size, seed=7)
    direct.compute()
    found = model_confidence_set(LOSSES, NAMES, block_size=block_size, n_boot=500, random_state=7).set_index("model")
    np.testing.assert_array_equal(found.loc[NAMES, "pvalue"], direct.pvalues["Pvalue"].sort_index())
    assert {NAMES.index(name) for name in found.index[found["included"]]} == set(direct.included)


def test_the_best_model_has_the_pvalue_one_and_comes_first():
    found = model_confidence_set(LOSSES, NAMES)
    assert found["pvalue"][0] == 1
    assert not found.set_index("model").loc["d", "included"]
    assert found["pvalue"].is_monotonic_decreasing


def test_identical_models_share_their_pvalue_and_change_no_other():
    doubled = np.column_stack([LOSSES, LOSSES[:, 0]])
    found = model_confidence_set(doubled, [*NAMES, "again"], random_state=1).set_index("model")["pvalue"]
    alone = model_confidence_set(LOSSES, NAMES, random_state=1).set_index("model")["pvalue"]
    assert found["again"] == found["a"]
    assert found.drop("again").sort_index().equals(alone.sort_index())


def test_all_models_identical_are_all_in():
    same = np.repeat(LOSSES[:, :1], 3, axis=1)
    assert model_confidence_set(same, ["x", "y", "z"])["included"].all()
    assert model_confidence_set(same[:, :1], ["x"])["pvalue"].tolist() == [1.0]


def test_a_model_worse_by_a_constant_is_out():
    found = model_confidence_set(np.column_stack([LOSSES[:, 0], LOSSES[:, 0] + 0.01]), ["x", "y"])
    assert found["model"].tolist() == ["x", "y"]
    assert found["pvalue"].tolist() == [1.0, 0.0]


def test_rows_that_are_not_complete_are_left_out():
    holed = np.vstack([LOSSES, [np.nan, 1, 1, 1]])
    assert model_confidence_set(holed, NAMES).equals(model_confidence_set(LOSSES, NAMES))


def test_the_set_holds_the_best_model_at_least_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = [
        model_confidence_set(rng.normal(size=(40, 3)), ["best", "x", "y"], alpha=0.2, block_size=1, n_boot=200)
        .set_index("model")
        .loc["best", "included"]
        for _ in range(100)
    ]
    assert np.mean(held) > 0.8 - 3 * 0.04  # three standard errors below what is promised


def test_what_cannot_be_computed_is_refused(monkeypatch):
    with pytest.raises(DataError, match="4 rows of losses are complete"):
        model_confidence_set(LOSSES[:4], NAMES)
    with pytest.raises(DataError, match=r"\(n_obs, 2\) is needed"):
        model_confidence_set(LOSSES, ["a", "b"])
    with pytest.raises(ParameterError, match="alpha=0"):
        model_confidence_set(LOSSES, NAMES, alpha=0)
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tsforecast\[arch\]'"):
        model_confidence_set(LOSSES, NAMES)
