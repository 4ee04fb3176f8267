"""Makes Tests/Fixtures/rerankers: tiny random checkpoints that look as published rerankers do, with
the scores that the code of their model cards computes over transformers in fp32.

Each folder is a model directory, with an expected.jsonl beside its files:

  {"query": "...", "document": "...", "instruction": null, "maxTokens": null, "ids": [...],
   "logit": 0.1, "score": 0.5}

`maxTokens` is set where the card's code cut the document. What the cards do is written out here in
the same steps: which parts are tokenised together, what is cut, which logits are taken. The folder
`include-prompt` is an embedding model of sentence-transformers whose prompts are not pooled; its
lines have "text", "prompt" and "vector".

Needs the packages of requirements.txt; run it from the repository's root:

  python Tests/FixtureMakers/make_reranker_fixtures.py
"""

import json
import math
import os
import shutil

import torch
import transformers as t
from safetensors.torch import load_file, save_file
from tokenizers import (AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers,
                        processors, trainers)

ROOT = os.path.join(os.path.dirname(__file__), "..", "Fixtures", "rerankers")
WORDS = """yes no Yes No 0 1 system user assistant query document passage question the answer is of a
Query Document Instruct instruction relevant search web You are Judge tide water low noon boats for
hire river mill pond grain flour wheel harbour moon pulls sea""".split()
PAIRS = [
    ("when is low water", "The tide is out at noon."),
    ("when is low water", "Boats for hire."),
    ("a mill?", "The wheel of the mill turns; the river fills the pond behind it."),
    ("", "an empty query"),
    ("an empty document", ""),
    ("spaces ", "  two   lines\nof text \n"),
    ("Überfall am Fluß", "水车 and ½ of the flour"),
]
LONG = ("the moon pulls the sea", "The tide is out at noon, and the harbour is low. " * 12)
SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             intermediate_size=20, max_position_embeddings=600)

torch.set_num_threads(1)
torch.manual_seed(0)


