"""Makes Tests/Fixtures/outputs: tiny random checkpoints of models whose answer is not one vector or
one row of logits, with what sentence-transformers and transformers compute from them in fp32.

Each folder is a model directory with an expected.json beside it, a list of cases:

  {"call": "embed", "prompt": "query" or "document" or null, "output": "tokens" or "sparse" or
   "vector" or null, "inputs": [text or ids, ...], "rows": [[[...], ...], ...]}   token vectors
  {"call": "embed", ..., "sparse": [{"ids": [...], "weights": [...]}, ...]}
  {"call": "classify", "raw": true or false, "inputs": [...], "rows": [...]}
  {"call": "score", "pairs": [[query, document], ...], "scores": [...]}

Needs the packages of requirements.txt; run it from the repository's root:

  python Tests/FixtureMakers/make_output_fixtures.py [NAME ...]
"""

import json
import math
import os
import shutil
import string
import sys

import torch
import transformers as t
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

ROOT = os.path.join(os.path.dirname(__file__), "..", "Fixtures", "outputs")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]"]
WORDS = ["the", "river", "runs", "to", "sea", "what", "is", "a", "tree", "green", "and", "old",
         "stone", "##s", "##ing", "##ed", "boat", "sail", "wind", "north"]
TEXTS = ["what is the river?", "the old boat sails to the sea, north", "green tree; stone!", "a",
         "the wind, the sea and the old stone: what is green?"]
SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
             max_position_embeddings=64)

torch.set_num_threads(1)


def vocabulary(extra=()):
    return SPECIALS + list(string.punctuation) + WORDS + list(string.ascii_lowercase) + list(extra)


def tokenizer(directory, extra=(), added=()):
    words = vocabulary(extra)
    tok = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(lowercase=True)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tok.add_special_tokens(SPECIALS[:5])
    if added:
        tok.add_tokens([AddedToken(a, normalized=False) for a in added])
    tok.save(os.path.join(directory, "tokenizer.json"))
    write(directory, "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]",
        "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
        "model_max_length": 60})
    return tok


def write(directory, name, value):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")


