"""The second version of NomicBERT: biases, a plain feed-forward part and experts in the layers of
transformers' NomicBertModel, by the published rules (nomic-ai's modeling_hf_nomic_bert.py of
nomic-bert-2048, vLLM's NomicMoE): softmax over all experts in fp32, the top k of it as they are,
each expert w2ᵀ · gelu(w1 · x), one bias for the sum. Attributes have the names that end up in the
file: transformers saves down_proj as fc2."""

import math

import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self, columns, width):
        super().__init__()
        self.fc1 = nn.Linear(columns, width)
        self.down_proj = nn.Linear(width, columns)

    def forward(self, x):
        return self.down_proj(nn.functional.gelu(self.fc1(x)))


class Experts(nn.Module):
    def __init__(self, columns, width, experts, chosen):
        super().__init__()
        self.width, self.chosen = width, chosen
        self.router = nn.Module()
        self.router.layer = nn.Linear(columns, experts, bias=False)
        self.experts = nn.Module()
        self.experts.bias = nn.Parameter(torch.zeros(columns))
        self.experts.mlp = nn.Module()
        self.experts.mlp.w1 = nn.Parameter(torch.zeros(experts * width, columns))
        self.experts.mlp.w2 = nn.Parameter(torch.zeros(experts * width, columns))

    def forward(self, x):
        shares = self.router.layer(x).softmax(-1, dtype=torch.float32)
        weights, places = shares.topk(self.chosen, dim=-1)
        result = torch.zeros_like(x)
        for expert in range(shares.shape[-1]):
            own = slice(expert * self.width, (expert + 1) * self.width)
            inner = nn.functional.gelu(x @ self.experts.mlp.w1[own].T)
            weight = (weights * (places == expert)).sum(-1, keepdim=True)
            result = result + weight * (inner @ self.experts.mlp.w2[own])
        return result + self.experts.bias


def fill(module, generator):
    for name, tensor in sorted(module.state_dict().items()):
        noise = torch.rand(tensor.shape, generator=generator) * 2 - 1
        scale = 2.2 / math.sqrt(24) if tensor.dim() > 1 else 1 / 3
        tensor.copy_((noise * scale).bfloat16().float())


def put_experts(model, experts, chosen, every):
    config = model.config
    columns, width = config.hidden_size, config.intermediate_size
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for index, layer in enumerate(model.base_model.layers):
            attention = layer.self_attn
            for name in ["q_proj", "k_proj", "v_proj", "o_proj"]:
                old = getattr(attention, name)
                new = nn.Linear(columns, columns)
                fill(new, generator)
                new.weight.copy_(old.weight)
                setattr(attention, name, new)
            has_experts = every > 0 and index % every == 1
            layer.mlp = (Experts(columns, width, experts, chosen) if has_experts
                         else Plain(columns, width))
            fill(layer.mlp, generator)
    model.eval()
