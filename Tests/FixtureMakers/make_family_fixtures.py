"""Makes Tests/Fixtures/families: tiny random checkpoints of every family and task, with what
transformers computes from them in fp32.

Each folder is a model directory (config.json, an empty tokenizer.json, weights in one or several
safetensors files) with an expected.json beside it:

  {"pooling": "...", "inputs": [{"ids": [...], "segmentStart": n}, ...],
   "rows": [[...], ...]}          the pooled vectors, not normalised, or the logits

Weights are random in a range that makes every part of a layer matter. Needs the packages of
requirements.txt; run it from the repository's root:

  python Tests/FixtureMakers/make_family_fixtures.py [NAME ...]
"""

import json
import math
import os
import shutil
import sys

import torch
import transformers as t
from safetensors.torch import load_file, save_file

ROOT = os.path.join(os.path.dirname(__file__), "..", "Fixtures", "families")
WORDS = 48
POSITIONS = 40

torch.set_num_threads(1)


def randomize(model, seed):
    """Values that are exact in bf16, so that a file of any type holds the same model."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in sorted(model.state_dict().items()):
        if not tensor.is_floating_point() or "inv_freq" in name:
            continue
        noise = torch.rand(tensor.shape, generator=generator) * 2 - 1
        is_norm = tensor.dim() == 1 and name.endswith("weight")
        if is_norm:
            noise = noise / 2 + (0 if any(x in name for x in GEMMA) else 1)
        elif tensor.dim() > 1:
            noise = noise * 2.2 / math.sqrt(tensor.shape[-1])
        else:
            noise = noise / 3
        tensor.copy_(noise.bfloat16().float())


# Parts of the names of norms that are stored as the difference from 1.
GEMMA = []


def inputs_of(pairs, seed=7, longest=36, pad=None):
    """With `pad`, inputs that end in that id, have it inside, and consist of nothing else."""
    generator = torch.Generator().manual_seed(seed)
    result = []
    for place, length in enumerate([9, 1, longest, 17]):
        ids = torch.randint(3, WORDS, (length,), generator=generator).tolist()
        if pad is not None:
            ids[4 * place:] = [pad] * len(ids[4 * place:])
            ids[2:3] = [pad] * len(ids[2:3])
            ids += [pad] if place == 3 else []
        start = length * 2 // 3 if pairs and length > 1 else length
        result.append({"ids": ids, "segmentStart": start})
    return result


def store(directory, dtype, shards):
    """Rewrites the weights in another element type, and cuts them into several files."""
    path = os.path.join(directory, "model.safetensors")
    tensors = {k: v.to(dtype).contiguous() for k, v in load_file(path).items()}
    if shards == 1:
        save_file(tensors, path, metadata={"format": "pt"})
        return
    os.remove(path)
    names = sorted(tensors)
    places = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {k: tensors[k] for k in names[shard::shards]}
        save_file(part, os.path.join(directory, name), metadata={"format": "pt"})
        places.update({k: name for k in part})
    with open(path + ".index.json", "w") as file:
        json.dump({"metadata": {}, "weight_map": places}, file)


def make(name, cls, config, pooling="cls", pairs=False, dtype=torch.float32, shards=1, edit=None,
         rename=None, prepare=None, longest=36, pad=None):
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    directory = os.path.join(ROOT, name)
    shutil.rmtree(directory, ignore_errors=True)
    torch.manual_seed(0)
    config._attn_implementation = "eager"
    model = cls(config).float().eval()
    GEMMA[:] = ["norm"] if "gemma" in config.model_type else []
    with torch.no_grad():
        randomize(model, sum(map(ord, name)))
        model.tie_weights()
    if prepare:
        prepare(model)
    is_classifier = "SequenceClassification" in cls.__name__
    backbone = model if is_classifier else model.base_model
    inputs = inputs_of(pairs, longest=longest, pad=pad)
    rows = []
    for item in inputs:
        ids = torch.tensor([item["ids"]])
        extra = {}
        if pairs:
            types = torch.zeros_like(ids)
            types[:, item["segmentStart"]:] = 1
            extra["token_type_ids"] = types
        extra["attention_mask"] = torch.ones_like(ids)
        with torch.no_grad():
            output = backbone(ids, **extra)
        if is_classifier:
            rows.append(output.logits[0])
            continue
        states = output.last_hidden_state[0]
        rows.append({"cls": states[0], "last": states[-1], "mean": states.mean(0)}[pooling])
    model.save_pretrained(directory)
    for extra_file in ["generation_config.json"]:
        if os.path.exists(os.path.join(directory, extra_file)):
            os.remove(os.path.join(directory, extra_file))
    path = os.path.join(directory, "config.json")
    with open(path) as file:
        stored = json.load(file)
    if edit:
        edit(stored)
    with open(path, "w") as file:
        json.dump(stored, file, indent=1, sort_keys=True)
        file.write("\n")
    with open(os.path.join(directory, "tokenizer.json"), "w") as file:
        file.write('{"model":{"type":"WordPiece"}}\n')
    if rename:
        weights = os.path.join(directory, "model.safetensors")
        save_file(rename(load_file(weights)), weights, metadata={"format": "pt"})
    store(directory, dtype, shards)
    digits = [[float(f"{x:.8g}") for x in row.tolist()] for row in rows]
    expected = {"pooling": pooling, "inputs": inputs, "rows": digits}
    with open(os.path.join(directory, "expected.json"), "w") as file:
        json.dump(expected, file)
        file.write("\n")
    print(name, stored["architectures"], sum(p.numel() for p in model.parameters()))


def both(stem, config_class, model, classifier, pairs=False, dtypes=(torch.float32,) * 2, shards=1,
         pooling="mean", labels=3, edit=None, **sizes):
    """A model that embeds and one that classifies."""
    make(stem, model, config_class(**sizes), pooling=pooling, pairs=pairs, dtype=dtypes[0],
         shards=shards, edit=edit)
    make(stem + "-classifier", classifier, config_class(**sizes, num_labels=labels), pairs=pairs,
         dtype=dtypes[1], edit=edit)


BERT = dict(vocab_size=WORDS, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
            intermediate_size=20, max_position_embeddings=POSITIONS)


def encoders():
    both("roberta", t.RobertaConfig, t.RobertaModel, t.RobertaForSequenceClassification,
         dtypes=(torch.float32, torch.bfloat16), type_vocab_size=1, pad_token_id=1, **BERT)
    both("xlm-roberta", t.XLMRobertaConfig, t.XLMRobertaModel,
         t.XLMRobertaForSequenceClassification, dtypes=(torch.float16, torch.float32), shards=2,
         labels=1, type_vocab_size=1, pad_token_id=1, **BERT)
    both("camembert", t.CamembertConfig, t.CamembertModel, t.CamembertForSequenceClassification,
         dtypes=(torch.bfloat16, torch.float16), type_vocab_size=1, pad_token_id=1, **BERT)
    both("distilbert", t.DistilBertConfig, t.DistilBertModel,
         t.DistilBertForSequenceClassification, dtypes=(torch.float32, torch.bfloat16),
         vocab_size=WORDS, dim=24, n_layers=2, n_heads=3, hidden_dim=20,
         max_position_embeddings=POSITIONS)
    both("mpnet", t.MPNetConfig, t.MPNetModel, t.MPNetForSequenceClassification,
         dtypes=(torch.float32, torch.bfloat16), **{**BERT, "max_position_embeddings": 200})
    make("mpnet-long", t.MPNetModel,
         t.MPNetConfig(**{**BERT, "max_position_embeddings": 200}), dtype=torch.bfloat16,
         longest=190)
    both("electra", t.ElectraConfig, t.ElectraModel, t.ElectraForSequenceClassification,
         pairs=True, dtypes=(torch.float32, torch.bfloat16), embedding_size=10, **BERT)
    both("albert", t.AlbertConfig, t.AlbertModel, t.AlbertForSequenceClassification, pairs=True,
         dtypes=(torch.bfloat16, torch.float32), embedding_size=10,
         **{**BERT, "num_hidden_layers": 3})


def later_encoders():
    modern = {**BERT, "num_hidden_layers": 4, "local_attention": 8, "pad_token_id": 0,
              "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
    both("modernbert", t.ModernBertConfig, t.ModernBertModel,
         t.ModernBertForSequenceClassification, dtypes=(torch.float32, torch.bfloat16), **modern)
    make("modernbert-mean-classifier", t.ModernBertForSequenceClassification,
         t.ModernBertConfig(**modern, classifier_pooling="mean", classifier_bias=True,
                            norm_bias=True, attention_bias=True, mlp_bias=True, num_labels=2))
    deberta = dict(**BERT, relative_attention=True, position_buckets=8,
                   max_relative_positions=POSITIONS, pos_att_type=["p2c", "c2p"],
                   share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False,
                   type_vocab_size=0, pooler_hidden_act="gelu", pooler_hidden_size=24,
                   pooler_dropout=0)
    both("deberta-v3", t.DebertaV2Config, t.DebertaV2Model, t.DebertaV2ForSequenceClassification,
         dtypes=(torch.float32, torch.bfloat16), **deberta)
    make("deberta-v2-c2p", t.DebertaV2Model, t.DebertaV2Config(
        **{**deberta, "pos_att_type": ["c2p"], "position_buckets": -1, "type_vocab_size": 2}),
        pairs=True, dtype=torch.bfloat16)

    make("deberta-v2-unshared", t.DebertaV2Model, t.DebertaV2Config(
        **{**deberta, "share_att_key": False}), dtype=torch.bfloat16)
    make("deberta-v2-unshared-p2c", t.DebertaV2Model, t.DebertaV2Config(
        **{**deberta, "share_att_key": False, "pos_att_type": ["p2c"]}), dtype=torch.float16)

    make("deberta-v2-convolution", t.DebertaV2Model, t.DebertaV2Config(
        **deberta, conv_kernel_size=3, conv_act="gelu"), dtype=torch.bfloat16)
    make("deberta-v2-convolution-groups-classifier", t.DebertaV2ForSequenceClassification,
         t.DebertaV2Config(**deberta, conv_kernel_size=5, conv_groups=3, num_labels=2))

    def nomic(config):
        for old, new in [("hidden_size", "n_embd"), ("num_attention_heads", "n_head"),
                         ("num_hidden_layers", "n_layer"), ("intermediate_size", "n_inner"),
                         ("max_position_embeddings", "n_positions"),
                         ("layer_norm_eps", "layer_norm_epsilon")]:
            config[new] = config.pop(old)
        config["activation_function"] = "swiglu"
        config["rotary_emb_base"] = config.pop("rope_parameters")["rope_theta"]
        config["rotary_emb_fraction"] = 1.0
        config.pop("hidden_act")
        config.pop("head_dim", None)

    def bert(tensors):
        return {k.replace("nomic_bert.", "bert."): v for k, v in tensors.items()}

    make("nomic-bert", t.NomicBertModel, t.NomicBertConfig(**BERT, type_vocab_size=2),
         pooling="mean", pairs=True, edit=nomic)
    make("nomic-bert-classifier", t.NomicBertForSequenceClassification,
         t.NomicBertConfig(**BERT, type_vocab_size=2, num_labels=2), edit=nomic, rename=bert,
         dtype=torch.bfloat16)

    from nomic_experts import put_experts

    def version_2(config):
        nomic(config)
        config.update(activation_function="gelu", qkv_proj_bias=True, mlp_fc1_bias=True,
                      mlp_fc2_bias=True, moe_every_n_layers=2, num_experts=4, moe_top_k=2,
                      num_shared_experts=0, expert_choice_router=False,
                      moe_normalize_expert_weights=False)

    def plain(config):
        version_2(config)
        config["moe_every_n_layers"] = 0

    make("nomic-bert-experts", t.NomicBertModel, t.NomicBertConfig(
        **{**BERT, "num_hidden_layers": 4}, type_vocab_size=1), pooling="mean", edit=version_2,
        prepare=lambda model: put_experts(model, experts=4, chosen=2, every=2))
    make("nomic-bert-experts-classifier", t.NomicBertForSequenceClassification,
         t.NomicBertConfig(**BERT, type_vocab_size=1, num_labels=2), edit=version_2, rename=bert,
         prepare=lambda model: put_experts(model, experts=4, chosen=2, every=2),
         dtype=torch.bfloat16)
    make("nomic-bert-ungated", t.NomicBertModel, t.NomicBertConfig(**BERT, type_vocab_size=1),
         pooling="mean", edit=plain, dtype=torch.float16,
         prepare=lambda model: put_experts(model, experts=0, chosen=0, every=0))

    def gte(config):
        config["architectures"] = [a.replace("Gte", "New") for a in config["architectures"]]
        config["model_type"] = "new"
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]

    def new(tensors):
        return {k.replace("gte.", "new."): v for k, v in tensors.items()}

    make("gte-new", t.GteModel, t.GteConfig(**BERT, type_vocab_size=1), edit=gte)
    make("gte-new-classifier", t.GteForSequenceClassification,
         t.GteConfig(**BERT, type_vocab_size=1, num_labels=1), edit=gte, rename=new,
         dtype=torch.bfloat16)


DECODER = dict(vocab_size=WORDS, hidden_size=24, num_hidden_layers=2, num_attention_heads=6,
               num_key_value_heads=2, intermediate_size=20, max_position_embeddings=POSITIONS,
               pad_token_id=0, bos_token_id=1, eos_token_id=2)


def decoder(stem, config_class, prefix, dtype=torch.bfloat16, edit=None, lm="ForCausalLM",
            model="Model", classifier="ForSequenceClassification", **sizes):
    """The model itself, the language model (untied) and the classifier."""
    make(stem, getattr(t, prefix + model), config_class(**sizes), pooling="last", edit=edit)
    make(stem + "-lm", getattr(t, prefix.replace("Text", "") + lm),
         config_class(**sizes, tie_word_embeddings=False), pooling="last", dtype=dtype, shards=2,
         edit=edit)
    make(stem + "-classifier", getattr(t, prefix + classifier),
         config_class(**sizes, num_labels=2), pooling="last", dtype=dtype, edit=edit)


def old_rope(config):
    """The keys that checkpoints from before transformers 5 have."""
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    if parameters.get("rope_type") != "default":
        config["rope_scaling"] = parameters


def decoders():
    decoder("qwen3", t.Qwen3Config, "Qwen3", head_dim=10, edit=old_rope, **DECODER)
    make("qwen3-bidirectional", t.Qwen3Model, t.Qwen3Config(
        **DECODER, head_dim=8, is_causal=False, use_sliding_window=True, sliding_window=5,
        max_window_layers=1), pooling="mean", dtype=torch.float16)
    decoder("qwen2", t.Qwen2Config, "Qwen2", **DECODER)
    llama3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
              "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 16}
    decoder("llama", t.LlamaConfig, "Llama", rope_parameters=llama3, edit=old_rope,
            **{**DECODER, "head_dim": 16})
    make("llama-bidirectional", t.LlamaModel, t.LlamaConfig(
        **DECODER, is_causal=False, attention_bias=True, mlp_bias=True), pooling="mean")
    decoder("mistral", t.MistralConfig, "Mistral", sliding_window=6, **DECODER)
    decoder("gemma", t.GemmaConfig, "Gemma", head_dim=10, **DECODER)
    decoder("gemma2", t.Gemma2Config, "Gemma2", head_dim=10, sliding_window=6,
            query_pre_attn_scalar=9, attn_logit_softcapping=2.0, edit=old_rope, **DECODER)
    gemma3 = {**DECODER, "num_hidden_layers": 3, "head_dim": 10, "sliding_window": 6,
              "query_pre_attn_scalar": 9,
              "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
    decoder("gemma3", t.Gemma3TextConfig, "Gemma3Text", **gemma3)
    make("gemma3-bidirectional", t.Gemma3TextModel, t.Gemma3TextConfig(
        **gemma3, use_bidirectional_attention=True), pooling="mean", dtype=torch.bfloat16)
    decoder("phi3", t.Phi3Config, "Phi3", sliding_window=7, **DECODER)
    decoder("gpt2", t.GPT2Config, "GPT2", lm="LMHeadModel", vocab_size=WORDS, n_embd=24,
            n_layer=2, n_head=3, n_positions=POSITIONS, pad_token_id=0, bos_token_id=1,
            eos_token_id=2)


def padded():
    """Classifiers whose inputs have the pad token among their own."""
    def unnamed(config):
        config.pop("pad_token_id")

    make("llama-padded-classifier", t.LlamaForSequenceClassification,
         t.LlamaConfig(**{**DECODER, "pad_token_id": 2}, num_labels=2), pooling="last", pad=2)
    make("gemma-padded-classifier", t.GemmaForSequenceClassification,
         t.GemmaConfig(**DECODER, head_dim=10, num_labels=2), pooling="last", pad=0,
         edit=unnamed, dtype=torch.bfloat16)
    make("gpt2-padded-classifier", t.GPT2ForSequenceClassification,
         t.GPT2Config(vocab_size=WORDS, n_embd=24, n_layer=2, n_head=3, n_positions=POSITIONS,
                      pad_token_id=5, num_labels=2), pooling="last", pad=5)
    # Without a pad token the last one is read, whatever it is; of one input at a time.
    make("qwen3-unpadded-classifier", t.Qwen3ForSequenceClassification,
         t.Qwen3Config(**{**DECODER, "pad_token_id": None}, head_dim=10, num_labels=2),
         pooling="last", pad=0, dtype=torch.bfloat16)


def bidirectional():
    """Decoders that attend in both directions."""
    def nvidia(config):
        config.pop("is_causal")
        config.update(architectures=["LlamaBidirectionalModel"], model_type="llama_bidirec",
                      pooling="avg")

    make("llama-bidirectional-nvidia", t.LlamaModel, t.LlamaConfig(**DECODER, is_causal=False),
         pooling="mean", dtype=torch.bfloat16, edit=nvidia)
    make("qwen2-bidirectional", t.Qwen2Model, t.Qwen2Config(**DECODER, is_causal=False),
         pooling="mean", dtype=torch.bfloat16)
    make("mistral-bidirectional", t.MistralModel, t.MistralConfig(
        **DECODER, is_causal=False, sliding_window=6), pooling="mean", dtype=torch.bfloat16)

    # The key alone does not reach the mask in transformers' eager attention.
    def causal(config):
        config.pop("is_causal")

    make("gemma-bidirectional", t.GemmaModel, t.GemmaConfig(
        **DECODER, head_dim=10, is_causal=False, use_bidirectional_attention=True),
        pooling="mean", edit=causal)


def scaled():
    """Rotary positions of every kind of scaling, in inputs within the original length and beyond."""
    def parameters(kind, theta=10000.0, **more):
        return {"rope_type": kind, "rope_theta": theta, **more}

    make("llama-linear", t.LlamaModel, t.LlamaConfig(
        **DECODER, rope_parameters=parameters("linear", factor=3.0)), pooling="last",
        edit=old_rope)
    make("llama-dynamic", t.LlamaModel, t.LlamaConfig(
        **{**DECODER, "max_position_embeddings": 20},
        rope_parameters=parameters("dynamic", factor=4.0)), pooling="last", longest=70)
    yarn = parameters("yarn", factor=4.0, original_max_position_embeddings=20)
    small = {**DECODER, "max_position_embeddings": 20, "head_dim": 16}
    make("qwen2-yarn", t.Qwen2Model, t.Qwen2Config(
        **{**small, "max_position_embeddings": 80}, rope_parameters=yarn), pooling="last",
        longest=70)
    make("qwen3-yarn-old-layout", t.Qwen3Model, t.Qwen3Config(
        **small, rope_parameters={**yarn, "beta_fast": 8.0, "beta_slow": 2.0,
                                  "truncate": False, "mscale": 0.7, "mscale_all_dim": 1.2}),
        pooling="last", longest=70, edit=old_rope)
    factors = dict(short_factor=[1.0, 1.25], long_factor=[1.5, 3.75])
    longrope = parameters("longrope", **factors, original_max_position_embeddings=20, factor=4.0)
    make("phi3-longrope", t.Phi3Model, t.Phi3Config(
        **{**DECODER, "max_position_embeddings": 80}, sliding_window=None,
        original_max_position_embeddings=20, rope_parameters=longrope), pooling="last",
        longest=70)

    def su(config):
        config["original_max_position_embeddings"] = 20
        old_rope(config)
        config["rope_scaling"] = {"type": "su", **factors}

    make("phi3-su", t.Phi3Model, t.Phi3Config(
        **{**DECODER, "max_position_embeddings": 80}, sliding_window=None,
        original_max_position_embeddings=20, rope_parameters=longrope), pooling="last",
        longest=70, edit=su)
    for name, mixing in [("gte-new-ntk", None), ("gte-new-ntk-mixed", 0.6)]:
        def edit(config, mixing=mixing):
            config["architectures"] = ["NewModel"]
            config["model_type"] = "new"
            config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
            config["rope_scaling"] = {"type": "ntk", "factor": 3.0}
            if mixing:
                config["rope_scaling"]["mixed_b"] = mixing

        def ntk(model, mixing=mixing, factor=3.0):
            """NTKScalingRotaryEmbedding of Alibaba-NLP's code."""
            width = model.config.hidden_size // model.config.num_attention_heads
            base = model.config.rope_parameters["rope_theta"] * (1 if mixing else factor)
            inverse = 1.0 / base ** (torch.arange(0, width, 2).float() / width)
            if mixing:
                a = torch.tensor(factor).log() / (width / 2) ** mixing
                inverse /= (a * torch.arange(1, width // 2 + 1).float() ** mixing).exp()
            else:
                inverse /= factor ** (2 / width)
            places = [m for m in model.modules() if hasattr(m, "inv_freq")]
            assert places
            for place in places:
                place.inv_freq = inverse

        make(name, t.GteModel, t.GteConfig(**BERT, type_vocab_size=1), edit=edit, prepare=ntk)


def rerankers():
    """Language models whose head becomes a classifier: Qwen3-Reranker's and bge-gemma's way."""
    for name, cls, config, tokens, method, architecture in [
        ("qwen3-reranker-classifier", t.Qwen3ForCausalLM,
         t.Qwen3Config(**DECODER, head_dim=10, tie_word_embeddings=False), {"no": 5, "yes": 9},
         {"is_original_qwen3_reranker": True}, "Qwen3ForSequenceClassification"),
        ("gemma-reranker-classifier", t.GemmaForCausalLM,
         t.GemmaConfig(**DECODER, head_dim=10, tie_word_embeddings=True), {"Yes": 7},
         {"method": "no_post_processing"}, "GemmaForCausalLM"),
    ]:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue

        def edit(stored, method=method, tokens=tokens, architecture=architecture):
            stored.update(method, classifier_from_token=list(tokens), architectures=[architecture])

        logits = []

        def prepare(model, logits=logits, tokens=tokens):
            for item in inputs_of(False):
                with torch.no_grad():
                    last = model(torch.tensor([item["ids"]])).logits[0, -1]
                values = [last[i].item() for i in tokens.values()]
                logits.append([values[1] - values[0]] if len(values) == 2 else values)

        make(name, cls, config, pooling="last", edit=edit, prepare=prepare, dtype=torch.bfloat16)
        directory = os.path.join(ROOT, name)
        with open(os.path.join(directory, "tokenizer.json"), "w") as file:
            json.dump({"model": {"type": "BPE", "vocab": tokens}}, file)
            file.write("\n")
        path = os.path.join(directory, "expected.json")
        with open(path) as file:
            expected = json.load(file)
        expected["rows"] = logits
        with open(path, "w") as file:
            json.dump(expected, file)
            file.write("\n")


def modules():
    """EmbeddingGemma's shape: pooling, two Dense modules and Normalize of sentence-transformers,
    each stored by that library. The rows are before Normalize."""
    for name, layout in [("dense-modules", "new"), ("dense-modules-old-layout", "old")]:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        from sentence_transformers.models import Dense, Normalize, Pooling
        make(name, t.Gemma3TextModel, t.Gemma3TextConfig(
            **{**DECODER, "num_hidden_layers": 1}, head_dim=10, sliding_window=6,
            query_pre_attn_scalar=9, use_bidirectional_attention=True), pooling="mean")
        directory = os.path.join(ROOT, name)
        torch.manual_seed(1)
        steps = [Pooling(24, pooling_mode="mean"),
                 Dense(24, 40, bias=False, activation_function=torch.nn.Identity()),
                 Dense(40, 16, bias=True, activation_function=torch.nn.GELU()), Normalize()]
        path = os.path.join(directory, "expected.json")
        with open(path) as file:
            expected = json.load(file)
        rows = torch.tensor(expected["rows"])
        entries = [{"idx": 0, "name": "0", "path": "",
                    "type": "sentence_transformers.models.Transformer"}]
        for index, step in enumerate(steps, 1):
            folder = f"{index}_{type(step).__name__}"
            if isinstance(step, Dense):
                with torch.no_grad():
                    rows = step({"sentence_embedding": rows})["sentence_embedding"]
            if not isinstance(step, Normalize):
                os.makedirs(os.path.join(directory, folder))
                step.save(os.path.join(directory, folder))
            kind = f"{type(step).__module__}.{type(step).__name__}"
            if layout == "old":
                kind = f"sentence_transformers.models.{type(step).__name__}"
                if isinstance(step, Pooling):
                    with open(os.path.join(directory, folder, "config.json"), "w") as file:
                        json.dump({"word_embedding_dimension": 24,
                                   "pooling_mode_cls_token": False,
                                   "pooling_mode_mean_tokens": True}, file)
            entries.append({"idx": index, "name": str(index), "path": folder, "type": kind})
        with open(os.path.join(directory, "modules.json"), "w") as file:
            json.dump(entries, file, indent=1)
        expected["rows"] = rows.tolist()
        with open(path, "w") as file:
            json.dump(expected, file)
            file.write("\n")


def joined_modules():
    """Several poolings side by side, LayerNorm, Dropout and Dense, stored by sentence-transformers.
    The rows are before Normalize."""
    from sentence_transformers.sentence_transformer.modules import (
        Dense, Dropout, LayerNorm, Normalize, Pooling)
    modes = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
    flags = ["pooling_mode_lasttoken", "pooling_mode_mean_tokens", "pooling_mode_cls_token"]
    cases = {
        "joined-poolings": (modes, []),
        "joined-poolings-old-layout": (("cls", "mean", "lasttoken"), [Normalize()]),
        "norm-modules": (("lasttoken", "cls"), [
            Dropout(0.2), LayerNorm(48), Dense(48, 20, activation_function=torch.nn.LeakyReLU()),
            LayerNorm(20), Dense(20, 12, activation_function=torch.nn.Sigmoid()), LayerNorm(12)]),
        "norm-module-alone": (("mean",), [LayerNorm(24), Normalize()]),
    }
    for name, (pooling_modes, more) in cases.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        states = []

        def record(model, states=states):
            with torch.no_grad():
                for item in inputs_of(False):
                    ids = torch.tensor([item["ids"]])
                    states.append(model(ids, attention_mask=torch.ones_like(ids))[0])

        make(name, t.DistilBertModel, t.DistilBertConfig(
            vocab_size=WORDS, dim=24, n_layers=1, n_heads=3, hidden_dim=20,
            max_position_embeddings=POSITIONS), pooling="mean", prepare=record)
        directory = os.path.join(ROOT, name)
        torch.manual_seed(3)
        steps = [Pooling(24, pooling_mode=pooling_modes), *more]
        entries = [{"idx": 0, "name": "0", "path": "",
                    "type": "sentence_transformers.models.Transformer"}]
        vectors = [{"token_embeddings": x, "attention_mask": torch.ones(x.shape[:2])}
                   for x in states]
        for index, step in enumerate(steps, 1):
            step.eval()
            with torch.no_grad():
                randomize(step, index)
                if not isinstance(step, Normalize):
                    vectors = [step(features) for features in vectors]
            folder = f"{index}_{type(step).__name__}"
            if not isinstance(step, Normalize):
                os.makedirs(os.path.join(directory, folder))
                step.save(os.path.join(directory, folder))
            if "old" in name and isinstance(step, Pooling):
                with open(os.path.join(directory, folder, "config.json"), "w") as file:
                    json.dump({"word_embedding_dimension": 24, **{k: True for k in flags}}, file)
            kind = f"{type(step).__module__}.{type(step).__name__}"
            entries.append({"idx": index, "name": str(index), "path": folder, "type": kind})
        with open(os.path.join(directory, "modules.json"), "w") as file:
            json.dump(entries, file, indent=1)
        path = os.path.join(directory, "expected.json")
        with open(path) as file:
            expected = json.load(file)
        expected["pooling"] = "modules"
        expected["rows"] = [x["sentence_embedding"][0].tolist() for x in vectors]
        with open(path, "w") as file:
            json.dump(expected, file)
            file.write("\n")


if __name__ == "__main__":
    modules()
    joined_modules()
    rerankers()
    encoders()
    later_encoders()
    decoders()
    padded()
    bidirectional()
    scaled()
