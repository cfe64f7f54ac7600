"""Products of matrices whose rows are whole vectors, cut to tiles so small that their results stay in registers."""

# numba's own modules are typed in part only:
# mypy: disable-error-code="no-untyped-call,attr-defined,untyped-decorator,import-untyped"

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba.core import types
from numba.core.typing.templates import Signature
from numba.extending import overload

from tsforecast.kernels._jit import njit
from tsforecast.kernels._simd import (
    CONTRACT,
    INDEX,
    VectorType,
    check,
    compiled,
    lanes,
    load,
    pointer,
    spread,
    vector_at,
)
from tsforecast.kernels._simd import store as store_vector

_WIDE = 4 if get_host_cpu_features().get("avx512f", False) else 1  # rows of a tile of four vectors, as registers allow
_ROWS_OF_A_TILE = {1: 4, 2: 2 * _WIDE, 3: _WIDE, 4: _WIDE}  # by its vectors a row


class Factors(NamedTuple):
    """Where a matrix lies in a flat array, whose numbers are read one by one."""

    at: int  # place of [0, 0]
    row: int  # numbers from one row to the next
    column: int  # and from one column to the next


class Rows(NamedTuple):
    """Where a matrix lies in a flat array, whose rows are read, or written, in whole vectors."""

    at: int  # place of [0, 0]
    row: int  # numbers from one row to the next; 0 where all rows are one


class Places(NamedTuple):
    """Where the matrices of a product ``out = start + a b`` lie, each in its array.

    The arrays are not in it: numba would count references to them at each call, which takes longer than small products.
    """

    n_inner: int  # columns of a and rows of b
    a: Factors
    b: Rows
    start: Rows
    out: Rows


def product(n_rows: int, n_vectors: int, places: Places, a: Any, b: Any, start: Any, out: Any) -> None:
    """Set ``out`` to ``start + a b``, in rows of 1 to 4 vectors.

    Each number is summed up in the order of the inner index and does not depend on the others.

    Parameters
    ----------
    n_rows : int
    n_vectors : int
        Vectors of a row, a constant: for each number of them this is compiled apart.
    places : Places
    a, b, start, out : ndarray, flat
        ``start`` may be ``out``.
    """
    tile(n_rows, n_vectors, places, a, b, start, out)


@overload(product, prefer_literal=True)
def _compiled_product(
    n_rows: Any, n_vectors: Any, places: Any, a: Any, b: Any, start: Any, out: Any
) -> Callable[..., None] | None:
    if not isinstance(n_vectors, types.IntegerLiteral):
        return None
    width = n_vectors.literal_value
    together = _ROWS_OF_A_TILE[width]

    def by_tiles(n_rows: Any, n_vectors: Any, places: Any, a: Any, b: Any, start: Any, out: Any) -> None:
        whole = n_rows - n_rows % together
        for r in range(0, whole, together):
            tile(together, width, _from_row(places, r), a, b, start, out)
        for r in range(whole, n_rows):
            tile(1, width, _from_row(places, r), a, b, start, out)

    return by_tiles


@njit
def _from_row(places: Places, r: int) -> Places:
    """The product without its first r rows."""
    a, start, out = places.a, places.start, places.out
    return Places(
        places.n_inner,
        Factors(a.at + r * a.row, a.row, a.column),
        places.b,
        Rows(start.at + r * start.row, start.row),
        Rows(out.at + r * out.row, out.row),
    )


@njit
def add_product(n_rows: int, n_columns: int, places: Places, a: Any, b: Any, out: Any) -> None:
    """Add ``a b`` to ``out``, in rows of any number of whole vectors, ``n_columns`` numbers; ``start`` is not read."""
    width = lanes(out)
    whole, pairs = n_columns - n_columns % (4 * width), n_columns - n_columns % (2 * width)
    for v in range(0, whole, 4 * width):
        product(n_rows, 4, _from_column(places, v), a, b, out, out)
    for v in range(whole, pairs, 2 * width):
        product(n_rows, 2, _from_column(places, v), a, b, out, out)
    for v in range(pairs, n_columns, width):
        product(n_rows, 1, _from_column(places, v), a, b, out, out)


@njit
def _from_column(places: Places, v: int) -> Places:
    """The product added to ``out``, without its first v columns."""
    own = Rows(places.out.at + v, places.out.row)
    return Places(places.n_inner, places.a, Rows(places.b.at + v, places.b.row), own, own)


class _Place(NamedTuple):
    """A matrix in LLVM's words: where its array begins, its place and its steps."""

    begin: Any
    at: Any
    row: Any
    column: Any


def _place(context: Any, builder: Any, kind: Any, value: Any, begin: Any) -> _Place:
    steps = [
        context.cast(builder, builder.extract_value(value, k), kind.types[k], types.int64)
        for k in range(len(kind.types))
    ]
    return _Place(begin, *steps, *[ir.Constant(INDEX, 1)] * (3 - len(steps)))


