"""The compiled recurrences against the written-out ones, against torch's layers, and against themselves."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tsforecast.models.neural.networks.stock import cells, compiled_layer, compiled_run
from tsforecast.models.neural.networks.stock.compiled_run import Weights

cell_names = st.sampled_from(["rnn", "lstm", "gru"])
every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def case(cell, n_members, n_steps, n_streams, hidden_size, seed=0, dtype=torch.float64, share=0.3):
    """Arguments of `cells.run`; about ``share`` of the steps begin a new series."""
    generator = torch.Generator().manual_seed(seed)
    n_gates, n_parts = cells.SIZES[cell]

    def leaf(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()

    keep = (torch.rand(n_members, n_steps, n_streams, 1, generator=generator) >= share).to(dtype)
    weight = torch.randn(n_members, hidden_size, n_gates * hidden_size, generator=generator, dtype=torch.float64)
    weight = (0.5 * weight / hidden_size**0.5).to(dtype).requires_grad_()
    gates = leaf(n_members, n_steps, n_streams, n_gates * hidden_size)
    state = leaf(n_parts, n_members, n_streams, hidden_size)
    return gates, weight, leaf(n_members, 1, hidden_size), state, keep


def run(cell, projected, weight, bias, state, keep):
    """The compiled layer with the signature of `cells.run`: its input is the gates, projected by the identity."""
    n_members, size = projected.shape[0], projected.shape[3]
    identity = torch.eye(size, dtype=projected.dtype).expand(n_members, -1, -1)
    nothing = projected.new_zeros(n_members, 1, size)
    return compiled_layer.run_layer(cell, projected, Weights(identity, nothing, weight, bias), state, keep)


def results(run, cell, arguments):
    """Outputs, last state and the gradients of a loss of both, by every argument that has one."""
    hs, after = run(cell, *arguments)
    generator = torch.Generator().manual_seed(1)
    pull = [torch.randn(t.shape, generator=generator, dtype=torch.float64).to(t.dtype) for t in (hs, after)]
    leaves = [a for a in arguments if a.requires_grad and (cell == "gru" or a is not arguments[2])]
    loss = (hs * pull[0]).sum() + (after * pull[1]).sum()
    return [hs.detach(), after.detach(), *torch.autograd.grad(loss, leaves)]


def assert_close(actual, expected, tolerance):
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


@given(cell_names, st.integers(1, 3), st.integers(1, 6), st.integers(1, 40), st.integers(1, 20), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_outputs_and_gradients_are_those_of_the_written_out_recurrence(cell, n_members, n_steps, n_streams, size, seed):
    arguments = case(cell, n_members, n_steps, n_streams, size, seed)
    # rounding of a float64 through a few dozen sums
    assert_close(results(run, cell, arguments), results(cells.run, cell, arguments), 1e-11)


def layer_case(cell, n_shared, n_members, n_inputs, dtype=torch.float64):
    gates, recurrent, candidate, state, keep = case(cell, n_members, 6, 5, 7, dtype=dtype)
    generator = torch.Generator().manual_seed(2)
    shapes = (n_shared, 6, 5, n_inputs), (n_members, n_inputs, gates.shape[3]), (n_members, 1, gates.shape[3])
    x, projection, bias = (torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes)
    leaves = [leaf.requires_grad_() for leaf in (x, projection, bias)]
    return leaves[0], Weights(leaves[1], leaves[2], recurrent, candidate), state, keep


@every_cell
@pytest.mark.parametrize(("n_shared", "n_members"), [(1, 1), (1, 3), (3, 3)])
@pytest.mark.parametrize("n_inputs", [1, 20])
def test_a_layer_is_its_projection_and_the_recurrence(cell, n_shared, n_members, n_inputs):
    x, weights, state, keep = layer_case(cell, n_shared, n_members, n_inputs)
    leaves = [x, *(weights if cell == "gru" else weights[:3]), state]
    output = compiled_layer.run_layer(cell, x, weights, state, keep)
    projected = x @ weights.projection[:, None] + weights.projection_bias[:, None]
    expected = cells.run(cell, projected, weights.recurrent, weights.candidate_bias, state, keep)
    assert_close(output, expected, 1e-12)
    slopes, expected_slopes = (
        torch.autograd.grad((hs**2).sum() + after.sin().sum(), leaves) for hs, after in (output, expected)
    )
    assert_close(slopes, expected_slopes, 1e-11)


@every_cell
def test_gradients_of_a_layer_are_difference_quotients(cell):
    x, weights, state, keep = layer_case(cell, 1, 2, 2)
    assert torch.autograd.gradcheck(
        lambda x, *rest: compiled_layer.run_layer(cell, x, Weights(*rest[:4]), rest[4], keep),
        (x, *weights, state),
        atol=1e-6,
    )


@every_cell
@pytest.mark.parametrize("sizes", [(1, 48, 32, 64), (4, 12, 7, 48), (1, 100, 1, 33)])
def test_in_float32_outputs_and_gradients_agree_to_a_hundred_thousandth(cell, sizes):
    arguments = case(cell, *sizes, dtype=torch.float32, share=0.05)
    actual, expected = results(run, cell, arguments), results(cells.run, cell, arguments)
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == torch.float32
        assert (one - other).abs().max() <= 1e-5 * max(1.0, float(other.abs().max()))


@every_cell
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_gradients_are_difference_quotients(cell, share):
    gates, weight, bias, state, keep = case(cell, 2, 3, 2, 3, share=share)
    assert torch.autograd.gradcheck(lambda *leaves: run(cell, *leaves, keep), (gates, weight, bias, state), atol=1e-7)


@every_cell
def test_a_series_after_a_reset_is_computed_as_if_it_were_alone(cell):
    gates, weight, bias, state, keep = case(cell, 2, 9, 3, 5, share=0.0)
    keep[:, 4] = 0
    hs, after = run(cell, gates, weight, bias, state, keep)
    first, _ = run(cell, gates[:, :4], weight, bias, state, keep[:, :4])
    second, last = run(cell, gates[:, 4:], weight, bias, torch.zeros_like(state), torch.ones_like(keep[:, 4:]))
    torch.testing.assert_close(hs, torch.cat([first, second], dim=1), rtol=0, atol=1e-14)
    torch.testing.assert_close(after, last, rtol=0, atol=1e-14)


@every_cell
def test_no_gradient_passes_a_reset(cell):
    gates, weight, bias, state, keep = case(cell, 1, 6, 2, 4, share=0.0)
    keep[:, 3, 0] = 0  # stream 0 only
    hs, _ = run(cell, gates, weight, bias, state, keep)
    dgates, dstate = torch.autograd.grad(hs[:, 5].sum(), (gates, state))
    assert (dgates[:, :3, 0] == 0).all()
    assert (dstate[:, :, 0] == 0).all()
    assert (dgates[:, :3, 1] != 0).any()
    assert (dstate[:, :, 1] != 0).any()


@every_cell
def test_what_was_nan_before_a_reset_is_forgotten(cell):
    gates, weight, bias, state, keep = case(cell, 1, 4, 2, 3, share=0.0)
    keep[:, 0] = 0
    hs, _ = run(cell, gates, weight, bias, torch.full_like(state, torch.nan), keep)
    assert torch.isfinite(hs).all()


@every_cell
def test_nan_in_the_gates_reaches_the_output(cell):
    gates, weight, bias, state, keep = case(cell, 1, 4, 2, 3, dtype=torch.float32, share=0.0)
    gates = gates.detach().clone()
    gates[0, 2, 1] = torch.nan
    hs, _ = run(cell, gates, weight, bias, state, keep)
    assert torch.isnan(hs[0, 2:, 1]).all()
    assert torch.isfinite(hs[0, :, 0]).all()


@every_cell
def test_chunks_with_the_state_carried_are_the_whole(cell):
    gates, weight, bias, state, keep = case(cell, 2, 10, 3, 4)
    whole, last = run(cell, gates, weight, bias, state, keep)
    first, between = run(cell, gates[:, :7], weight, bias, state, keep[:, :7])
    second, after = run(cell, gates[:, 7:], weight, bias, between, keep[:, 7:])
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-14)
    torch.testing.assert_close(after, last, rtol=0, atol=1e-14)


@every_cell
def test_members_side_by_side_are_members_alone(cell):
    gates, weight, bias, state, keep = arguments = case(cell, 3, 5, 4, 8, dtype=torch.float32)
    together = results(run, cell, arguments)
    hs, after = run(cell, gates[1:2], weight[1:2], bias[1:2], state[:, 1:2], keep[1:2])
    assert torch.equal(hs, together[0][1:2])
    assert torch.equal(after, together[1][:, 1:2])


@every_cell
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_repetition_is_identical_to_the_bit(cell, n_threads, threads):
    threads(n_threads)
    arguments = case(cell, 2, 20, 33, 24, dtype=torch.float32)
    for one, other in zip(results(run, cell, arguments), results(run, cell, arguments), strict=True):
        assert torch.equal(one, other)


@every_cell
@pytest.mark.parametrize("sizes", [(1, 6, 9, 8), (5, 6, 2, 8), (1, 6, 1, 8), (2, 6, 1, 8)])
def test_threads_share_the_work_and_change_nothing(cell, sizes, threads):
    arguments = case(cell, *sizes)
    alone = results(run, cell, arguments)
    threads(4)
    assert_close(results(run, cell, arguments), alone, 1e-13)
    assert torch.get_num_threads() == 4


@pytest.fixture
def threads(monkeypatch):
    """Sets torch's number of threads for a test, and takes every chunk for long enough to share."""
    before = torch.get_num_threads()
    monkeypatch.setattr(compiled_run, "_WORTH_A_THREAD", 1)
    yield torch.set_num_threads
    torch.set_num_threads(before)


