"""The ONNX form of a BERT embedding model directory, as the standard export of transformers gives it.

The graph has the operators that `torch.onnx.export` (and with it Optimum) writes for BertModel, built straight from
the weights, so that no PyTorch is needed. `optimize` then runs ONNX Runtime's own transformer optimiser over it, which
puts Attention, SkipLayerNormalization and BiasGelu in their place, as a user who wants speed does.
"""

import json
import math
import os
from collections import Counter

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 17


class Graph:
    """Nodes and constants of a graph that grows."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, value):
        self.constants.setdefault(name, numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def add(self, kind, inputs, name=None, **attributes):
        output = name or "%s_%d" % (kind.lower(), len(self.nodes))
        self.nodes.append(helper.make_node(kind, inputs, [output], name="n_" + output, **attributes))
        return output


def build(directory, path):
    """Writes the model's graph: input_ids, attention_mask, token_type_ids [batch, sequence] int64 in, and
    last_hidden_state [batch, sequence, hidden] f32 out. Returns (heads, hidden size)."""
    with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    weights = load_file(os.path.join(directory, "model.safetensors"))
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    graph = Graph()
    mask = attention_mask(graph)
    state = embeddings(graph, weights, config)
    for layer in range(config["num_hidden_layers"]):
        state = block(graph, weights, config, "encoder.layer.%d." % layer, state, mask)
    graph.add("Identity", [state], "last_hidden_state")
    shape = ["batch", "sequence"]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape + [hidden])]
    made = helper.make_graph(graph.nodes, "bert", inputs, outputs, list(graph.constants.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="pytorch")
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return heads, hidden


def attention_mask(graph):
    """0 where a token is, the lowest float where none is: [batch, 1, 1, sequence]."""
    wide = graph.add("Unsqueeze", ["attention_mask", graph.constant("axis1", numpy.array([1]))])
    wide = graph.add("Unsqueeze", [wide, graph.constant("axis2", numpy.array([2]))])
    number = graph.add("Cast", [wide], to=TensorProto.FLOAT)
    absent = graph.add("Sub", [graph.constant("one", numpy.float32(1)), number])
    return graph.add("Mul", [absent, graph.constant("lowest", numpy.finfo(numpy.float32).min)])


def embeddings(graph, weights, config):
    tables = {
        name: graph.constant(name, weights["embeddings.%s_embeddings.weight" % name])
        for name in ("word", "position", "token_type")
    }
    shape = graph.add("Shape", ["input_ids"])
    length = graph.add("Gather", [shape, graph.constant("index1", numpy.int64(1))], axis=0)
    end = graph.add("Unsqueeze", [length, graph.constant("axis0", numpy.array([0]))])
    positions = numpy.arange(config["max_position_embeddings"], dtype=numpy.int64)[None]
    ids = graph.add(
        "Slice",
        [
            graph.constant("positions", positions),
            graph.constant("start", numpy.array([0])),
            end,
            graph.constant("slice_axis", numpy.array([1])),
            graph.constant("step", numpy.array([1])),
        ],
    )
    words = graph.add("Gather", [tables["word"], "input_ids"])
    types = graph.add("Gather", [tables["token_type"], "token_type_ids"])
    total = graph.add("Add", [words, types])
    total = graph.add("Add", [total, graph.add("Gather", [tables["position"], ids])])
    return norm(graph, weights, config, "embeddings.LayerNorm.", total)


def norm(graph, weights, config, prefix, value):
    scale = graph.constant(prefix + "weight", weights[prefix + "weight"])
    bias = graph.constant(prefix + "bias", weights[prefix + "bias"])
    return graph.add("LayerNormalization", [value, scale, bias], axis=-1, epsilon=config["layer_norm_eps"])


def linear(graph, weights, prefix, value):
    matrix = graph.constant(prefix + "matmul", numpy.ascontiguousarray(weights[prefix + "weight"].T))
    product = graph.add("MatMul", [value, matrix])
    return graph.add("Add", [graph.constant(prefix + "bias", weights[prefix + "bias"]), product])


def block(graph, weights, config, prefix, state, mask):
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    split = graph.constant("split", numpy.array([0, 0, heads, hidden // heads]))
    joined = graph.constant("joined", numpy.array([0, 0, hidden]))

    def projected(name, order):
        value = linear(graph, weights, prefix + "attention.self." + name + ".", state)
        return graph.add("Transpose", [graph.add("Reshape", [value, split])], perm=order)

    query = projected("query", [0, 2, 1, 3])
    key = projected("key", [0, 2, 3, 1])
    value = projected("value", [0, 2, 1, 3])
    scale = graph.constant("scale", numpy.float32(math.sqrt(hidden // heads)))
    scores = graph.add("Div", [graph.add("MatMul", [query, key]), scale])
    shares = graph.add("Softmax", [graph.add("Add", [scores, mask])], axis=-1)
    mixed = graph.add("Transpose", [graph.add("MatMul", [shares, value])], perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", [mixed, joined])
    mixed = linear(graph, weights, prefix + "attention.output.dense.", mixed)
    state = norm(
        graph, weights, config, prefix + "attention.output.LayerNorm.", graph.add("Add", [mixed, state])
    )
    wide = gelu(graph, linear(graph, weights, prefix + "intermediate.dense.", state))
    narrow = linear(graph, weights, prefix + "output.dense.", wide)
    return norm(graph, weights, config, prefix + "output.LayerNorm.", graph.add("Add", [narrow, state]))


def gelu(graph, value):
    part = graph.add("Div", [value, graph.constant("sqrt2", numpy.float32(math.sqrt(2)))])
    part = graph.add("Add", [graph.add("Erf", [part]), graph.constant("one", numpy.float32(1))])
    return graph.add("Mul", [graph.add("Mul", [value, part]), graph.constant("half", numpy.float32(0.5))])


def optimize(path, heads, hidden, into):
    """Writes the graph with ONNX Runtime's transformer fusions. Exact GELU stays exact."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    optimized = optimizer.optimize_model(
        path, model_type="bert", num_heads=heads, hidden_size=hidden, optimization_options=options, opt_level=0
    )
    optimized.save_model_to_file(into)


def operators(path):
    """How often each operator is in a graph."""
    return dict(Counter(node.op_type for node in onnx.load(path).graph.node))