def randomize(state, seed):
    """Values that are exact in bf16, so that a file of any type holds the same model."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in sorted(state.items()):
        if not tensor.is_floating_point() or "inv_freq" in name:
            continue
        noise = torch.rand(tensor.shape, generator=generator) * 2 - 1
        if tensor.dim() == 1 and name.endswith("weight"):
            noise = noise / 2 + 1
        elif tensor.dim() > 1:
            noise = noise * 2.2 / math.sqrt(tensor.shape[-1])
        else:
            noise = noise / 3
        tensor.copy_(noise.bfloat16().float())


def start(name, cls, config, extra=(), added=()):
    """An empty folder with a random model and its tokenizer; None where it was not asked for."""
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return None
    directory = os.path.join(ROOT, name)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    config._attn_implementation = "eager"
    config.vocab_size = len(vocabulary(extra)) + len(added)
    model = cls(config).float().eval()
    with torch.no_grad():
        randomize(model.state_dict(), sum(map(ord, name)))
        model.tie_weights()
    model.save_pretrained(directory)
    tok = tokenizer(directory, extra, added)
    return directory, model, tok


def configure(directory, **members):
    with open(os.path.join(directory, "config.json")) as file:
        config = json.load(file)
    config.update(members)
    write(directory, "config.json", config)


def digits(tensor):
    if tensor.dim() == 1:
        return [float(f"{x:.8g}") for x in tensor.tolist()]
    return [digits(x) for x in tensor]


def finish(directory, cases):
    for name in ["generation_config.json"]:
        if os.path.exists(os.path.join(directory, name)):
            os.remove(os.path.join(directory, name))
    path = os.path.join(directory, "expected.json")
    with open(path, "w") as file:
        json.dump(cases, file)
        file.write("\n")
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(directory) for f in fs)
    print(os.path.basename(directory), len(cases), "cases", size, "bytes")


# MARK: late interaction


def colbert(directory):
    """What MultiVectorEncoder of sentence-transformers makes of a directory."""
    from sentence_transformers import MultiVectorEncoder
    model = MultiVectorEncoder(directory, device="cpu", model_kwargs={"attn_implementation": "eager"})
    cases = []
    for role in ["query", "document"]:
        encode = model.encode_query if role == "query" else model.encode_document
        rows = [torch.as_tensor(encode([x])[0]) for x in TEXTS]
        cases.append({"call": "embed", "prompt": role, "output": "tokens", "inputs": TEXTS,
                      "rows": [digits(r) for r in rows]})
        if role == "query":
            queries = rows
    pairs = [[0, 1], [1, 2], [2, 4], [3, 0], [0, 4]]
    scores = [(queries[q] @ rows[d].T).max(1).values.sum().item() for q, d in pairs]
    cases.append({"call": "score", "pairs": [[TEXTS[q], TEXTS[d]] for q, d in pairs],
                  "scores": scores})
    return cases


def stanford():
    made = start("colbert-stanford", t.BertModel, t.BertConfig(**SIZES))
    if not made:
        return
    directory, _, _ = made
    path = os.path.join(directory, "model.safetensors")
    tensors = {"bert." + k: v for k, v in load_file(path).items()}
    linear = {"weight": torch.zeros(12, 24)}
    randomize(linear, 5)
    tensors["linear.weight"] = linear["weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    configure(directory, architectures=["HF_ColBERT"])
    write(directory, "artifact.metadata", {
        "query_token_id": "[unused0]", "doc_token_id": "[unused1]", "query_maxlen": 20,
        "doc_maxlen": 30, "mask_punctuation": True, "attend_to_mask_tokens": False, "dim": 12,
        "similarity": "cosine"})
    finish(directory, colbert(directory))


def pylate():
    modern = {**SIZES, "num_hidden_layers": 4, "local_attention": 64, "pad_token_id": 0,
              "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    for name, cls, config, widths, settings in [
        ("colbert-pylate-modernbert", t.ModernBertModel, t.ModernBertConfig(**modern), [72],
         {"query_length": 24, "document_length": 40, "attend_to_expansion_tokens": False}),
        ("colbert-pylate-attending", t.BertModel, t.BertConfig(**SIZES), [40, 8],
         {"query_length": 16, "document_length": 30, "attend_to_expansion_tokens": True,
          "skiplist_words": [",", ";"]}),
        ("colbert-pylate-unexpanded", t.DistilBertModel, t.DistilBertConfig(
            dim=24, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=64), [16],
         {"query_length": 24, "document_length": 40, "do_query_expansion": False}),
    ]:
        made = start(name, cls, config, added=["[Q] ", "[D] "])
        if not made:
            continue
        directory, _, _ = made
        entries = [{"idx": 0, "name": "0", "path": "",
                    "type": "sentence_transformers.models.Transformer"}]
        width = 24
        for index, out in enumerate(widths, 1):
            folder = f"{index}_Dense"
            entries.append({"idx": index, "name": str(index), "path": folder,
                            "type": "pylate.models.Dense.Dense"})
            dense = {"linear.weight": torch.zeros(out, width)}
            randomize(dense, 5 + index)
            write(directory, folder + "/config.json", {
                "in_features": width, "out_features": out, "bias": False,
                "activation_function": "torch.nn.modules.linear.Identity"})
            save_file(dense, os.path.join(directory, folder, "model.safetensors"))
            width = out
        write(directory, "modules.json", entries)
        write(directory, "sentence_bert_config.json",
              {"max_seq_length": 39, "do_lower_case": False})
        write(directory, "config_sentence_transformers.json", {
            "model_type": "ColBERT", "prompts": {}, "default_prompt_name": None,
            "similarity_fn_name": "MaxSim", "query_prefix": "[Q] ", "document_prefix": "[D] ",
            **settings})
        finish(directory, colbert(directory))


# MARK: labels for tokens


def ids_of(size, seed=7):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(7, size, (n,), generator=generator).tolist() for n in [9, 1, 36, 17]]


def token_classifiers():
    decoder = dict(**{**SIZES}, num_key_value_heads=1, pad_token_id=0, bos_token_id=2,
                   eos_token_id=3)
    deberta = dict(**SIZES, relative_attention=True, position_buckets=8,
                   max_relative_positions=64, pos_att_type=["p2c", "c2p"], share_att_key=True,
                   norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=0)
    for name, cls, config in [
        ("tokens-bert", t.BertForTokenClassification, t.BertConfig(**SIZES, num_labels=5)),
        ("tokens-roberta", t.RobertaForTokenClassification, t.RobertaConfig(
            **SIZES, num_labels=3, type_vocab_size=1, pad_token_id=1)),
        ("tokens-distilbert", t.DistilBertForTokenClassification, t.DistilBertConfig(
            dim=24, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=64,
            num_labels=3)),
        ("tokens-modernbert", t.ModernBertForTokenClassification, t.ModernBertConfig(
            **SIZES, num_labels=3, classifier_bias=True, norm_bias=True, pad_token_id=0,
            local_attention=8, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3)),
        ("tokens-deberta", t.DebertaV2ForTokenClassification, t.DebertaV2Config(
            **deberta, num_labels=3)),
        ("tokens-electra", t.ElectraForTokenClassification, t.ElectraConfig(
            **SIZES, embedding_size=10, num_labels=2)),
        ("tokens-qwen3", t.Qwen3ForTokenClassification, t.Qwen3Config(
            **decoder, head_dim=10, num_labels=4)),
        ("tokens-gpt2", t.GPT2ForTokenClassification, t.GPT2Config(
            n_embd=24, n_layer=2, n_head=3, n_positions=64, num_labels=3, pad_token_id=0,
            bos_token_id=2, eos_token_id=3)),
    ]:
        made = start(name, cls, config)
        if not made:
            continue
        directory, model, tok = made
        inputs = ids_of(model.config.vocab_size)
        texts = TEXTS[:2] if "gpt2" not in name else []
        with torch.no_grad():
            rows = [model(torch.tensor([x])).logits[0] for x in inputs]
            rows += [model(torch.tensor([tok.encode(x).ids])).logits[0] for x in texts]
        inputs = inputs + texts
        finish(directory, [
            {"call": "classify", "raw": True, "inputs": inputs,
             "rows": [digits(r) for r in rows]},
            {"call": "classify", "raw": False, "inputs": inputs,
             "rows": [digits(r.softmax(-1)) for r in rows]}])


class Reward(torch.nn.Module):
    """Qwen2.5-Math's own classes: two maps with ReLU between them over Qwen2."""

    def __init__(self, hidden, labels):
        super().__init__()
        self.score = torch.nn.Sequential(
            torch.nn.Linear(hidden, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, labels))


