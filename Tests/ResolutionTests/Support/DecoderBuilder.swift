import Resolution

/// What the tests of rerankers need of a model directory: a language model of one layer.
extension ModelBuilder {
  /// A Qwen3, Qwen2, Gemma or Llama of that class with a vocabulary that has the answers of
  /// rerankers; `extra` adds members to `config.json`, each with a comma before it.
  static func decoder(
    _ architecture: String, head: String? = nil, extra: String = ""
  ) throws -> ModelBuilder {
    let model = try ModelBuilder()
    let sizes =
      #""hidden_size":4,"num_hidden_layers":1,"max_position_embeddings":64,"vocab_size":8,"#
      + #""num_attention_heads":2,"num_key_value_heads":1,"intermediate_size":6,"head_dim":2,"#
      + #""tie_word_embeddings":true"#
    try model.write("config.json", #"{"architectures":["\#(architecture)"],\#(sizes)\#(extra)}"#)
    try model.write(
      "tokenizer.json",
      #"""
      {"added_tokens":[{"id":7,"content":"<|im_end|>","special":true}],
       "model":{"type":"BPE","vocab":{"no":0,"yes":1,"0":2,"1":3,"Yes":4,"maybe":5}}}
      """#)
    model.tensors = ["embed_tokens.weight": [8, 4], "norm.weight": [4]]
    let maps = [
      ("self_attn.q_proj", 4, 4), ("self_attn.k_proj", 2, 4), ("self_attn.v_proj", 2, 4),
      ("self_attn.o_proj", 4, 4), ("mlp.gate_proj", 6, 4), ("mlp.up_proj", 6, 4),
      ("mlp.down_proj", 4, 6),
    ]
    for (name, rows, columns) in maps {
      model.tensors["layers.0.\(name).weight"] = [rows, columns]
    }
    for name in ["input_layernorm", "post_attention_layernorm"] {
      model.tensors["layers.0.\(name).weight"] = [4]
    }
    if architecture.hasPrefix("Qwen2") {
      for (name, rows) in [("q_proj", 4), ("k_proj", 2), ("v_proj", 2)] {
        model.tensors["layers.0.self_attn.\(name).bias"] = [rows]
      }
    }
    if architecture.hasPrefix("Qwen3") {
      for name in ["q_norm", "k_norm"] { model.tensors["layers.0.self_attn.\(name).weight"] = [2] }
    }
    if let head { model.tensors[head] = [1, 4] }
    return model
  }

  /// The rule that decided a fact, nil where there is no plan.
  func rule(_ fact: Fact, _ overrides: Overrides = Overrides()) throws -> String? {
    try resolve(overrides).rules.first { $0.fact == fact }?.rule
  }
}
