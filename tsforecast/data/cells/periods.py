"""Tells columns of periods, which pandas writes to Parquet files, from others."""

import pyarrow as pa


def is_period(kind: pa.DataType) -> bool:
    """Whether a type is that of periods written by pandas.

    Examples
    --------
    >>> is_period(pa.int64())
    False
    """
    return isinstance(kind, pa.ExtensionType) and kind.extension_name == "pandas.period"
