"""Heads: losses against scipy's densities, quantiles that do not cross."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from tsforecast.exceptions import DataError, ParameterError
from tsforecast.models.neural.forecaster import LSTM
from tsforecast.models.neural.heads import (
    GaussianHead,
    LossName,
    NegativeBinomialHead,
    PointHead,
    QuantileHead,
    StudentTHead,
    head_of,
)
from tsforecast.models.neural.options import Decoding

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
    known = torch.stack(QuantileHead()._quantiles(torch.tensor(raw))).numpy()
    np.testing.assert_allclose(QuantileHead().at(raw[None], levels), known, atol=1e-9)


@given(raw=raws, y=st.integers(0, 500), scale=st.floats(0.1, 1000))
def test_negative_binomial_loss_is_minus_the_log_probability(raw, y, scale):
    head = NegativeBinomialHead()
    mean, dispersion = scale * float(head.point(raw)), softplus(raw[1]) + 1e-3
    r = 1 / dispersion
    chances = stats.nbinom(r, r / (r + mean))
    np.testing.assert_allclose(chances.var(), mean + dispersion * mean**2, rtol=1e-6)
    target = torch.tensor(y / scale, dtype=torch.float64)
    loss = head.loss(torch.tensor(raw[:2]), target, torch.tensor(scale, dtype=torch.float64))
    np.testing.assert_allclose(loss, -chances.logpmf(y), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(head.at(raw[None, :2], LEVELS, scale) * scale, chances.ppf(LEVELS), rtol=1e-9)


@given(raw=raws, scale=st.floats(0.01, 1000))
def test_quantiles_of_counts_never_cross_and_are_counts(raw, scale):
    head = NegativeBinomialHead()
    counts = head.at(raw[None, :2], LEVELS, scale) * scale
    assert (np.diff(counts) >= 0).all()
    assert (counts >= 0).all()
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-6)
    assert head.point(raw) > 0


def test_padding_has_a_finite_loss_and_gradient():
    raw = torch.zeros(2, requires_grad=True)
    loss = NegativeBinomialHead().loss(raw, torch.tensor(0.0), torch.tensor(0.0))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize("loss", get_args(LossName))
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_furthest_target_has_a_finite_loss_and_a_gradient_with_a_finite_square(loss, sign):
    head = head_of(loss)
    for shape in (-50.0, 0.0, 50.0):  # of raw outputs that tell width: as narrow and as wide as it gets
        raw = torch.full((head.n_params,), shape)
        raw[0] = 0.0
        raw.requires_grad_()
        sizes = torch.tensor(head.furthest) * (sign if not head.counts else 1)
        value = head.loss(raw, sizes, torch.tensor(1e30))
        value.backward()
        assert torch.isfinite(1e3 * value)
        assert torch.isfinite(1e3 * raw.grad.square()).all()


def test_gaussian_loss_goes_on_past_its_square_with_the_same_slope():
    head, middle = GaussianHead(), torch.zeros(2, dtype=torch.float64)
    bend = 1e5 * (np.log(2) + 1e-3)  # 100,000 standard deviations
    near, far = (torch.tensor(bend * f, dtype=torch.float64, requires_grad=True) for f in (1 - 1e-9, 1 + 1e-9))
    (slope,), (next_slope,) = (torch.autograd.grad(head.loss(middle, y), y) for y in (near, far))
    np.testing.assert_allclose(next_slope, slope, rtol=1e-8)
    np.testing.assert_allclose(head.loss(middle, far).item(), head.loss(middle, near).item(), rtol=1e-8)


def test_counts_of_any_size_have_the_loss_of_their_distribution_in_float32():
    raw, target = torch.tensor([1.0, 0.0]), torch.tensor(1.5)
    r, mean = 1 / (softplus(0.0) + 1e-3), 1e7 * float(NegativeBinomialHead().point(np.array([1.0, 0.0])))
    expected = -stats.nbinom(r, r / (r + mean)).logpmf(1.5e7)
    loss = NegativeBinomialHead().loss(raw, target, torch.tensor(1e7))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)  # float32 has 7 digits


def counts_of(rng, n=200):
    """Counts whose mean is 3 and 300 in turn of their series, with dispersion 0.2."""
    mean = np.array([3.0, 300.0])
    return pd.DataFrame(rng.negative_binomial(5, 5 / (5 + mean), size=(n, 2)).astype(float), columns=["few", "many"])


@pytest.mark.parametrize("kind", ["direct", "recursive"])
def test_counts_of_any_size_are_forecast_as_counts(kind):
    y = counts_of(np.random.default_rng(0), 300)
    model = LSTM(4, n_members=2, decoding=Decoding(kind=kind, horizon=5, loss="negative_binomial", n_samples=100))
    forecast = model.fit(y[:280]).predict(20, level=[80])
    for name, mean in (("few", 3.0), ("many", 300.0)):
        own = forecast[name]
        assert np.abs(own["mean"] / mean - 1).max() < 0.4
        low, high = stats.nbinom(5, 5 / (5 + mean)).ppf([0.1, 0.9])
        assert np.abs(own["lo-80"].mean() - low) < 0.35 * mean
        assert np.abs(own["hi-80"].mean() - high) < 0.35 * mean
        np.testing.assert_array_equal(own[["lo-80", "hi-80"]], np.round(own[["lo-80", "hi-80"]]))
        assert (own["lo-80"] >= 0).all()


def test_what_is_no_count_is_refused_in_training_and_in_history():
    y = counts_of(np.random.default_rng(0), 60)
    model = LSTM(4, n_members=2, max_epochs=1, decoding=Decoding(loss="negative_binomial"))
    wrong = y.copy()
    wrong.iloc[7, 1] = 2.5
    with pytest.raises(DataError, match=r"Series 'many' has the value 2\.5 at 7; .* whole numbers from 0 on"):
        model.fit(wrong)
    with pytest.raises(DataError, match="has the value -2"):
        model.fit(-2 * y - 2)
    model.fit(y)
    with pytest.raises(DataError, match=r"'many' has the value 2\.5"):
        model.predict(3, history=wrong)
    with pytest.raises(ParameterError, match="transform='log'"):
        model.set_params(preparation={"transform": "log"}).fit(y)
    assert np.isfinite(model.set_params(preparation=None).fit(0 * y).predict(3, level=80)).all().all()


@pytest.mark.parametrize(
    ("name", "expected"), [("mae", 3.0), ("mase", 3.0), ("balanced", 3.0), ("mse", 9.0), ("huber", 2.5)]
)
def test_point_losses_by_hand(name, expected):
    assert float(PointHead(name).loss(torch.tensor([4.0]), torch.tensor(1.0))) == expected
    assert float(PointHead("huber").loss(torch.tensor([1.5]), torch.tensor(1.0))) == 0.125


@pytest.mark.parametrize("kind", ["direct", "recursive"])
@pytest.mark.parametrize("loss", ["mae", "mase", "mse", "huber", "quantile", "gaussian", "student_t"])
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
    names = ("mae", "quantile", "gaussian", "student_t", "negative_binomial")
    assert [head_of(name).n_params for name in names] == [1, 7, 2, 3, 2]
    with pytest.raises(ParameterError, match="loss='mea' is none of"):
        LSTM(decoding={"loss": "mea"}).fit(np.arange(30.0))
