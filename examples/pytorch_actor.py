"""Exports an actor made in PyTorch as an ONNX file that `motet policy import` takes.

    motet card pacer --json > card.json
    python examples/pytorch_actor.py card.json pacer.onnx --check check.json
    motet policy import --agent pacer pacer.onnx --into my-policy

The card states the schema: what the actor reads (`observation`) and moves (`action`), in order, each with its range. The
actor reads raw numbers as float32 [batch, n] and answers [batch, m] within -1 and 1, where -1, 0 and 1 stand for the least,
the default and the most. What is trained here is only an example: an actor of random weights, by seed. Put your own in its
place; Linear, ReLU between, Tanh at the end, and the normalisation in front are what may be exported.

Needs: torch, onnx, and for the exporter of newer versions onnxscript. docs/policies.md has the rules.
"""

import argparse
import json

import torch
from torch import nn


class Actor(nn.Module):
    """Normalises by the card's ranges, then a small multi-layer perceptron."""

    def __init__(self, observation, actions, hidden):
        super().__init__()
        least = torch.tensor([number["least"] for number in observation])
        most = torch.tensor([number["most"] for number in observation])
        default = torch.tensor([number["default"] for number in observation])
        self.register_buffer("mean", default)
        # A range may be huge (a counter); what lies above a hundred times the default is all the same to the actor.
        self.register_buffer("scale", torch.minimum(most - least, 1 + 100 * default.abs()))
        widths = [len(observation), *hidden, actions]
        layers = [nn.Linear(a, b) for a, b in zip(widths, widths[1:])]
        self.body = nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1], nn.Tanh())

    def forward(self, observation):
        scaled = torch.clamp((observation - self.mean) / self.scale, -10.0, 10.0)
        return self.body(scaled)


def export(actor, width, path):
    """Writes the actor as one ONNX file with a free batch size."""
    example = torch.zeros(1, width)
    names = {"input_names": ["observation"], "output_names": ["action"]}
    torch.onnx.export(
        actor,
        (example,),
        path,
        dynamo=False,
        dynamic_axes={"observation": {0: "batch"}, "action": {0: "batch"}},
        **names,
    )


def examples(observation, count):
    """Draws observations from the card's ranges, the widest ones on a logarithmic scale."""
    columns = []
    for number in observation:
        draw = torch.rand(count)
        span = number["most"] - number["least"]
        share = (torch.exp(draw * 20) - 1) / (torch.exp(torch.tensor(20.0)) - 1) if span > 1e3 else draw
        columns.append(number["least"] + share * span)
    return torch.stack(columns, dim=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("card", help="the output of 'motet card AGENT --json'")
    parser.add_argument("out", help="the ONNX file to write")
    parser.add_argument("--hidden", type=int, nargs="*", default=[16, 16], help="widths of the hidden layers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", help="write observations with the actor's own actions to this JSON file")
    options = parser.parse_args()
    with open(options.card, encoding="utf-8") as file:
        card = json.load(file)
    card = card[0] if isinstance(card, list) else card
    torch.manual_seed(options.seed)
    actor = Actor(card["observation"], len(card["action"]), options.hidden).eval()
    export(actor, len(card["observation"]), options.out)
    if options.check:
        with torch.no_grad():
            observations = examples(card["observation"], 64)
            pairs = {"observations": observations.tolist(), "actions": actor(observations).tolist()}
        with open(options.check, "w", encoding="utf-8") as file:
            json.dump(pairs, file)


if __name__ == "__main__":
    main()
