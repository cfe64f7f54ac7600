"""Heads: losses against scipy's densities, quantiles that do not cross."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from tsforecast.models.rnn.forecaster import LSTM
from tsforecast.models.rnn.heads import GaussianHead, PointHead, QuantileHead, StudentTHead, head_of
from tsforecast.models.rnn.options import Decoding

LEVELS = np.array([0.001, 0.025, 0.1, 0.3, 0.5, 0.6, 0.975, 0.999])
raws = hnp.arrays(np.float64, 7, elements=st.floats(-20, 20))


def softplus(x):
    return np.logaddexp(0, x)


@pytest.mark.parametrize("head", [QuantileHead(), GaussianHead(), StudentTHead()])
@given(raw=raws)
def test_quantiles_never_cross_and_the_point_is_the_median(head, raw):
    raw = raw[: head.n_params]
    values = head.at(raw[None], LEVELS)
    assert (np.diff(values) >= 0).all()
    np.testing.assert_allclose(head.at(raw, np.array(0.5)), head.point(raw), atol=1e-9)


@given(raw=raws, y=st.floats(-5, 5))
def test_gaussian_loss_is_minus_the_log_density(raw, y):
    density = stats.norm(raw[0], softplus(raw[1]) + 1e-3)
    loss = GaussianHead().loss(torch.tensor(raw[:2]), torch.tensor(y, dtype=torch.float64))
    np.testing.assert_allclose(loss, -density.logpdf(y) - 0.5 * np.log(2 * np.pi), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(GaussianHead().at(raw[None, :2], LEVELS), density.ppf(LEVELS))


@given(raw=raws, y=st.floats(-5, 5))
def test_student_loss_is_minus_the_log_density(raw, y):
    density = stats.t(softplus(raw[2]) + 2.1, raw[0], softplus(raw[1]) + 1e-3)
    loss = StudentTHead().loss(torch.tensor(raw[:3]), torch.tensor(y, dtype=torch.float64))
    np.testing.assert_allclose(loss, -density.logpdf(y), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(StudentTHead().at(raw[None, :3], LEVELS), density.ppf(LEVELS))


def test_quantile_loss_is_twice_the_mean_pinball_loss():
    raw = torch.zeros(7, dtype=torch.float64)
    step = np.log(2)  # softplus(0)
    quantiles, levels = step * np.arange(-3, 4), np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    error = 1.0 - quantiles
    expected = 2 * np.mean(np.where(error > 0, levels * error, (levels - 1) * error))
    assert float(QuantileHead().loss(raw, torch.tensor(1.0, dtype=torch.float64))) == pytest.approx(expected)


@given(raw=raws)
def test_quantile_head_gives_its_own_levels_exactly(raw):
    levels = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    known = QuantileHead()._quantiles(torch.tensor(raw)).numpy()
    np.testing.assert_allclose(QuantileHead().at(raw[None], levels), known, atol=1e-9)


@pytest.mark.parametrize(("name", "expected"), [("mae", 3.0), ("mse", 9.0), ("huber", 2.5)])
def test_point_losses_by_hand(name, expected):
    assert float(PointHead(name).loss(torch.tensor([4.0]), torch.tensor(1.0))) == expected
    assert float(PointHead("huber").loss(torch.tensor([1.5]), torch.tensor(1.0))) == 0.125


@pytest.mark.parametrize("kind", ["direct", "recursive"])
@pytest.mark.parametrize("loss", ["mse", "huber", "quantile", "gaussian", "student_t"])
def test_every_loss_learns_a_distribution_that_covers(loss, kind):
    rng = np.random.default_rng(0)
    series = 10 + rng.standard_normal(300)
    model = LSTM(4, n_members=2, decoding=Decoding(kind=kind, horizon=5, loss=loss, n_samples=100))
    forecast = model.fit(series[:250]).predict(30, level=[80])  # (horizon, 3): noise about 10
    truth = series[250:280]
    assert np.abs(forecast[:, 0] - 10).max() < 0.8
    width = forecast[:, 2] - forecast[:, 1]
    assert 1.8 < width.mean() < 3.6  # 2.56 in truth
    assert ((forecast[:, 1] <= truth) & (truth <= forecast[:, 2])).mean() > 0.6


def test_a_head_is_named_by_its_loss():
    assert [head_of(name).n_params for name in ("mae", "quantile", "gaussian", "student_t")] == [1, 7, 2, 3]
