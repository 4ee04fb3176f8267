#!/usr/bin/env python3
"""Writes Tests/Fixtures/torch: small files of torch.save, one directory for each case."""

import json
import pathlib

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent / "Fixtures" / "torch"


def save(folder, tensors, name="pytorch_model.bin", **options):
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    torch.save(tensors, ROOT / folder / name, **options)


matrix = torch.tensor([[1.0, -2.5, 0.5], [3.0, 4.0, -8.0]])
module = torch.nn.Linear(3, 2)
with torch.no_grad():
    module.weight.copy_(matrix)
    module.bias.copy_(torch.tensor([0.25, -1.0]))
mixed = module.state_dict()
mixed["half"], mixed["bf16"] = matrix.half(), matrix.bfloat16()
mixed["tied"] = mixed["weight"]
mixed["row"] = mixed["weight"][1]
mixed["ids"] = torch.arange(4)
mixed["scalar"] = torch.tensor(7.0)
mixed["empty"] = torch.zeros(0, 5)
save("mixed", mixed)
save("parameters", dict(module.named_parameters()))
save("old", {"weight": matrix}, _use_new_zipfile_serialization=False)
save("transposed", {"weight": matrix.T})
save("checkpoint", {"state_dict": {"weight": matrix}, "epoch": 3})
names = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"]
save("sharded", {"a": matrix[0].clone()}, names[0])
save("sharded", {"b": matrix[1].clone()}, names[1])
index = {"metadata": {"total_size": 24}, "weight_map": {"a": names[0], "b": names[1]}}
(ROOT / "sharded" / "pytorch_model.bin.index.json").write_text(json.dumps(index))
