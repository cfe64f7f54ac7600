"""Laws that tell a forecaster from one that only looks like it: each takes a function that makes an unfitted one.

`test_laws.py` holds every forecaster of the package to them, and mutants that other suites let pass.
"""

import numpy as np
import pandas as pd

HORIZON = 6
SEASON = 6


def months(values):
    """A Series of months."""
    return pd.Series(values, index=pd.date_range("2010-01-01", periods=len(values), freq="MS"), name="a")


def seasonal(n_obs=72, seed=0, noise=0.5):
    """A season of `SEASON` steps and noise: ``(n_obs,)``."""
    rng = np.random.default_rng(seed)
    return 50 + 8 * np.sin(2 * np.pi * np.arange(n_obs) / SEASON) + noise * rng.normal(size=n_obs)


def forecasts_move_with_the_data(make):
    """The forecast of a series whose level is another lies about the other level, whatever was fitted before."""
    low, high = seasonal(), seasonal() + 1000
    for y in (low, high):
        out = make().fit(months(y)).predict(HORIZON)
        assert np.abs(out - y.mean()).max() < 4 * (y.max() - y.min())


def forecasts_differ_with_the_history(make):
    """A fitted model that is given another history forecasts from that one, even where it returns to a mean."""
    model = make().fit(months(seasonal()))
    out = model.predict(HORIZON, history=months(seasonal(seed=1) + 200))
    assert np.abs(out - model.predict(HORIZON)).max() > 20


def steps_are_in_phase(make):
    """Of a season without noise each step is forecast, not the one before it or after it."""
    y = seasonal(72 + HORIZON + 1, noise=0.0)
    out = make().fit(months(y[:72])).predict(HORIZON).to_numpy()
    error = [np.abs(out - y[72 + k : 72 + k + HORIZON]).mean() for k in (-1, 0, 1)]
    assert error[1] < error[0] and error[1] < error[2]


def instances_share_nothing(make):
    """What one instance learns changes nothing for another, fitted before it or after it."""
    first, second = months(seasonal()), months(seasonal(seed=1) * 3 - 20)
    alone = make().fit(second).predict(HORIZON)
    one = make().fit(first)
    before = one.predict(HORIZON)
    other = make().fit(second)
    pd.testing.assert_series_equal(other.predict(HORIZON), alone)
    pd.testing.assert_series_equal(one.predict(HORIZON), before)


def fits_forget_fits(make):
    """A second fit of one instance is what a first one would have been."""
    second = months(seasonal(seed=1) * 3 - 20)
    again = make().fit(months(seasonal())).fit(second).predict(HORIZON)
    pd.testing.assert_series_equal(again, make().fit(second).predict(HORIZON))


def predicting_changes_nothing(make):
    """Two forecasts in a row are the same, and so is one after a forecast of something else."""
    model = make().fit(months(seasonal()))
    first = model.predict(HORIZON)
    model.predict(2, history=months(seasonal(seed=1) + 30))
    pd.testing.assert_series_equal(model.predict(HORIZON), first)


def a_shorter_horizon_is_the_beginning_of_a_longer_one(make):
    """Steps do not depend on how many are asked for."""
    model = make().fit(months(seasonal()))
    np.testing.assert_allclose(model.predict(2), model.predict(HORIZON)[:2], rtol=1e-6)


def intervals_hold_their_share_of_noise(make):
    """Of noise about a level, one step ahead, an 80% interval is neither a point nor everything."""
    y = 50 + np.random.default_rng(3).normal(size=72)
    out = make().fit(months(y)).predict(1, level=80)
    width = (out["hi-80"] - out["lo-80"]).iloc[0]
    assert 0.5 < width < 15


GENERAL = (
    forecasts_move_with_the_data,
    forecasts_differ_with_the_history,
    instances_share_nothing,
    fits_forget_fits,
    predicting_changes_nothing,
    a_shorter_horizon_is_the_beginning_of_a_longer_one,
    intervals_hold_their_share_of_noise,
)
SEASONAL = (steps_are_in_phase,)
