"""The YAML reader refuses texts that are ambiguous, endless, too large or construct objects."""

import os

import pytest

from tsforecast._yaml import parse_yaml, read_yaml
from tsforecast.exceptions import DataError, MissingFileError

BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", "'a' stands twice"),
        ("{1: 2, 1.0: 3}", "stands twice"),
        ("a: {b: [1], b: 2}", "line 1"),
        ("? yes\n: 1\n? true\n: 2", "stands twice"),
        ("&a [*a]", "refers to itself"),
        ("a: &a {b: *a}", "refers to itself"),
        (BOMB, "30000 values"),
        ("[" * 100_000, "nested deeper"),
        ("{" * 100_000, "nested deeper"),
        ("- " * 300 + "x", "nested deeper"),
        ("[" + "1," * 60_000 + "]", "30000 values"),
        ("x" * 400_000, "too long"),
        ("a: !!python/object/apply:os.system ['true']", "no YAML that can be used"),
        ("a: !!python/name:os.system", "no YAML that can be used"),
        ("!!timestamp x", "cannot be read"),
        ("a: 2001-99-99", "cannot be read"),
        ("a: " + "9" * 5000, "cannot be read"),
        ("? [1]\n: 2", "no YAML that can be used"),
        ("---\na\n---\nb", "no YAML that can be used"),
        ("\x00", "no YAML that can be used"),
        ("a: [1", "no YAML that can be used"),
        ("*nobody", "no YAML that can be used"),
    ],
    ids=range(22),
)
def test_what_cannot_be_read_safely_is_refused(text, told):
    with pytest.raises(DataError, match=told):
        parse_yaml(text)


def test_anchors_and_merges_in_measure_are_read():
    assert parse_yaml("base: &b {a: 1}\nc:\n  <<: *b\n  a: 3\nd: [*b, *b]") == {
        "base": {"a": 1}, "c": {"a": 3}, "d": [{"a": 1}] * 2,
    }  # fmt: skip
    assert parse_yaml("") is None


def test_what_is_no_file_of_text_is_refused_and_never_waited_for(tmp_path):
    with pytest.raises(MissingFileError):
        read_yaml(tmp_path / "none.yaml")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero", tmp_path / "binary", "a\0b"):
        with pytest.raises((DataError, MissingFileError)):
            read_yaml(path)
