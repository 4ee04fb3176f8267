import TestSupport
import Testing

/// One way to damage a directory, and what the worker must say of it.
struct ModelDamage: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var says: [String]
  var damage: @Sendable (ModelCopy) throws -> Void

  init(
    _ description: String, says: String..., damage: @escaping @Sendable (ModelCopy) throws -> Void
  ) {
    testDescription = description
    self.says = says
    self.damage = damage
  }
}

extension ModelDamage {
  /// Of the small classifier.
  static let classifier: [ModelDamage] = [
    ModelDamage("no config.json", says: "config.json") { try $0.remove("config.json") },
    ModelDamage("config.json cut", says: "config.json") { try $0.cut("config.json", to: 200) },
    ModelDamage("config.json empty", says: "config.json") { try $0.write("config.json", "") },
    ModelDamage("config.json no object", says: "config.json") {
      try $0.write("config.json", "[1]")
    },
    ModelDamage("no class", says: "config.json", "architectures") {
      try $0.setTopLevel("config.json", "architectures", to: nil)
      try $0.setTopLevel("config.json", "model_type", to: nil)
    },
    ModelDamage("a class that nobody knows", says: "config.json", "architectures", "BertForFun") {
      try $0.setTopLevel("config.json", "architectures", to: #"["BertForFun"]"#)
    },
    ModelDamage("a size that is a text", says: "config.json", "hidden_size") {
      try $0.setTopLevel("config.json", "hidden_size", to: #""128""#)
    },
    ModelDamage("a size that is missing", says: "config.json", "num_attention_heads") {
      try $0.setTopLevel("config.json", "num_attention_heads", to: nil)
    },
    ModelDamage("a size below zero", says: "config.json", "intermediate_size") {
      try $0.setTopLevel("config.json", "intermediate_size", to: "-512")
    },
    ModelDamage("heads that do not divide", says: "config.json", "num_attention_heads") {
      try $0.setTopLevel("config.json", "num_attention_heads", to: "5")
    },
    ModelDamage("an activation that nobody knows", says: "config.json", "hidden_act", "swagger") {
      try $0.setTopLevel("config.json", "hidden_act", to: #""swagger""#)
    },
    ModelDamage("positions of another kind", says: "config.json", "position_embedding_type") {
      try $0.setTopLevel("config.json", "position_embedding_type", to: #""relative_key""#)
    },
    ModelDamage("another width than the weights'", says: "model.safetensors", "bert.") {
      try $0.setTopLevel("config.json", "hidden_size", to: "256")
    },
    ModelDamage("more layers than the weights have", says: "model.safetensors", "encoder.layer.3.")
    {
      try $0.setTopLevel("config.json", "num_hidden_layers", to: "4")
    },
    ModelDamage("fewer layers than the weights have", says: "model.safetensors", "encoder.layer.2.")
    {
      try $0.setTopLevel("config.json", "num_hidden_layers", to: "2")
    },
    ModelDamage("no weights", says: "model.safetensors") { try $0.remove("model.safetensors") },
    ModelDamage("weights cut in half", says: "model.safetensors") {
      try $0.cut("model.safetensors", to: 1_600_000)
    },
    ModelDamage("weights cut in their header", says: "model.safetensors") {
      try $0.cut("model.safetensors", to: 100)
    },
    ModelDamage("weights cut in their first number", says: "model.safetensors") {
      try $0.cut("model.safetensors", to: 5)
    },
    ModelDamage("weights that are no safetensors", says: "model.safetensors") {
      try $0.write("model.safetensors", String(repeating: "no tensors here ", count: 1_000))
    },
    ModelDamage("a tensor that is missing", says: "model.safetensors", "classifier.weight") {
      try $0.replace("model.safetensors", "\"classifier.weight\"", with: "\"classifier.height\"")
    },
    ModelDamage("a tensor of whole numbers", says: "model.safetensors", "I16") {
      try $0.replace("model.safetensors", #""dtype":"F16""#, with: #""dtype":"I16""#)
    },
    ModelDamage("no tokenizer", says: "tokenizer.json") { try $0.remove("tokenizer.json") },
    ModelDamage("the tokenizer cut", says: "tokenizer.json") {
      try $0.cut("tokenizer.json", to: 20_000)
    },
    ModelDamage("a tokenizer without a model", says: "tokenizer.json", "model") {
      try $0.setTopLevel("tokenizer.json", "model", to: nil)
    },
    ModelDamage("a tokenizer of another kind", says: "tokenizer.json", "Unigram") {
      try $0.setTopLevel("tokenizer.json", "model", to: #"{"type":"Unigram","vocab":[]}"#)
    },
    ModelDamage("a normalizer that nobody knows", says: "tokenizer.json", "normalizer", "Upside") {
      try $0.setTopLevel("tokenizer.json", "normalizer", to: #"{"type":"Upside"}"#)
    },
    ModelDamage("more tokens than embeddings", says: "tokenizer.json", "vocab_size") {
      try $0.setTopLevel(
        "tokenizer.json", "added_tokens",
        to: """
          [{"id":9000,"content":"[NEW]","single_word":false,"lstrip":false,"rstrip":false,
          "normalized":false,"special":true}]
          """)
    },
    ModelDamage("a limit over the positions", says: "max_seq_length", "max_position_embeddings") {
      try $0.write("sentence_bert_config.json", #"{"max_seq_length": 4096}"#)
    },
    ModelDamage("a problem type that nobody knows", says: "config.json", "problem_type") {
      try $0.setTopLevel("config.json", "problem_type", to: #""guessing""#)
    },
    ModelDamage("labels with a gap", says: "config.json", "id2label") {
      try $0.setTopLevel("config.json", "id2label", to: #"{"0":"a","2":"b"}"#)
    },
  ]

  /// Of the default model.
  static let embedder: [ModelDamage] = [
    ModelDamage(
      "a pooling mode that nobody knows", says: "1_Pooling/config.json", "pooling_mode_median"
    ) {
      try $0.write(
        "1_Pooling/config.json",
        #"{"word_embedding_dimension":384,"pooling_mode_median":true}"#)
    },
    ModelDamage("no pooling mode", says: "1_Pooling/config.json") {
      try $0.setTopLevel("1_Pooling/config.json", "pooling_mode_mean_tokens", to: "false")
    },
    ModelDamage("no pooling config", says: "1_Pooling/config.json") {
      try $0.remove("1_Pooling/config.json")
    },
    ModelDamage("a module that nobody knows", says: "modules.json", "Dense") {
      try $0.replace("modules.json", "models.Normalize", with: "models.Dense")
    },
    ModelDamage("modules.json cut", says: "modules.json") { try $0.cut("modules.json", to: 60) },
    ModelDamage("a default prompt that is not there", says: "config_sentence_transformers.json") {
      try $0.write(
        "config_sentence_transformers.json",
        #"{"prompts":{"query":"query: "},"default_prompt_name":"passage"}"#)
    },
  ]
}
