import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.exceptions import DataError, ParameterError
from tsforecast.forecast import Forecast, interval_quantiles, quantile_levels
from tsforecast.panel.times.frequency import parse_freq


def make(quantiles=((1.0, 3.0), (0.0, 4.0))):
    cutoff = pd.DatetimeIndex(["2020-12-01"])
    return Forecast(
        np.array([[2.0, 2.0]]), np.array([quantiles]), np.array([0.1, 0.9]), pd.Index(["a"]), cutoff, parse_freq("MS")
    )


def test_frame_has_one_row_a_step_with_times_after_the_cutoff():
    frame = make().to_frame(level=[80], quantiles=[0.9])
    assert frame.columns.tolist() == ["unique_id", "ds", "mean", "lo-80", "hi-80", "q0.9"]
    assert frame["ds"].tolist() == [pd.Timestamp("2021-01-01"), pd.Timestamp("2021-02-01")]
    assert frame["hi-80"].tolist() == frame["q0.9"].tolist() == [3.0, 4.0]


def test_crossing_quantiles_are_refused_with_the_step():
    with pytest.raises(DataError, match="series 'a' cross at step 2"):
        make(((1.0, 3.0), (4.0, 0.0)))


def test_a_quantile_that_was_not_asked_for_is_an_error_not_a_guess():
    with pytest.raises(ParameterError, match=r"no quantile 0\.5"):
        make().quantile(0.5)


@given(st.floats(1, 99.9))
def test_interval_of_a_level_holds_that_share(level):
    low, high = interval_quantiles(level)
    assert high - low == pytest.approx(level / 100, abs=1e-9)
    assert low + high == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("level", [0, 100, -5, 180])
def test_level_outside_percent_is_refused(level):
    with pytest.raises(ParameterError, match="level="):
        interval_quantiles(level)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_a_level_given_as_a_share_is_refused_and_not_taken_for_less_than_one_percent(level):
    with pytest.raises(ParameterError, match=r"in percent: 80, not 0\.8"):
        interval_quantiles(level)


def test_levels_and_quantiles_are_merged_in_order():
    assert quantile_levels([80, 50], [0.5, 0.9]).tolist() == [0.1, 0.25, 0.5, 0.75, 0.9]


def shown(n_series=1, horizon=2, levels=(0.1, 0.5, 0.9), freq="MS", name="a"):
    mean = np.arange(1.0, n_series * horizon + 1).reshape(n_series, horizon)
    quantiles = mean[:, :, None] + np.array(levels)
    ids = pd.Index([f"{name}{i}" if n_series > 1 else name for i in range(n_series)])
    cutoff = pd.DatetimeIndex(["2024-01-01"] * n_series)
    return Forecast(mean, quantiles, np.array(levels), ids, cutoff, pd.tseries.frequencies.to_offset(freq))


def test_a_forecast_is_read_as_a_table_with_what_it_is_above():
    lines = str(shown()).splitlines()
    assert lines[0] == "Forecast of a, 2 steps after 2024-01-01"
    assert lines[1].split() == ["unique_id", "ds", "mean", "lo-80", "hi-80", "q0.5"]
    assert len(lines) == 4 and repr(shown()) == str(shown())


def test_a_long_forecast_shows_its_beginning_and_tells_how_many_rows_follow():
    lines = str(shown(n_series=1000, horizon=24)).splitlines()
    assert lines[0] == "Forecast of 1,000 series, 24 steps after 2024-01-01"
    assert len(lines) == 2 + 12 + 1 and lines[-1] == "… and 23,988 more rows: to_frame() has all."
    assert "more rows" not in str(shown(n_series=4, horizon=3))


def test_a_notebook_shows_a_table_with_names_that_are_no_markup():
    page = shown(name="<b>R&D</b>")._repr_html_()
    assert "<table" in page and "<b>" not in page and "R&amp;D" in page
    assert "more rows" in shown(horizon=30)._repr_html_() and "more rows" not in page


def test_quantiles_that_are_no_ends_of_an_interval_are_shown_as_they_are():
    header = str(shown(levels=(0.2, 0.5, 0.95))).splitlines()[1].split()
    assert header == ["unique_id", "ds", "mean", "q0.2", "q0.5", "q0.95"]
    assert str(shown(levels=())).splitlines()[1].split() == ["unique_id", "ds", "mean"]