def _build_tile(typingctx: Any, n_rows: Any, n_vectors: Any, places: Any, a: Any, b: Any, start: Any, out: Any) -> Any:
    kind = VectorType(out.dtype)
    shape = (n_rows.literal_value, n_vectors.literal_value)

    def lower(context: Any, builder: Any, sig: Signature, args: tuple[Any, ...]) -> Any:
        kinds, fields = sig.args[2].types, [builder.extract_value(args[2], k) for k in range(5)]
        inner = context.cast(builder, fields[0], kinds[0], types.int64)
        begins = [pointer(context, builder, sig.args[k], args[k]) for k in range(3, 7)]
        own = [_place(context, builder, kinds[k], fields[k], begins[k - 1]) for k in range(1, 5)]
        for k, last in enumerate(_last_places(builder, kind, shape, inner, own), start=3):
            check(context, builder, sig.args[k], args[k], last)
        _multiply(builder, kind, shape, inner, own)
        return context.get_dummy_value()

    return types.void(n_rows, n_vectors, places, a, b, start, out), lower


def _moved(builder: Any, begin: Any, step: Any, count: int) -> Any:
    return builder.add(begin, builder.mul(step, ir.Constant(INDEX, count)))


def _last_places(
    builder: Any, kind: VectorType, shape: tuple[int, int], n_inner: Any, places: list[_Place]
) -> list[Any]:
    """The last places of its arrays that `tile` touches; the first of a and b where it touches none."""
    a, b, start, out = places
    nothing, width = ir.Constant(INDEX, 0), ir.Constant(INDEX, shape[1] * kind.n_lanes - 1)
    some = builder.icmp_signed(">", n_inner, nothing)
    steps = builder.sub(n_inner, ir.Constant(INDEX, 1))
    last_a = builder.add(_moved(builder, a.at, a.row, shape[0] - 1), builder.mul(a.column, steps))
    last_b = builder.add(builder.add(b.at, builder.mul(b.row, steps)), width)
    last = [builder.add(_moved(builder, rows.at, rows.row, shape[0] - 1), width) for rows in (start, out)]
    return [builder.select(some, last_a, nothing), builder.select(some, last_b, nothing), *last]


def _multiply(builder: Any, kind: VectorType, shape: tuple[int, int], n_inner: Any, places: list[_Place]) -> None:
    """The instructions of `tile`."""
    a, b, start, out = places
    cells = [(r, v) for r in range(shape[0]) for v in range(shape[1])]

    def column(begin: Any, v: int) -> Any:
        return builder.add(begin, ir.Constant(INDEX, v * kind.n_lanes))

    def address(rows: _Place, cell: tuple[int, int]) -> Any:
        return vector_at(builder, rows.begin, column(_moved(builder, rows.at, rows.row, cell[0]), cell[1]), kind)

    first = {cell: load(builder, address(start, cell), kind) for cell in cells}
    factor_rows = [builder.gep(a.begin, [_moved(builder, a.at, a.row, r)]) for r in range(shape[0])]
    before = builder.basic_block
    head, body, done = (builder.append_basic_block(name) for name in ("tile.head", "tile.body", "tile.done"))
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(INDEX)
    sums = {cell: builder.phi(kind.vector) for cell in cells}
    k.add_incoming(ir.Constant(INDEX, 0), before)
    for cell in cells:
        sums[cell].add_incoming(first[cell], before)
    builder.cbranch(builder.icmp_signed("<", k, n_inner), body, done)
    builder.position_at_end(body)
    at, step = builder.add(b.at, builder.mul(k, b.row)), builder.mul(k, a.column)
    columns = [load(builder, vector_at(builder, b.begin, column(at, v), kind), kind) for v in range(shape[1])]
    factors = [spread(builder, kind, builder.load(builder.gep(row, [step]))) for row in factor_rows]
    for r, v in cells:
        term = builder.fmul(factors[r], columns[v], flags=CONTRACT)
        sums[r, v].add_incoming(builder.fadd(sums[r, v], term, flags=CONTRACT), body)
    k.add_incoming(builder.add(k, ir.Constant(INDEX, 1)), body)
    builder.branch(head)
    builder.position_at_end(done)
    for cell in cells:
        store_vector(builder, sums[cell], address(out, cell), kind)


@compiled(_build_tile, prefer_literal=True)
def tile(n_rows: int, n_vectors: int, places: Places, a: Any, b: Any, start: Any, out: Any) -> None:
    """`product` with its rows a constant, too: all sums stay in registers."""
    n_inner, of_a, of_b, of_start, of_out = places
    width = n_vectors * lanes(out)
    for r in range(n_rows):
        total = start[of_start.at + r * of_start.row :][:width].copy()
        for k in range(n_inner):
            total += a[of_a.at + r * of_a.row + k * of_a.column] * b[of_b.at + k * of_b.row :][:width]
        out[of_out.at + r * of_out.row :][:width] = total