def rewards():
    config = dict(**SIZES, num_key_value_heads=1, pad_token_id=0, bos_token_id=2, eos_token_id=3)
    for name, labels, architecture in [("process-reward", 2, "Qwen2ForProcessRewardModel"),
                                       ("sequence-reward", 1, "Qwen2ForRewardModel")]:
        made = start(name, t.Qwen2Model, t.Qwen2Config(**config), added=["<extra_0>"])
        if not made:
            continue
        directory, model, tok = made
        head = Reward(24, labels)
        with torch.no_grad():
            randomize(head.state_dict(), 11)
        path = os.path.join(directory, "model.safetensors")
        tensors = {"model." + k: v.bfloat16() for k, v in load_file(path).items()}
        tensors.update({k: v.bfloat16() for k, v in head.state_dict().items()})
        save_file(tensors, path, metadata={"format": "pt"})
        configure(directory, architectures=[architecture])
        step = tok.token_to_id("<extra_0>")
        texts = ["the river<extra_0> runs to the sea <extra_0>", "what is green?<extra_0>"]
        rows = []
        for text in texts:
            ids = tok.encode(text).ids
            with torch.no_grad():
                logits = head.score(model(torch.tensor([ids])).last_hidden_state[0])
            rows.append(logits[[i == step for i in ids]] if labels == 2 else logits[-1])
        cases = [{"call": "classify", "raw": True, "inputs": texts,
                  "rows": [digits(r) for r in rows]},
                 {"call": "classify", "raw": False, "inputs": texts,
                  "rows": [digits(r.softmax(-1) if labels == 2 else r) for r in rows]}]
        finish(directory, cases)