def tokenizer(special, added=(), processor=None):
    """Words and letters, cased, with the given tokens."""
    letters = [chr(c) for c in range(33, 127)]
    entries = list(dict.fromkeys(["[PAD]", "[UNK]", *special, *WORDS, *letters]))
    entries += ["##" + c for c in letters]
    made = Tokenizer(models.WordPiece({w: i for i, w in enumerate(entries)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(
        lowercase=False, strip_accents=False, handle_chinese_chars=True, clean_text=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens([AddedToken(x, special=True) for x in ["[PAD]", "[UNK]", *special]])
    made.add_tokens([AddedToken(x, special=False, normalized=False) for x in added])
    if processor:
        made.post_processor = processor(made)
    return made, len(made.get_vocab())


def byte_level(special, added, text):
    """Byte-level BPE as Qwen's tokenizers are, trained on a little text."""
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
               r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    made.train_from_iterator([text] * 3, trainers.BpeTrainer(
        vocab_size=420, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.add_special_tokens([AddedToken(x, special=True) for x in ["[PAD]", "[UNK]", *special]])
    made.add_tokens([AddedToken(x, special=False, normalized=False) for x in added])
    return made, len(made.get_vocab())


def fast(made):
    return t.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", padding_side="left")


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in sorted(model.state_dict().items()):
        if not tensor.is_floating_point() or "inv_freq" in name:
            continue
        noise = torch.rand(tensor.shape, generator=generator) * 2 - 1
        if tensor.dim() == 1 and name.endswith("weight"):
            noise = noise / 2 + (0 if "Gemma" in type(model).__name__ else 1)
        elif tensor.dim() > 1:
            noise = noise * 2.2 / math.sqrt(tensor.shape[-1])
        else:
            noise = noise / 3
        tensor.copy_(noise.bfloat16().float())
    if hasattr(model, "tie_weights"):
        model.tie_weights()


def build(cls, config, seed):
    config._attn_implementation = "eager"
    model = cls(config).float().eval()
    with torch.no_grad():
        randomize(model, seed)
    return model


def store(name, model, made, edit=None, readme=None, dtype=None):
    directory = os.path.join(ROOT, name)
    shutil.rmtree(directory, ignore_errors=True)
    model.save_pretrained(directory)
    for leftover in ["generation_config.json"]:
        if os.path.exists(os.path.join(directory, leftover)):
            os.remove(os.path.join(directory, leftover))
    made.save(os.path.join(directory, "tokenizer.json"), pretty=False)
    path = os.path.join(directory, "config.json")
    with open(path) as file:
        config = json.load(file)
    config.update(edit or {})
    with open(path, "w") as file:
        json.dump(config, file, indent=1, sort_keys=True)
        file.write("\n")
    if readme:
        with open(os.path.join(directory, "README.md"), "w") as file:
            file.write(readme)
    if dtype:
        weights = os.path.join(directory, "model.safetensors")
        tensors = {k: v.to(dtype).contiguous() for k, v in load_file(weights).items()}
        save_file(tensors, weights, metadata={"format": "pt"})
    return directory


def write(directory, lines):
    with open(os.path.join(directory, "expected.jsonl"), "w") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(os.path.basename(directory), len(lines))


def line(pair, instruction, ids, logit, is_cut):
    return {
        "query": pair[0], "document": pair[1], "instruction": instruction,
        "maxTokens": len(ids) if is_cut else None, "ids": ids, "logit": float(f"{logit:.8g}"),
        "score": float(f"{torch.sigmoid(torch.tensor(logit)).item():.8g}"),
    }


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1]


def qwen3(name="qwen3-reranker"):
    special, added = ["<|im_start|>", "<|im_end|>"], ["<think>", "</think>"]
    if name.endswith("bpe"):
        words = " ".join([" ".join(WORDS), *sum(PAIRS, ()), LONG[1], "\n\n", "no yes " * 20])
        made, size = byte_level(special, added, words + "\nyes\nno")
    else:
        made, size = tokenizer(special, added)
    model = build(t.Qwen3ForCausalLM, t.Qwen3Config(
        vocab_size=size, head_dim=10, tie_word_embeddings=True, **SIZES), 3)
    card = (
        "---\npipeline_tag: text-ranking\n---\n# Qwen3-Reranker-tiny\n\nRandom weights. The prompt:"
        "\n\n    <|im_start|>system\\nJudge whether the Document meets the requirements based on "
        "the Query and the Instruct provided. …\n")
    directory = store(name, model, made, readme=card)
    tok = fast(made)
    prefix = (
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query "
        "and the Instruct provided. Note that the answer can only be \"yes\" or \"no\"."
        "<|im_end|>\n<|im_start|>user\n")
    suffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    prefix_tokens = tok.encode(prefix, add_special_tokens=False)
    suffix_tokens = tok.encode(suffix, add_special_tokens=False)
    no, yes = tok.convert_tokens_to_ids("no"), tok.convert_tokens_to_ids("yes")
    default = "Given a web search query, retrieve relevant passages that answer the query"

    def score(pair, instruction, max_length=8192):
        text = "<Instruct>: {}\n<Query>: {}\n<Document>: {}".format(
            instruction or default, pair[0], pair[1])
        room = max_length - len(prefix_tokens) - len(suffix_tokens)
        ids = tok([text], padding=False, truncation="longest_first", max_length=room)["input_ids"][0]
        ids = prefix_tokens + ids + suffix_tokens
        last = logits(model, ids)
        pair_logits = torch.stack([last[no], last[yes]])
        probability = torch.nn.functional.log_softmax(pair_logits, dim=0)[1].exp().item()
        made_line = line(pair, instruction, ids, (last[yes] - last[no]).item(), max_length < 8192)
        assert abs(made_line["score"] - probability) < 1e-6
        return made_line

    lines = [score(pair, None) for pair in PAIRS]
    lines += [score(pair, "Judge the water") for pair in PAIRS[:2]]
    longest = len(score(LONG, None)["ids"])
    lines += [score(LONG, None, n) for n in (longest - 1, longest - 40, longest - 100)]
    write(directory, lines)


def mxbai():
    # The card's code adds no special tokens, whatever the tokenizer would.
    def around(made):
        ids = [(x, made.token_to_id(x)) for x in ("<|im_start|>", "<|im_end|>")]
        return processors.TemplateProcessing(
            single="<|im_start|> $A <|im_end|>", pair="<|im_start|> $A $B <|im_end|>",
            special_tokens=ids)

    made, size = tokenizer(["<|im_start|>", "<|im_end|>"], processor=around)
    model = build(t.Qwen2ForCausalLM, t.Qwen2Config(
        vocab_size=size, tie_word_embeddings=False, **SIZES), 5)
    card = (
        "---\npipeline_tag: text-ranking\n---\n# tiny\n\n    from mxbai_rerank import MxbaiRerankV2\n"
        "\n    model = MxbaiRerankV2(\"mixedbread-ai/mxbai-rerank-base-v2\")\n")
    directory = store("mxbai-rerank-v2", model, made, readme=card, dtype=torch.bfloat16)
    tok = fast(made)

    def tokens(text, **options):
        return tok(text, return_tensors=None, add_special_tokens=False, **options)["input_ids"]

    sep = tokens("\n")
    task = tokens(
        "You are a search relevance expert who evaluates how well documents match search queries. "
        "For each query-document pair, carefully analyze the semantic relationship between them, "
        "then provide your binary relevance judgment (0 for not relevant, 1 for relevant).\n"
        "Relevance:")
    prefix = tokens(
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        "<|im_end|>\n<|im_start|>user\n")
    suffix = tokens("<|im_end|>\n<|im_start|>assistant\n")
    yes, no = tokens("1")[0], tokens("0")[0]

    def score(pair, instruction, max_length=8192):
        query = f"query: {pair[0]}"
        if instruction:
            query = "".join([f"instruction: {instruction}", "\n", query])
        query_ids = tokens(query)
        document_ids = sep + tokens(f"document: {pair[1]}")
        ids = query_ids + document_ids[:max_length - len(query_ids)]
        ids = prefix + ids + sep + task + suffix
        last = logits(model, ids)
        return line(pair, instruction, ids, (last[yes] - last[no]).item(), max_length < 8192)

    lines = [score(pair, None) for pair in PAIRS]
    lines += [score(pair, "Judge the water") for pair in PAIRS[:2]]
    lines += [score(LONG, None, n) for n in (30, 60, 100)]
    write(directory, lines)


def bge():
    def around(made):
        return processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A <bos> $B",
            special_tokens=[("<bos>", made.token_to_id("<bos>"))])

    made, size = tokenizer(["<bos>", "<eos>"], processor=around)
    model = build(t.GemmaForCausalLM, t.GemmaConfig(
        vocab_size=size, head_dim=8, hidden_activation="gelu_pytorch_tanh", **SIZES), 7)
    directory = store("bge-reranker-v2-gemma", model, made,
                      edit={"_name_or_path": "BAAI/bge-reranker-v2-gemma"})
    tok = fast(made)

    def tokens(text):
        return tok(text, return_tensors=None, add_special_tokens=False)["input_ids"]

    default = (
        "Given a query A and a passage B, determine whether the passage contains an answer to the "
        "query by providing a prediction of either 'Yes' or 'No'.")
    sep = tokens("\n")
    yes = tokens("Yes")[0]
    bos = tok.convert_tokens_to_ids("<bos>")

    def score(pair, prompt, max_length=8192):
        prompt_ids = tokens(prompt or default)
        first = [bos] + tokens(f"A: {pair[0]}")
        second = sep + tokens(f"B: {pair[1]}")
        ids = first + second[:max_length - len(first)] + sep + prompt_ids
        last = logits(model, ids)
        return line(pair, prompt, ids, last[yes].item(), max_length < 8192)

    lines = [score(pair, None) for pair in PAIRS]
    lines += [score(PAIRS[0], "Given a question A and a passage B, answer Yes or No.")]
    lines += [score(LONG, None, n) for n in (20, 60, 100)]
    write(directory, lines)


def nemotron():
    def around(made):
        return processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A <bos> $B",
            special_tokens=[("<bos>", made.token_to_id("<bos>"))])

    made, size = tokenizer(["<bos>"], processor=around)
    model = build(t.LlamaForSequenceClassification, t.LlamaConfig(
        vocab_size=size, num_labels=1, pad_token_id=0, **SIZES), 11)
    card = 'def prompt_template(query, passage):\n    return f"question:{query} \\n \\n passage:{passage}"\n'
    directory = store(
        "llama-nemotron-rerank", model, made, readme=card,
        edit={"architectures": ["LlamaBidirectionalForSequenceClassification"], "pooling": "avg",
              "model_type": "llama_bidirec", "temperature": 0.5})
    tok = fast(made)

    def score(pair, max_length=8192):
        ids = tok(f"question:{pair[0]} \n \n passage:{pair[1]}", truncation=True,
                  max_length=max_length)["input_ids"]
        mask = torch.zeros(1, 1, len(ids), len(ids))
        with torch.no_grad():
            states = model.model(torch.tensor([ids]), attention_mask=mask).last_hidden_state
            logit = (model.score(states.mean(1)) / 0.5).item()
        return line(pair, None, ids, logit, max_length < 8192)

    lines = [score(pair) for pair in PAIRS] + [score(LONG, n) for n in (40, 90)]
    write(directory, lines)


def logit_score():
    """A cross-encoder as sentence-transformers itself saves it."""
    from sentence_transformers import CrossEncoder

    def around(made):
        return processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s> $B:1",
            special_tokens=[("<s>", made.token_to_id("<s>"))])

    made, size = tokenizer(["<s>"], processor=around)
    model = build(t.LlamaForCausalLM, t.LlamaConfig(
        vocab_size=size, tie_word_embeddings=False, **SIZES), 13)
    directory = store("logit-score", model, made)
    fast(made).save_pretrained(directory)
    encoder = CrossEncoder(directory, device="cpu")
    encoder.default_prompt_name = None
    encoder.prompts = {"tide": "tide: "}
    encoder.save_pretrained(directory)
    for leftover in ["README.md", "generation_config.json", "special_tokens_map.json"]:
        if os.path.exists(os.path.join(directory, leftover)):
            os.remove(os.path.join(directory, leftover))
    tok = encoder.tokenizer
    lines = []
    for pair in PAIRS:
        for prompt in [None, "tide"]:
            text = (encoder.prompts[prompt] if prompt else "") + pair[0]
            ids = tok([text], [pair[1]])["input_ids"][0]
            raw = encoder.predict([pair], prompt_name=prompt, activation_fn=torch.nn.Identity())[0]
            made_line = line(pair, None, ids, float(raw), False)
            made_line["prompt"] = prompt
            lines.append(made_line)
    write(directory, lines)


def include_prompt():
    """An embedding model whose prompts are not pooled."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    def around(made):
        ids = [(x, made.token_to_id(x)) for x in ("[CLS]", "[SEP]")]
        return processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids)

    made, size = tokenizer(["[CLS]", "[SEP]"], processor=around)
    sizes = {k: v for k, v in SIZES.items() if k != "num_key_value_heads"}
    model = build(t.BertModel, t.BertConfig(vocab_size=size, **sizes), 17)
    for mode in ["mean", "cls", "max"]:
        directory = store(f"include-prompt-{mode}", model, made)
        t.PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
            sep_token="[SEP]").save_pretrained(directory)
        modules = [Transformer(directory),
                   Pooling(sizes["hidden_size"], mode, include_prompt=False)]
        encoder = SentenceTransformer(
            modules=modules, prompts={"query": "search query: ", "other": "Judge the document"},
            device="cpu")
        encoder.save(directory, create_model_card=False)
        made.save(os.path.join(directory, "tokenizer.json"), pretty=False)
        for leftover in ["README.md", "special_tokens_map.json"]:
            if os.path.exists(os.path.join(directory, leftover)):
                os.remove(os.path.join(directory, leftover))
        lines = []
        for text in [pair[1] for pair in PAIRS]:
            for prompt in [None, "query", "other"]:
                vector = encoder.encode([text], prompt_name=prompt, normalize_embeddings=False)[0]
                lines.append({"text": text, "prompt": prompt,
                              "vector": [float(f"{x:.8g}") for x in vector.tolist()]})
        write(directory, lines)


if __name__ == "__main__":
    qwen3()
    qwen3("qwen3-reranker-bpe")
    mxbai()
    bge()
    nemotron()
    logit_score()
    include_prompt()
