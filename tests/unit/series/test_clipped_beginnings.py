"""Every beginning of a series is clipped as it is alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast import Panel
from tsforecast.series.clipped_beginnings import clipped_beginnings
from tsforecast.series.outliers import clip_outliers


@settings(max_examples=30, deadline=None, derandomize=True)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3]), st.sampled_from([0.0, 0.2]), st.integers(6, 130))
def test_what_lies_before_a_row_is_the_beginning_clipped_alone(seed, n_outliers, gaps, n_obs):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 6, size=(n_obs, 2)).astype(float) if seed % 3 == 0 else rng.normal(size=(n_obs, 2))
    y[rng.integers(0, n_obs, n_outliers), rng.integers(0, 2, n_outliers)] *= 10.0 ** rng.integers(2, 5, n_outliers)
    y[1:-1][rng.random((n_obs - 2, 2)) < gaps] = np.nan
    panel = Panel.from_array(y)
    seen = np.zeros(panel.n_obs, dtype=int)
    for part, rows, of in clipped_beginnings(panel):
        for row, own in zip(rows.tolist(), of.tolist(), strict=True):
            i, j = np.searchsorted(panel.indptr, own, "right") - 1, np.searchsorted(part.indptr, row, "right") - 1
            t = own - panel.indptr[i]
            assert (part.ids[j], row - part.indptr[j]) == (panel.ids[i], t)
            if t:
                alone = clip_outliers(panel.take([i]).slice(np.array([0]), np.array([t]))).values
                np.testing.assert_array_equal(part.series(j)[:t], alone)
        seen[of] += 1
    assert (seen == 1).all()