def step_tokens():
    """math-shepherd's way: the language model's logits of two tokens behind each step."""
    made = start("step-tokens", t.MistralForCausalLM, t.MistralConfig(
        **SIZES, num_key_value_heads=1, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        tie_word_embeddings=False), added=["<step>"])
    if not made:
        return
    directory, model, tok = made
    step, candidates = tok.token_to_id("<step>"), [tok.token_to_id("green"), tok.token_to_id("old")]
    write(directory, "overrides.json", {
        "task": "token-classify", "returned_token_ids": candidates, "step_tag_id": step})
    texts = ["the river<step> runs to the sea <step>", "what is green?<step>"]
    rows = []
    for text in texts:
        ids = tok.encode(text).ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0][:, candidates]
        rows.append(logits[[i == step for i in ids]])
    finish(directory, [
        {"call": "classify", "raw": raw, "inputs": texts,
         "rows": [digits(r if raw else r.softmax(-1)) for r in rows]} for raw in (True, False)])


# MARK: sparse


def sparse(rows):
    result = []
    for row in rows:
        ids = row.nonzero()[:, 0]
        result.append({"ids": ids.tolist(), "weights": digits(row[ids])})
    return result


def splade():
    modern = dict(**SIZES, pad_token_id=0, local_attention=8, bos_token_id=2, eos_token_id=3,
                  cls_token_id=2, sep_token_id=3)
    for name, cls, config, function, layout in [
        ("splade-bert", t.BertForMaskedLM, t.BertConfig(**SIZES), "relu", "old"),
        ("splade-distilbert", t.DistilBertForMaskedLM, t.DistilBertConfig(
            dim=24, n_layers=2, n_heads=3, hidden_dim=20, max_position_embeddings=64),
         "log1p_relu", "old"),
        ("splade-roberta", t.RobertaForMaskedLM, t.RobertaConfig(
            **SIZES, type_vocab_size=1, pad_token_id=1), "relu", "new"),
        ("splade-modernbert", t.ModernBertForMaskedLM, t.ModernBertConfig(**modern), "relu",
         "new"),
    ]:
        made = start(name, cls, config)
        if not made:
            continue
        directory, _, _ = made
        types = {"old": ["sentence_transformers.sparse_encoder.models.MLMTransformer",
                         "sentence_transformers.sparse_encoder.models.SpladePooling"],
                 "new": ["sentence_transformers.base.modules.transformer.Transformer",
                         "sentence_transformers.sparse_encoder.modules.splade_pooling"
                         ".SpladePooling"]}[layout]
        write(directory, "modules.json", [
            {"idx": 0, "name": "0", "path": "", "type": types[0]},
            {"idx": 1, "name": "1", "path": "1_SpladePooling", "type": types[1]}])
        write(directory, "1_SpladePooling/config.json", {
            "pooling_strategy": "max", "activation_function": function})
        settings = {"max_seq_length": 40, "do_lower_case": False}
        if layout == "new":
            settings["transformer_task"] = "fill-mask"
        write(directory, "sentence_bert_config.json", settings)
        write(directory, "config_sentence_transformers.json", {
            "model_type": "SparseEncoder", "prompts": {}, "default_prompt_name": None,
            "similarity_fn_name": "dot"})
        from sentence_transformers import SparseEncoder
        model = SparseEncoder(directory, device="cpu")
        rows = [model.encode([x], convert_to_sparse_tensor=False)[0] for x in TEXTS]
        pairs = [[0, 1], [1, 2], [2, 4], [3, 0], [0, 4]]
        finish(directory, [
            {"call": "embed", "prompt": None, "output": None, "inputs": TEXTS,
             "sparse": sparse(rows)},
            {"call": "score", "pairs": [[TEXTS[q], TEXTS[d]] for q, d in pairs],
             "scores": [(rows[q] @ rows[d]).item() for q, d in pairs]}])


