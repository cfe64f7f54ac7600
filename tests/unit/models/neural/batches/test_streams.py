"""Packing of series into streams, and the chunks of an epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tsforecast.models.neural.batches.streams import (
    ChunkLoader,
    TrainingRows,
    WindowLoader,
    cut,
    n_streams_for,
    pack,
    tables_of,
)

lengths_of = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def loader_of(lengths, *, n_streams=2, bptt_length=4, seed=0, **options):
    lengths = np.array(lengths)
    n = int(lengths.sum())
    x, target = np.arange(n, dtype=float)[:, None], np.ones((n, 1))
    every = TrainingRows(x, target, np.ones(n), np.ones(1))
    table, _ = tables_of(every, np.zeros_like(lengths), lengths, torch.float64)
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return ChunkLoader(table, first, lengths, n_streams=n_streams, bptt_length=bptt_length, seed=seed, **options)


@given(lengths=lengths_of, most=st.integers(1, 8), seed=st.integers(0, 9))
def test_every_observation_is_in_one_stream_once_and_series_are_whole(lengths, most, seed):
    lengths = np.array(lengths)
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    n, n_streams = int(lengths.sum()), n_streams_for(lengths, most)
    streams = pack(first, lengths, n_streams, n, np.random.default_rng(seed))
    held = streams.rows[streams.rows < n]
    assert sorted(held.tolist()) == list(range(n))
    begins = np.isin(streams.rows, first)
    np.testing.assert_array_equal(streams.reset, begins)
    inside = (streams.rows[1:] < n) & ~begins[1:]
    np.testing.assert_array_equal(streams.rows[1:][inside], streams.rows[:-1][inside] + 1)


@given(lengths=lengths_of, most=st.integers(1, 8))
def test_no_stream_is_longer_than_the_bound_of_graham(lengths, most):
    lengths = np.array(lengths)
    n_streams = n_streams_for(lengths, most)
    streams = pack(np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths, n_streams, int(lengths.sum()))
    assert streams.rows.shape[0] <= lengths.sum() / n_streams + lengths.max()
    best = max(lengths.max(), -(-lengths.sum() // n_streams))  # no packing can be shorter
    assert streams.rows.shape[0] <= max(lengths.max(), (4 / 3) * 2 * best)


@given(n=st.integers(1, 200), bptt_length=st.integers(1, 50), phase=st.integers(0, 50))
def test_chunks_cover_a_stream_without_overlap(n, bptt_length, phase):
    slices = cut(n, bptt_length, min(phase, bptt_length))
    assert [t for steps in slices for t in range(steps.start, steps.stop)] == list(range(n))
    assert all(steps.stop - steps.start <= bptt_length for steps in slices)


def test_an_epoch_is_a_function_of_seed_and_epoch():
    def rows(loader, epoch):
        loader.set_epoch(epoch)
        return [chunk.rows.tolist() for chunk in loader]

    one, other = loader_of([5, 9, 3, 7]), loader_of([5, 9, 3, 7])
    assert rows(one, 0) == rows(other, 0)
    rows(other, 1)
    assert rows(one, 3) == rows(other, 3)
    assert rows(one, 0) != rows(one, 1)
    assert rows(loader_of([5, 9, 3, 7], seed=1), 0) != rows(one, 0)


def test_padding_weighs_nothing():
    chunks = list(loader_of([5, 9, 3, 7]))
    assert sum(float(chunk.weight.sum()) for chunk in chunks) == 24 - 4  # the last of each series has no target


def test_a_target_in_the_tail_is_for_validation_and_not_for_training():
    lengths, n_kept = np.array([6, 4]), np.array([2, 1])
    target = np.full((10, 2), 7.0)
    target[[5, 9], 0] = target[[4, 5, 8, 9], 1] = target[1, 0] = np.nan  # past the end, and one missing value
    training, validation = tables_of(
        TrainingRows(np.zeros((10, 1)), target, np.ones(10), np.ones(1)), n_kept, lengths, torch.float64
    )
    ahead = np.concatenate([np.arange(6), np.arange(4)])[:, None] + [1, 2]
    in_tail = ahead >= np.repeat([4, 3], [6, 4])[:, None]
    np.testing.assert_array_equal(training.weight[:-1].numpy(), ~np.isnan(target) & ~in_tail)
    np.testing.assert_array_equal(validation.weight[:-1].numpy(), ~np.isnan(target) & in_tail)
    assert torch.isfinite(training.target).all()


@pytest.mark.parametrize(("lengths", "expected"), [([100, 50, 50], 2), ([10] * 100, 32), ([144], 1)])
def test_number_of_streams_leaves_little_padding(lengths, expected):
    assert n_streams_for(np.array(lengths), 32) == expected


def test_windows_are_whole_stretches_of_one_series_that_begin_with_a_reset():
    lengths = np.array([5, 9, 3])
    whole = loader_of(lengths)
    loader = WindowLoader(whole.table, whole.first, lengths, n_windows=50, window_length=4, n_chunks=2, seed=0)
    chunks = list(loader)
    assert len(chunks) == 2
    of = np.append(np.repeat([0, 1, 2], lengths), -1)
    for chunk in chunks:
        for rows, reset in zip(chunk.rows[0].T.numpy(), chunk.reset[0].T.numpy(), strict=True):
            held = rows[rows < 17]
            assert (np.diff(held) == 1).all()
            assert len(set(of[held])) == 1
            assert held.size == 4 or held[0] in whole.first  # shorter only where the series begins
            assert reset.tolist() == [row == held[0] for row in rows]
        assert (chunk.weight[:, :-1] == 0).all()
    assert {int(row) for chunk in chunks for row in chunk.rows[0, -1]} == set(range(17))
    assert (whole.table.weight[:17].sum() == 14).all()  # drawing windows leaves the table as it was


@given(lengths=lengths_of, n_shares=st.integers(1, 4), epoch=st.integers(0, 3))
def test_shares_hold_every_observation_once_in_as_many_chunks_each(lengths, n_shares, epoch):
    loaders = [loader_of(lengths, share=(k, n_shares)) for k in range(n_shares)]
    epochs = []
    for loader in loaders:
        loader.set_epoch(epoch)
        epochs.append(list(loader))
    assert len({len(chunks) for chunks in epochs}) == 1
    assert len({loader.n_chunks for loader in loaders}) == 1
    rows = torch.cat([chunk.rows.flatten() for chunks in epochs for chunk in chunks])
    assert sorted(rows[rows < sum(lengths)].tolist()) == list(range(sum(lengths)))


def test_a_chunk_names_the_series_of_every_step_and_padding_has_none():
    lengths = [5, 9, 3, 7]
    of = np.append(np.repeat(range(4), lengths), -1)
    chunks = list(loader_of(lengths, n_streams=3))
    for chunk in chunks:
        np.testing.assert_array_equal(chunk.series, of[chunk.rows])
    assert any((chunk.series == -1).any() for chunk in chunks)
