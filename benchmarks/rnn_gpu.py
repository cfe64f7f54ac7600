"""Time of a training step of the recurrent networks on a GPU and on the processor, and how near their results are.

    python benchmarks/rnn_gpu.py [--hidden 64 256] [--streams 32 512] [--members 1 8] [--repeats 20]

Not yet run on a GPU: none was at hand when it was written. Without one it says so and times the processor alone. A step
is the forward and the backward pass of two layers over 48 steps, a tenth of which begin a new series; the device is
waited for before and after. Times are medians; the difference is the largest of outputs and gradients over the largest
of their values.
"""

import argparse
import itertools
import statistics
import time

import torch

from tsforecast.models.neural.batches.chunk import Chunk
from tsforecast.models.neural.networks.linear_start import LinearStart
from tsforecast.models.neural.networks.stock.recurrent_members import RecurrentMembers

STEPS, INPUTS, OUTPUTS = 48, 16, 18


def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def case(cell, hidden_size, n_streams, n_members):
    torch.manual_seed(0)
    members = RecurrentMembers(cell, INPUTS, (hidden_size, hidden_size), OUTPUTS, range(n_members))
    network = LinearStart(members, INPUTS, OUTPUTS, 1)
    torch.nn.init.normal_(network.members.readout, std=0.1)
    x, reset = torch.randn(1, STEPS, n_streams, INPUTS), torch.rand(1, STEPS, n_streams) < 0.1
    return network, x, reset


def step(network, x, reset):
    """Output and gradients."""
    network.zero_grad()
    output, _ = network(Chunk(x, reset, reset.long()))
    output.square().mean().backward()
    return [output.detach(), *(parameter.grad for parameter in network.parameters())]


def timed(network, x, reset, repeats):
    device, times = x.device.type, []
    for _ in range(repeats + 3):
        wait(device)
        began = time.perf_counter()
        result = step(network, x, reset)
        wait(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times[3:]), result


def difference(some, others):
    return max(
        float((a - b.cpu()).abs().max() / a.abs().max().clamp_min(1e-12)) for a, b in zip(some, others, strict=True)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--streams", type=int, nargs="+", default=[32, 512])
    parser.add_argument("--members", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    gpu = torch.cuda.is_available()
    print(torch.cuda.get_device_name() if gpu else "There is no GPU here: the processor alone is timed.")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    titles = ("cell", "hidden", "streams", "members", "processor ms", "GPU ms", "ratio", "difference")
    print("".join(f"{title:>{width}}" for title, width in zip(titles, (5, 8, 9, 9, 14, 9, 8, 12), strict=True)))
    for cell, *sizes in itertools.product(("lstm", "gru"), options.hidden, options.streams, options.members):
        network, x, reset = case(cell, *sizes)
        slow, expected = timed(network, x, reset, options.repeats)
        line = f"{cell:>5}{sizes[0]:8}{sizes[1]:9}{sizes[2]:9}{slow * 1e3:14.2f}"
        if gpu:
            expected = [value.clone() for value in expected]
            fast, result = timed(network.cuda(), x.cuda(), reset.cuda(), options.repeats)
            line += f"{fast * 1e3:9.2f}{slow / fast:8.1f}{difference(expected, result):12.1e}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