def token_vectors():
    """What SentenceTransformer gives for output_value="token_embeddings"."""
    made = start("vectors-of-tokens", t.BertModel, t.BertConfig(**SIZES))
    if not made:
        return
    directory, _, _ = made
    write(directory, "modules.json", [
        {"idx": i, "name": str(i), "path": p, "type": "sentence_transformers.models." + k}
        for i, (k, p) in enumerate([("Transformer", ""), ("Pooling", "1_Pooling"),
                                    ("Normalize", "2_Normalize")])])
    write(directory, "1_Pooling/config.json",
          {"word_embedding_dimension": 24, "pooling_mode_mean_tokens": True})
    os.makedirs(os.path.join(directory, "2_Normalize"))
    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer(directory, device="cpu")
    rows = [model.encode([x], output_value="token_embeddings")[0] for x in TEXTS]
    vectors = [torch.as_tensor(model.encode([x])[0]) for x in TEXTS]
    os.rmdir(os.path.join(directory, "2_Normalize"))
    finish(directory, [
        {"call": "embed", "prompt": None, "output": "tokens", "inputs": TEXTS,
         "rows": [digits(torch.as_tensor(r)) for r in rows]},
        {"call": "embed", "prompt": None, "output": "vector", "inputs": TEXTS,
         "rows": [digits(v) for v in vectors]}])


def bge_m3():
    """FlagEmbedding's M3: a dense vector, a weight for each token, a vector for each token."""
    made = start("bge-m3", t.XLMRobertaModel, t.XLMRobertaConfig(
        **SIZES, type_vocab_size=1, pad_token_id=1))
    if not made:
        return
    directory, model, tok = made
    write(directory, "tokenizer_config.json", {
        "cls_token": "[CLS]", "eos_token": "[SEP]", "pad_token": {"content": "[PAD]"},
        "unk_token": "[UNK]", "model_max_length": 60})
    write(directory, "modules.json", [
        {"idx": i, "name": str(i), "path": p, "type": "sentence_transformers.models." + k}
        for i, (k, p) in enumerate([("Transformer", ""), ("Pooling", "1_Pooling"),
                                    ("Normalize", "2_Normalize")])])
    write(directory, "1_Pooling/config.json",
          {"word_embedding_dimension": 24, "pooling_mode_cls_token": True})
    sparse_linear, colbert_linear = torch.nn.Linear(24, 1), torch.nn.Linear(24, 24)
    with torch.no_grad():
        randomize(sparse_linear.state_dict(), 3)
        randomize(colbert_linear.state_dict(), 4)
    torch.save(sparse_linear.state_dict(), os.path.join(directory, "sparse_linear.pt"))
    torch.save({k: v.half() for k, v in colbert_linear.state_dict().items()},
               os.path.join(directory, "colbert_linear.pt"))
    dense, rows, weights = [], [], []
    for text in TEXTS:
        ids = tok.encode(text).ids
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0]
            dense.append(torch.nn.functional.normalize(states[0], dim=0))
            rows.append(torch.nn.functional.normalize(colbert_linear(states[1:]), dim=-1))
            own = torch.zeros(model.config.vocab_size)
            for id, weight in zip(ids, torch.relu(sparse_linear(states))[:, 0]):
                if id not in [0, 1, 2, 3]:
                    own[id] = max(own[id], weight)
            weights.append(own)
    finish(directory, [
        {"call": "embed", "prompt": None, "output": None, "inputs": TEXTS,
         "rows": [digits(v) for v in dense]},
        {"call": "embed", "prompt": None, "output": "tokens", "inputs": TEXTS,
         "rows": [digits(r) for r in rows]},
        {"call": "embed", "prompt": None, "output": "sparse", "inputs": TEXTS,
         "sparse": sparse(weights)}])


if __name__ == "__main__":
    bge_m3()
    stanford()
    pylate()
    token_classifiers()
    rewards()
    step_tokens()
    splade()
    token_vectors()