@every_cell
def test_a_second_derivative_is_refused(cell):
    gates, weight, bias, state, keep = case(cell, 1, 3, 2, 3)
    hs, _ = run(cell, gates, weight, bias, state, keep)
    (slope,) = torch.autograd.grad((hs**2).sum(), gates, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@every_cell
def test_arguments_come_back_unchanged_and_backward_can_be_repeated(cell):
    arguments = case(cell, 1, 4, 3, 5)
    copies = [a.detach().clone() for a in arguments]
    hs, _ = run(cell, *arguments)
    first = torch.autograd.grad(hs.sum(), arguments[:2], retain_graph=True)
    second = torch.autograd.grad(hs.sum(), arguments[:2])
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(arguments, copies, strict=True))


@every_cell
def test_arguments_need_not_be_contiguous(cell):
    gates, weight, bias, state, keep = arguments = case(cell, 2, 5, 3, 4)
    strided = [a.detach().transpose(1, 2).contiguous().transpose(1, 2) for a in (gates, weight, bias, state)]
    hs, after = run(cell, *strided, keep)
    expected, last = run(cell, *arguments)
    assert torch.equal(hs, expected)
    assert torch.equal(after, last)


@every_cell
def test_a_layer_in_another_dtype_is_computed_by_the_written_out_recurrence(cell):
    x, weights, state, keep = layer_case(cell, 1, 2, 3, dtype=torch.bfloat16)
    hs, _ = compiled_layer.run_layer(cell, x, weights, state, keep)
    exact, _ = compiled_layer.run_layer(
        cell, x.float(), Weights(*(w.float() for w in weights)), state.float(), keep.float()
    )
    assert hs.dtype == torch.bfloat16
    torch.testing.assert_close(hs.float(), exact, rtol=0.1, atol=0.1)  # bfloat16 has three digits


@every_cell
def test_a_layer_keeps_its_precision_under_autocast(cell):
    x, weights, state, keep = layer_case(cell, 1, 2, 3, dtype=torch.float32)
    leaves = [x, *weights[:3], state]

    def slopes():
        hs, after = compiled_layer.run_layer(cell, x, weights, state, keep)
        return torch.autograd.grad((hs**2).sum() + after.sin().sum(), leaves)

    plain = slopes()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = slopes()
    assert all(torch.equal(one, other) for one, other in zip(plain, mixed, strict=True))


def test_only_float_gates_on_a_processor_are_supported():
    assert compiled_layer.supports(torch.zeros(1))
    assert compiled_layer.supports(torch.zeros(1, dtype=torch.float64))
    assert not compiled_layer.supports(torch.zeros(1, dtype=torch.bfloat16))
    assert not compiled_layer.supports(torch.zeros(1, device="meta"))
