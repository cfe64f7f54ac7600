"""sktime's own checks of a forecaster, on ours: `make examiners` runs them, in an environment of their own."""

import pytest
from sktime.utils.estimator_checks import check_estimator
from sktime_view import SktimeView

# Checks that do not apply, with the reason for each.
EXEMPT = {
    "test_class_has_doctest_example": "the view is a test, no class that anybody uses",
    "test_doctest_examples": "the same",
}


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")  # sktime warns of its own changes to come
def test_sktime_finds_no_fault():
    found = check_estimator(SktimeView, tests_to_exclude=list(EXEMPT), verbose=False)
    faults = {name: str(outcome) for name, outcome in found.items() if outcome != "PASSED"}
    assert len(found) > 500
    assert not faults, faults
