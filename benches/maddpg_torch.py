#!/usr/bin/env python3
"""MADDPG updates beside PyTorch: same networks, same batch, same threads, alternating rounds, CPU time.

    python3 benches/maddpg_torch.py [--rounds 5] [--updates 100] [--threads 1] [--python PYTHON_WITH_TORCH] [--niceness 19]

Without --python it makes a virtual environment in a temporary folder, installs PyTorch there from the package index and
removes it at the end. It builds our side itself (`cargo build --release -p motet-learn --example update_speed`).

The work of one update, on both sides: draw 256 rows of 10,000; target actors act once for all agents; for each of five
agents its critic (140-128-128-1: five observations of 24 and five actions of 4) learns towards the target critic, its
actor (24-64-64-4) moves up its critic at its own present action, with the mean square of its sums before tanh as a small
penalty; gradients are clipped by length; Adam; targets follow. This is MADDPG as published (a critic per agent, partners'
actions from the rows). `eager` goes through the agents one by one; `batched` stacks their networks and multiplies with
baddbmm, the fastest way to write it in PyTorch without compiling. Both use Adam's multi-tensor form.

Prints one line of JSON a measurement, then the ratios of each round, ours over theirs in updates per CPU second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

AGENTS, SEEN, ACTION, BATCH, ROWS = 5, 24, 4, 256, 10_000
GAMMA, TAU, CLIP, SATURATION = 0.95, 0.01, 10.0, 1e-3
ACTOR_RATE, CRITIC_RATE = 5e-4, 1e-3
JOINT = AGENTS * (SEEN + ACTION)
ROOT = Path(__file__).resolve().parent.parent


# What runs inside the environment that has PyTorch.


def rows(torch):
    """The rows: observations, actions, rewards, next observations; uniform within -1 and 1."""
    draw = torch.Generator().manual_seed(1)
    even = lambda *shape: 2 * torch.rand(*shape, generator=draw) - 1
    return even(ROWS, AGENTS * SEEN), even(ROWS, AGENTS * ACTION), even(ROWS, 1), even(ROWS, AGENTS * SEEN)


def eager(torch):
    """Returns one update, agent after agent."""
    from torch import nn

    def net(*sizes):
        layers = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.ReLU())]
        return nn.Sequential(*layers[:-1])

    actors = [net(SEEN, 64, 64, ACTION) for _ in range(AGENTS)]
    actor_targets = [net(SEEN, 64, 64, ACTION) for _ in range(AGENTS)]
    critics = [net(JOINT, 128, 128, 1) for _ in range(AGENTS)]
    critic_targets = [net(JOINT, 128, 128, 1) for _ in range(AGENTS)]
    for target, source in zip(actor_targets + critic_targets, actors + critics):
        target.load_state_dict(source.state_dict())
    actor_adams = [torch.optim.Adam(actor.parameters(), ACTOR_RATE, foreach=True) for actor in actors]
    critic_adams = [torch.optim.Adam(critic.parameters(), CRITIC_RATE, foreach=True) for critic in critics]
    slow = [list(net.parameters()) for net in actor_targets + critic_targets]
    fast = [list(net.parameters()) for net in actors + critics]
    seen, acted, reward, then = rows(torch)

    def step(network, adam, loss):
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        adam.step()

    def update():
        places = torch.randint(ROWS, (BATCH,))
        o, a, r, o2 = seen[places], acted[places], reward[places], then[places]
        parts, next_parts = o.split(SEEN, 1), o2.split(SEEN, 1)
        with torch.no_grad():
            a2 = torch.cat([torch.tanh(actor(part)) for actor, part in zip(actor_targets, next_parts)], 1)
            joint, joint2 = torch.cat([o, a], 1), torch.cat([o2, a2], 1)
        for agent in range(AGENTS):
            with torch.no_grad():
                goal = r + GAMMA * critic_targets[agent](joint2)
            step(critics[agent], critic_adams[agent], nn.functional.mse_loss(critics[agent](joint), goal))
            # Only the actor's parameters need a slope now.
            critics[agent].requires_grad_(False)
            sums = actors[agent](parts[agent])
            own = list(a.split(ACTION, 1))
            own[agent] = torch.tanh(sums)
            loss = -critics[agent](torch.cat([o, *own], 1)).mean() + SATURATION * sums.square().mean()
            step(actors[agent], actor_adams[agent], loss)
            critics[agent].requires_grad_(True)
        with torch.no_grad():
            for to, of in zip(slow, fast):
                torch._foreach_lerp_(to, of, TAU)

    return update


def batched(torch):
    """Returns one update, all agents' networks stacked."""

    def stack(*sizes):
        made = []
        for a, b in zip(sizes, sizes[1:]):
            bound = a**-0.5
            made.append(torch.empty(AGENTS, a, b).uniform_(-bound, bound).requires_grad_())
            made.append(torch.empty(AGENTS, 1, b).uniform_(-bound, bound).requires_grad_())
        return made

    def run(numbers, x):
        for place in range(0, len(numbers), 2):
            x = torch.baddbmm(numbers[place + 1], x, numbers[place])
            if place + 2 < len(numbers):
                x = torch.relu(x)
        return x

    actor, critic = stack(SEEN, 64, 64, ACTION), stack(JOINT, 128, 128, 1)
    actor_target = [number.detach().clone() for number in actor]
    critic_target = [number.detach().clone() for number in critic]
    actor_adam = torch.optim.Adam(actor, ACTOR_RATE, foreach=True)
    critic_adam = torch.optim.Adam(critic, CRITIC_RATE, foreach=True)
    seen, acted, reward, then = rows(torch)
    own = torch.zeros(AGENTS, 1, AGENTS * ACTION, dtype=torch.bool)
    for agent in range(AGENTS):
        own[agent, 0, agent * ACTION : (agent + 1) * ACTION] = True

    def step(numbers, adam, loss):
        slopes = torch.autograd.grad(loss, numbers)
        # Each agent's gradient is clipped by its own length.
        lengths = torch.stack([slope.square().sum((1, 2)) for slope in slopes]).sum(0).sqrt()
        scale = (CLIP / lengths).clamp(max=1.0).view(AGENTS, 1, 1)
        for number, slope in zip(numbers, slopes):
            number.grad = slope * scale
        adam.step()

    def update():
        places = torch.randint(ROWS, (BATCH,))
        o, a, r, o2 = seen[places], acted[places], reward[places], then[places]
        parts = o.view(BATCH, AGENTS, SEEN).transpose(0, 1)
        with torch.no_grad():
            a2 = torch.tanh(run(actor_target, o2.view(BATCH, AGENTS, SEEN).transpose(0, 1)))
            joint2 = torch.cat([o2, a2.transpose(0, 1).reshape(BATCH, -1)], 1)
            goal = r + GAMMA * run(critic_target, joint2.expand(AGENTS, -1, -1))
            joint = torch.cat([o, a], 1).expand(AGENTS, -1, -1)
        # A sum over agents of means over rows: each agent's slope is that of its own mean.
        step(critic, critic_adam, (run(critic, joint) - goal).square().mean((1, 2)).sum())
        sums = run(actor, parts)
        mine = torch.tanh(sums).repeat(1, 1, AGENTS)
        actions = torch.where(own, mine, a)
        frozen = [number.detach() for number in critic]
        value = run(frozen, torch.cat([o.expand(AGENTS, -1, -1), actions], 2))
        step(actor, actor_adam, (-value.mean((1, 2)) + SATURATION * sums.square().mean((1, 2))).sum())
        with torch.no_grad():
            torch._foreach_lerp_(actor_target + critic_target, actor + critic, TAU)

    return update


