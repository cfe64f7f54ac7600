"""Options that are misspelt, of another type or out of range are refused, whatever they would have been taken for."""

import dataclasses

import pytest

from tsforecast.exceptions import ParameterError
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.prepare.preparation import Preparation


@pytest.mark.parametrize("group", [Training, Decoding, Preparation])
@pytest.mark.parametrize("value", ["Adam", b"last", -1, 1.5 + 0j, float("nan"), (), {}])
def test_no_field_takes_what_it_is_not(group, value):
    for field in dataclasses.fields(group):
        with pytest.raises(ParameterError, match=f"^{field.name}="):
            group(**{field.name: value})


@pytest.mark.parametrize(
    ("group", "name"),
    [(Training, "kind"), (Training, "patience"), (Training, "refit"), (Decoding, "kind"), (Preparation, "level")],
)
def test_none_is_refused_where_it_means_nothing(group, name):
    with pytest.raises(ParameterError, match=f"{name}=None"):
        group(**{name: None})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "tbptt"}, "kind='tbptt' is none of 'bptt', 'windows'."),
        ({"max_steps": 2.5}, "max_steps=2.5 is not a whole number, at least 1 (or None)."),
        ({"batch_size": True}, "batch_size=True is not a whole number, at least 1."),
        ({"refit": 1}, "refit=1 is neither True nor False."),
        ({"gradient_clip_val": float("inf")}, "gradient_clip_val=inf is not a finite number, at least 0 (or None)."),
    ],
)
def test_message_says_what_is_needed(options, message):
    with pytest.raises(ParameterError) as error:
        Training(**options)
    assert str(error.value) == message
