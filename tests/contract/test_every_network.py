"""What every network promises, whatever it computes: one law a test, run for each network.

A new network is one line in `NETWORKS` of `networks.py`. Numbers are float64, so that nothing but the order of sums
tells two ways to the same result apart.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves

from tsforecast.models.neural.batches.chunk import UNKNOWN, Chunk
from tsforecast.models.neural.heads import head_of
from tsforecast.models.neural.networks.recurrent import RecurrentNetwork
from tsforecast.models.neural.networks.spec import NetworkSpec
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers
from tsforecast.models.neural.options import Decoding, Training
from tsforecast.models.neural.prepare.features import FeatureLayout
from tsforecast.models.neural.training.engines import CompiledEngine, GraphEngine, detached, engine_of
from tsforecast.models.neural.training.optimiser import one_cycle
from tsforecast.models.neural.training.quiet import quiet_torch
from tsforecast.models.neural.training.run import train

sys.path.insert(0, str(Path(__file__).parent))
from networks import CARRIED, NETWORKS, STOCK, WINDOWED, data_of, module_of, spec_of

sys.path.pop(0)

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
LAYOUT = FeatureLayout.plain(3, horizon=2, n_series=3)
N_STEPS, N_STREAMS, N_MEMBERS = 19, 3, 2


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def network_of(name, n_members=N_MEMBERS, layout=LAYOUT):
    """Members with weights of which none is zero, so that nothing is hidden by an output of zero."""
    network = spec_of(name).build(layout, 1, range(n_members)).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in [*network.parameters(), network.slopes, network.intercept]:
            weight.add_(torch.randn(weight.shape, generator=generator, dtype=torch.float64), alpha=0.3)
    return network


def alone(network, name, member, layout=LAYOUT):
    """One member as the plain network of its class that it is, outside of all wrappers."""
    kind, settings = NETWORKS[name]
    plain = kind(layout, 1, **settings).double()
    if name in STOCK:
        plain.layers = network.members.take(slice(member, member + 1))
    else:
        stacked = network.members.stacked.state_dict()
        plain.load_state_dict({key: value[member].clone() for key, value in stacked.items()})
    return plain


def chunk_of(resets=((0, 0), (0, 1), (0, 2), (7, 0), (11, 2)), seed=1):
    """A chunk of random inputs and targets; each reset, (step, stream), begins the next series."""
    generator = torch.Generator().manual_seed(seed)
    x, reset = torch.randn(1, N_STEPS, N_STREAMS, LAYOUT.input_size, generator=generator).double(), None
    reset = torch.zeros(1, N_STEPS, N_STREAMS, dtype=torch.bool)
    for step, stream in resets:
        reset[0, step, stream] = True
    series = (reset.cumsum(1) * N_STREAMS + torch.arange(N_STREAMS)) % 4 - 1  # -1 is one that is not known
    target = torch.randn(1, N_STEPS, N_STREAMS, LAYOUT.horizon, generator=generator).double()
    weight = torch.rand(1, N_STEPS, N_STREAMS, LAYOUT.horizon, generator=generator).double()
    rows = torch.arange(N_STEPS * N_STREAMS).view(1, N_STEPS, N_STREAMS)
    return Chunk(x, reset, series, target, weight, rows, torch.ones(1, N_STEPS, N_STREAMS).double())


def part_of(chunk, steps):
    return Chunk(*(part[:, steps] for part in chunk))


def streamed(network, chunk, cuts=()):
    """Outputs of a chunk that is given in parts, the state carried; and the state after."""
    state, outputs = network.initial_state(chunk.n_streams), []
    for begin, end in zip([0, *cuts], [*cuts, chunk.n_steps], strict=True):
        output, state = network(part_of(chunk, slice(begin, end)), state)
        outputs.append(output)
    return torch.cat(outputs, dim=1), state


@pytest.mark.parametrize("cuts", [(7,), (1, 2, 11), tuple(range(1, N_STEPS))])
def test_chunks_give_what_the_whole_gives(name, cuts):
    network, chunk = network_of(name), chunk_of()
    whole, after = streamed(network, chunk)
    parts, last = streamed(network, chunk, cuts)
    torch.testing.assert_close(parts, whole, **TIGHT)
    if name in CARRIED:  # of windows, what lies before a series began may differ in form
        for a, b in zip(tree_leaves(last), tree_leaves(after), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                torch.testing.assert_close(a, b, **TIGHT)


@pytest.mark.parametrize("name", CARRIED)
def test_the_gradient_of_one_chunk_is_that_of_backpropagation_through_all_steps(name):
    network, chunk = network_of(name), chunk_of()
    head, weights = head_of("mae"), list(network.parameters())
    outputs, _ = streamed(network, chunk, range(1, N_STEPS))  # step by step, nothing detached
    errors = (outputs[..., 0] - chunk.target).abs() * chunk.weight
    loss = errors.sum() / chunk.weight.sum() + network.members.penalty().sum()
    expected = torch.autograd.grad(loss, weights)
    engine = engine_of(head, network, Training(weight_decay=0.0, gradient_clip_val=None), None)
    losses, _ = engine.gradients(chunk, None, None)
    found = grads_of(engine, network)
    np.testing.assert_allclose(losses.sum(), loss.item(), rtol=1e-6)  # the graph's are reported in float32
    for (key, _), mine, theirs in zip(network.named_parameters(), found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, **TIGHT, msg=key)


def grads_of(engine, network):
    """Gradients by parameter; those of the compiled step lie in one row a member."""
    if isinstance(engine, GraphEngine):
        return [weight.grad for weight in network.parameters()]
    flat, at = engine.step.weights.grad, engine.step.weights.detach()
    found = []
    for weight in network.parameters():
        begin = (weight.data_ptr() - at.data_ptr()) // at.element_size()
        found.append(flat[:, begin : begin + weight[0].numel()].view(weight.shape))
    return found


@pytest.mark.parametrize("name", CARRIED)
def test_no_gradient_passes_a_cut(name):
    network, chunk = network_of(name), chunk_of()
    first, second = part_of(chunk, slice(0, 8)), part_of(chunk, slice(8, N_STEPS))
    first = first._replace(x=first.x.clone().requires_grad_())
    _, state = network(first, network.initial_state(N_STREAMS))
    state = detached(state)
    for leaf in tree_leaves(state):
        assert leaf is None or not leaf.requires_grad
    engine = engine_of(head_of("mae"), network, Training(weight_decay=0.0, gradient_clip_val=None), None)
    _, carried = engine.gradients(part_of(chunk, slice(0, 8)), None, None)
    for leaf in tree_leaves(carried):
        assert leaf is None or not leaf.requires_grad
    engine.gradients(second, carried, None)
    weights = list(network.parameters())
    output, _ = network(second, state)
    loss = ((output[..., 0] - second.target).abs() * second.weight).sum() / second.weight.sum()
    expected = torch.autograd.grad(loss + network.members.penalty().sum(), weights)
    for mine, theirs in zip(grads_of(engine, network), expected, strict=True):
        torch.testing.assert_close(mine, theirs, **TIGHT)
    assert first.x.grad is None


def test_neither_value_nor_gradient_passes_a_reset(name):
    network, chunk = network_of(name), chunk_of(resets=((0, 0), (0, 1), (0, 2), (7, 0), (7, 1), (7, 2)))
    chunk = chunk._replace(x=chunk.x.clone().requires_grad_())
    output, _ = streamed(network, chunk)
    (reached,) = torch.autograd.grad(output[:, 7:].square().sum(), chunk.x)
    assert not reached[0, :7].any()
    assert reached[0, 7:].any(dim=-1).all()
    other = chunk.x.detach().clone()
    other[:, :7] += 100.0
    torch.testing.assert_close(streamed(network, chunk._replace(x=other))[0][:, 7:], output[:, 7:], **TIGHT)


def test_a_reset_gives_the_initial_state(name):
    network = network_of(name)
    chunk = chunk_of(resets=((0, 0), (0, 1), (0, 2)))
    output, _ = network(chunk, network.initial_state(N_STREAMS))
    without = chunk._replace(reset=torch.zeros_like(chunk.reset))
    torch.testing.assert_close(network(without, network.initial_state(N_STREAMS))[0], output, **TIGHT)


@pytest.mark.parametrize("name", WINDOWED)
def test_an_output_of_a_window_depends_on_its_own_steps_alone(name):
    network, context = network_of(name), spec_of(name).context
    chunk = chunk_of(resets=((0, 0), (0, 1), (0, 2)))
    chunk = chunk._replace(x=chunk.x.clone().requires_grad_())
    output, _ = streamed(network, chunk, (5,))
    for step in {2, min(context, N_STEPS) - 1, 12, N_STEPS - 1}:
        (reached,) = torch.autograd.grad(output[:, step].square().sum(), chunk.x, retain_graph=True)
        first = max(step - context + 1, 0)
        inside = torch.zeros(N_STEPS, dtype=torch.bool)
        inside[first : step + 1] = True
        assert not reached[0, ~inside].any()
        assert reached[0, step].any()  # it may look back less far than it sees


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("cuts", [(), (3, 8)])
def test_streamed_windows_are_each_window_alone(name, cuts):
    network, chunk, context = network_of(name), chunk_of(), spec_of(name).context
    output, _ = streamed(network, chunk, cuts)
    for stream in range(N_STREAMS):
        begin = 0
        for step in range(N_STEPS):
            begin = step if chunk.reset[0, step, stream] else begin
            first = max(begin, step - context + 1)
            x = torch.zeros(1, context, 1, LAYOUT.input_size).double()  # what is before the series is zero
            reset, series = torch.zeros(1, context, 1).bool(), torch.full((1, context, 1), UNKNOWN)
            n = step + 1 - first
            x[0, -n:, 0], series[0, -n:, 0] = chunk.x[0, first : step + 1, stream], chunk.series[0, step, stream]
            reset[0, -n, 0] = True
            expected, _ = network(Chunk(x, reset, series))
            torch.testing.assert_close(output[:, step, stream], expected[:, -1, 0], **TIGHT)


def test_members_side_by_side_are_each_alone(name):
    network, chunk = network_of(name), chunk_of()
    if name in WINDOWED:
        chunk = part_of(chunk, slice(0, spec_of(name).context))
    output, _ = network(chunk, network.initial_state(N_STREAMS) if name in CARRIED else None)
    for member in range(N_MEMBERS):
        plain = alone(network, name, member)
        own = Chunk(*(part[0] for part in chunk))
        found, _ = plain(own, plain.initial_state(N_STREAMS))
        start = chunk.x[0] @ network.slopes[member] + network.intercept[member]
        torch.testing.assert_close(output[member], start.view_as(found) + found, **TIGHT)
        torch.testing.assert_close(network.members.penalty()[member], plain.penalty(), **TIGHT)


def test_each_member_is_drawn_from_its_own_seed(name):
    three = spec_of(name).build(LAYOUT, 1, [5, 6, 7])
    one = spec_of(name).build(LAYOUT, 1, [6])
    differ = False
    for a, b in zip(three.parameters(), one.parameters(), strict=True):
        assert torch.equal(a[1:2], b)
        differ = differ or not torch.equal(a[0], a[1])
    assert differ


def test_taken_members_are_those_members(name):
    network, chunk = network_of(name, 3), chunk_of()
    network.shrink(0.5)
    output, _ = streamed(network, chunk)
    for members in (slice(1, 2), slice(0, 2)):
        torch.testing.assert_close(streamed(network.take(members), chunk)[0], output[members], **TIGHT)


def test_an_untrained_network_gives_finite_numbers(name):
    members = spec_of(name).build(LAYOUT, 1, range(N_MEMBERS)).double()
    output, _ = streamed(members, chunk_of())
    assert output.shape == (N_MEMBERS, N_STEPS, N_STREAMS, LAYOUT.horizon, 1)
    assert torch.isfinite(output).all()
    if name in STOCK:
        assert not output.any()


def written_out(plain, start, data, *, lr, max_epochs, clip):
    """Truncated backpropagation through time, Adam and all, for one plain network."""
    weights, loader = list(plain.parameters()), data.train_dataloader()
    moments, step = [(torch.zeros_like(w), torch.zeros_like(w)) for w in weights], 0
    n_steps = max_epochs * loader.n_chunks
    slopes, level = start
    for epoch in range(max_epochs):
        loader.set_epoch(epoch)
        state = None
        for given in loader:
            chunk = Chunk(*(part[0] for part in given))
            state = plain.initial_state(chunk.n_streams) if state is None else state
            output, state = plain(chunk, state)
            state = detached(state)
            output = output[..., 0] + chunk.x @ slopes + level
            errors = (output - chunk.target).square() * chunk.weight  # smooth: a start may leave errors of rounding
            loss = errors.sum() / chunk.weight.sum().clamp_min(1e-12) + plain.penalty()
            gradients = torch.autograd.grad(loss, weights)
            norm = torch.sqrt(sum(g.square().sum() for g in gradients))
            rate, step = lr * one_cycle(step / n_steps), step + 1
            with torch.no_grad():
                for w, raw, (m, v) in zip(weights, gradients, moments, strict=True):
                    g = raw * min(1.0, clip / max(float(norm), 1e-300)) + 4 / data.n_obs * w  # the prior
                    m.mul_(0.9).add_(0.1 * g)  # Adam: Kingma & Ba (2015), algorithm 1
                    v.mul_(0.999).add_(0.001 * g * g)
                    w.sub_(rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8))


def test_trained_weights_are_those_of_a_loop_written_out(name):
    data = data_of(name, double=True, decoding=Decoding(loss="mse"))
    with quiet_torch(0):
        module = module_of(name, data, loss="mse", lr=0.02, automatic=False).double()
        plain = [alone(module.network, name, k, data.layout) for k in range(N_MEMBERS)]
        before = [value.detach().clone() for value in module.network.parameters()]
        train(module, data, Training(validation_size=0.0, gradient_clip_val=0.3), 3)
        for k in range(N_MEMBERS):
            start = module.network.slopes[k], module.network.intercept[k]
            written_out(plain[k], start, data, lr=0.02, max_epochs=3, clip=0.3)
    assert any(not torch.equal(a, b) for a, b in zip(module.network.parameters(), before, strict=True))
    for k in range(N_MEMBERS):
        ours = dict(alone(module.network, name, k, data.layout).named_parameters())
        for key, theirs in plain[k].named_parameters():
            torch.testing.assert_close(
                ours[key], theirs, rtol=1e-7, atol=1e-9, msg=lambda told, key=key: f"{key}: {told}"
            )


def test_the_compiled_step_computes_exactly_the_stock_stack(name):
    for dtype in (torch.float32, torch.float64):
        network = network_of(name).to(dtype)
        engine = engine_of(head_of("mae"), network, Training(), None)
        assert type(engine) is (CompiledEngine if name in STOCK else GraphEngine)
    bfloat = engine_of(head_of("mae"), network_of(name), Training(precision="bf16-mixed"), None)
    assert type(bfloat) is GraphEngine


def test_a_subclass_that_changes_nothing_is_another_network_all_the_same():
    class Same(RecurrentNetwork):
        pass

    network = NetworkSpec.of(Same, {"cell": "gru", "hidden_size": 4}).build(LAYOUT, 1, [0, 1])
    assert type(network.members) is not RecurrentMembers
    assert type(engine_of(head_of("mae"), network, Training(), None)) is GraphEngine


def test_what_is_validated_is_that_of_some_members_without_dropout(name):
    data = data_of(name, double=True, validation_size=0.2)
    with quiet_torch(0):
        module = module_of(name, data).double()
    with torch.no_grad():
        for weight in module.network.parameters():
            weight.add_(0.1)
    tail = list(data.val_dataloader())
    module.train()
    both, second = module.mean_loss(slice(None), tail), module.mean_loss(slice(1, 2), tail)
    torch.testing.assert_close(second, both[1:], **TIGHT)
    assert module.network.training
    module.eval()
    torch.testing.assert_close(module.mean_loss(slice(None), tail), both, **TIGHT)