def work(kind, updates, threads):
    """Times one side that runs in PyTorch and prints it."""
    import warnings

    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(7)
    update = {"eager": eager, "batched": batched}[kind](torch)
    for _ in range(10):
        update()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(updates):
        update()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"kind": f"torch {kind}", "version": torch.__version__, "threads": threads, "updates": updates,
                      "cpu_s": round(cpu, 4), "wall_s": round(wall, 4), "updates_per_cpu_s": round(updates / cpu, 1)}))


# What runs outside it.


def install(folder):
    """Makes an environment with PyTorch and returns its interpreter."""
    venv.create(folder, with_pip=True)
    python = Path(folder) / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "torch"], check=True)
    return str(python)


def measure(command, niceness):
    """Runs one measurement and returns its line."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=lambda: os.nice(niceness))
    line = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps(line), flush=True)
    return line


def compare(python, options):
    """Alternates the three sides and returns the ratios of each round, in CPU time and in wall time."""
    build = ["cargo", "build", "--quiet", "--release", "-p", "motet-learn", "--example", "update_speed"]
    subprocess.run(build, check=True, cwd=ROOT, preexec_fn=lambda: os.nice(options.niceness))
    ours = [str(ROOT / "target/release/examples/update_speed"), "lowe", str(options.updates), str(options.threads)]
    theirs = lambda kind: [python, __file__, "--worker", kind, "--updates", str(options.updates),
                           "--threads", str(options.threads)]
    ratios = {"eager": [], "batched": [], "eager, wall": [], "batched, wall": []}
    for _ in range(options.rounds):
        lines = {kind: measure(theirs(kind), options.niceness) for kind in ("eager", "batched")}
        mine = measure(ours, options.niceness)
        for kind, line in lines.items():
            ratios[kind].append(round(line["cpu_s"] / mine["cpu_s"], 2))
            ratios[f"{kind}, wall"].append(round(line["wall_s"] / mine["wall_s"], 2))
    return ratios


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--updates", type=int, default=100)
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--python", help="an interpreter that has PyTorch already")
    words.add_argument("--niceness", type=int, default=0)
    words.add_argument("--worker", choices=["eager", "batched"], help=argparse.SUPPRESS)
    options = words.parse_args()
    if options.worker:
        return work(options.worker, options.updates, options.threads)
    if options.python:
        ratios = compare(options.python, options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            ratios = compare(install(folder), options)
    for kind, found in ratios.items():
        print(json.dumps({"ours_over": kind, "least": min(found), "median": sorted(found)[len(found) // 2],
                          "most": max(found), "rounds": found}))


if __name__ == "__main__":
    sys.exit(main())
