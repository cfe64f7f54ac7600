"""Times of one recurrent layer, forward and backward: compiled recurrences against torch's own layers.

    python benchmarks/rnn_layers.py [--threads 1] [--repeats 20] [--members]

Both sides have the same weights and inputs and are run in turn. A time is the median over the repeats, a ratio the
median of the ratios of neighbouring runs. On one thread it is the processor's time, which other programs disturb less,
on several the clock's. ``--members`` times small networks side by side against one after another.
"""

import argparse
import functools
import itertools
import statistics
import time

import torch
from torch import nn

from tsforecast.models.neural.networks.stock import compiled_layer
from tsforecast.models.neural.networks.stock.cells import SIZES
from tsforecast.models.neural.networks.stock.compiled_run import Weights

HIDDEN, STREAMS, STEPS, MEMBERS = (32, 64, 128), (8, 32, 128), (12, 48, 168), (1, 5, 20, 100)
INPUTS = 8
KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def timed(functions, repeats, clock):
    """Seconds of each function, run in turn: one list a function."""
    for function in functions:
        function()
    times = [[] for _ in functions]
    for _ in range(repeats):
        for function, taken in zip(functions, times, strict=True):
            start = clock()
            function()
            taken.append(clock() - start)
    return times


def ratio(slow, fast):
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def weights_of(networks):
    """The weights of networks of torch, side by side."""
    columns = zip(*(network.parameters() for network in networks), strict=True)
    projection, recurrent, bias, other = (torch.stack([value.detach() for value in column]) for column in columns)
    projection, recurrent = projection.transpose(1, 2).contiguous(), recurrent.transpose(1, 2).contiguous()
    size = recurrent.shape[1]
    weights = Weights(projection, bias[:, None], recurrent, other[:, None, -size:].contiguous())
    return Weights(*(weight.requires_grad_() for weight in weights))


def torch_step(networks, x, pull):
    for network in networks:
        network.zero_grad()
        network(x)[0].backward(pull)


def our_step(cell, weights, x, pull, state, keep):
    for weight in weights:
        weight.grad = None
    hs, _ = compiled_layer.run_layer(cell, x[None], weights, state, keep)
    hs.backward(pull.expand_as(hs))


def steps(cell, n_members, hidden_size, n_streams, n_steps):
    """Functions that train: torch's networks, ours one after another, ours side by side."""
    networks = [KINDS[cell](INPUTS, hidden_size) for _ in range(n_members)]
    x, pull = torch.randn(n_steps, n_streams, INPUTS), torch.randn(n_steps, n_streams, hidden_size)
    state = torch.zeros(SIZES[cell].n_parts, n_members, n_streams, hidden_size)
    keep, each = torch.ones(n_steps, n_streams, 1), [weights_of([network]) for network in networks]

    def apart():
        for weights in each:
            our_step(cell, weights, x, pull, state[:, :1], keep)

    together = functools.partial(our_step, cell, weights_of(networks), x, pull, state, keep)
    return functools.partial(torch_step, networks, x, pull), apart, together


def layers(repeats, clock):
    print(f"{'layer':6}{'hidden':>8}{'streams':>9}{'steps':>7}{'torch ms':>10}{'here ms':>9}{'ratio':>7}")
    for cell, *sizes in itertools.product(KINDS, HIDDEN, STREAMS, STEPS):
        theirs, _, ours = steps(cell, 1, *sizes)
        slow, fast = timed([theirs, ours], repeats, clock)
        middle = [statistics.median(taken) * 1e3 for taken in (slow, fast)]
        print(
            f"{cell:6}{sizes[0]:8}{sizes[1]:9}{sizes[2]:7}{middle[0]:10.2f}{middle[1]:9.2f}{ratio(slow, fast):7.1f}",
            flush=True,
        )


def members(repeats, clock):
    """Networks of hidden size 32 on 8 streams of 24 steps."""
    print(f"{'layer':6}{'networks':>9}{'torch ms':>10}{'each ms':>9}{'all ms':>8}{'torch/all':>10}{'each/all':>9}")
    for cell, n_members in itertools.product(KINDS, MEMBERS):
        slow, each, every = timed(steps(cell, n_members, 32, 8, 24), repeats, clock)
        middle = [statistics.median(taken) * 1e3 for taken in (slow, each, every)]
        print(
            f"{cell:6}{n_members:9}{middle[0]:10.2f}{middle[1]:9.2f}{middle[2]:8.2f}"
            f"{ratio(slow, every):10.1f}{ratio(each, every):9.1f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--members", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    clock = time.thread_time if options.threads == 1 else time.perf_counter
    (members if options.members else layers)(options.repeats, clock)


if __name__ == "__main__":
    main()
