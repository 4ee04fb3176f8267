/// The names of the families that are encoders.
extension NameScheme {
  /// A layer of BERT, which RoBERTa and ELECTRA share.
  private static let bertLayer = Layer(
    projections: [
      Part("attention.self.query"), Part("attention.self.key"), Part("attention.self.value"),
    ],
    attentionOutput: Part("attention.output.dense"),
    attentionOutputNorm: Part("attention.output.LayerNorm"),
    feedForward: [Part("intermediate.dense")], feedForwardOutput: Part("output.dense"),
    feedForwardOutputNorm: Part("output.LayerNorm"))

  /// `modeling_roberta.py`, and XLM-RoBERTa and CamemBERT.
  static let roberta = NameScheme(
    prefixes: ["", "roberta."], words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings", types: "embeddings.token_type_embeddings",
    embeddingNorm: Part("embeddings.LayerNorm"), layerPrefix: "encoder.layer.#.",
    layer: bertLayer, head: [Part("classifier.dense"), Part("classifier.out_proj")],
    extras: ["#pooler.", "lm_head."])

  /// `modeling_distilbert.py`.
  static let distilBert = NameScheme(
    prefixes: ["", "distilbert."], words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings", embeddingNorm: Part("embeddings.LayerNorm"),
    layerPrefix: "transformer.layer.#.",
    layer: Layer(
      projections: [
        Part("attention.q_lin"), Part("attention.k_lin"), Part("attention.v_lin"),
      ],
      attentionOutput: Part("attention.out_lin"), attentionOutputNorm: Part("sa_layer_norm"),
      feedForward: [Part("ffn.lin1")], feedForwardOutput: Part("ffn.lin2"),
      feedForwardOutputNorm: Part("output_layer_norm")),
    head: [Part("pre_classifier"), Part("classifier")], extras: ["vocab_"])

  /// `modeling_mpnet.py`.
  static let mpnet = NameScheme(
    prefixes: ["", "mpnet."], words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings", embeddingNorm: Part("embeddings.LayerNorm"),
    distances: "encoder.relative_attention_bias", layerPrefix: "encoder.layer.#.",
    layer: Layer(
      projections: [Part("attention.attn.q"), Part("attention.attn.k"), Part("attention.attn.v")],
      attentionOutput: Part("attention.attn.o"),
      attentionOutputNorm: Part("attention.LayerNorm"),
      feedForward: [Part("intermediate.dense")], feedForwardOutput: Part("output.dense"),
      feedForwardOutputNorm: Part("output.LayerNorm")),
    head: [Part("classifier.dense"), Part("classifier.out_proj")],
    extras: ["#pooler.", "lm_head."])

  /// `modeling_electra.py`.
  static let electra = NameScheme(
    prefixes: ["", "electra."], words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings", types: "embeddings.token_type_embeddings",
    embeddingNorm: Part("embeddings.LayerNorm"),
    embeddingProjection: Part("embeddings_project"), layerPrefix: "encoder.layer.#.",
    layer: bertLayer, head: [Part("classifier.dense"), Part("classifier.out_proj")],
    extras: ["discriminator_predictions.", "generator_predictions.", "generator_lm_head."])

  /// `modeling_albert.py`: one layer's weights for all layers.
  static let albert = NameScheme(
    prefixes: ["", "albert."], words: "embeddings.word_embeddings",
    positions: "embeddings.position_embeddings", types: "embeddings.token_type_embeddings",
    embeddingNorm: Part("embeddings.LayerNorm"),
    embeddingProjection: Part("encoder.embedding_hidden_mapping_in"),
    layerPrefix: "encoder.albert_layer_groups.0.albert_layers.0.",
    layer: Layer(
      projections: [Part("attention.query"), Part("attention.key"), Part("attention.value")],
      attentionOutput: Part("attention.dense"),
      attentionOutputNorm: Part("attention.LayerNorm"), feedForward: [Part("ffn")],
      feedForwardOutput: Part("ffn_output"),
      feedForwardOutputNorm: Part("full_layer_layer_norm")),
    head: [Part("#pooler"), Part("classifier")], extras: ["predictions.", "sop_classifier."])

  /// `modeling_modernbert.py`.
  static let modernBert: NameScheme = {
    let norm = Bias.key("norm_bias", fallback: false)
    let attention = Bias.key("attention_bias", fallback: false)
    let mlp = Bias.key("mlp_bias", fallback: false)
    return NameScheme(
      prefixes: ["", "model."], words: "embeddings.tok_embeddings",
      embeddingNorm: Part("embeddings.norm", norm), layerPrefix: "layers.#.",
      layer: Layer(
        attentionNorm: Part("attn_norm", norm), startsWithNorm: false,
        projections: [Part("attn.Wqkv", attention)],
        attentionOutput: Part("attn.Wo", attention), feedForwardNorm: Part("mlp_norm", norm),
        feedForward: [Part("mlp.Wi", mlp)], feedForwardOutput: Part("mlp.Wo", mlp)),
      finalNorm: Part("final_norm", norm),
      head: [
        Part("head.dense", .key("classifier_bias", fallback: false)), Part("classifier"),
      ],
      headNorm: Part("head.norm", norm), extras: ["decoder."])
  }()

  /// The names of nomic-ai's own code, under which its checkpoints are stored.
  static let nomicBert = NameScheme(
    prefixes: ["", "bert.", "nomic_bert."], words: "embeddings.word_embeddings",
    types: "embeddings.token_type_embeddings", typesKey: "type_vocab_size",
    embeddingNorm: Part("emb_ln"), layerPrefix: "encoder.layers.#.",
    layer: Layer(
      projections: [Part("attn.Wqkv", .key("qkv_proj_bias", fallback: false))],
      attentionOutput: Part("attn.out_proj", .key("qkv_proj_bias", fallback: false)),
      attentionOutputNorm: Part("norm1"),
      feedForward: [
        Part("mlp.fc12", .key("mlp_fc1_bias", fallback: false)),
        Part("mlp.fc11", .key("mlp_fc1_bias", fallback: false)),
      ],
      feedForwardOutput: Part("mlp.fc2", .key("mlp_fc2_bias", fallback: false)),
      feedForwardOutputNorm: Part("norm2")),
    variants: Variants(
      activationKey: "activation_function", gatedActivation: "swiglu",
      ungated: Part("mlp.fc1", .key("mlp_fc1_bias", fallback: false)),
      expertsKey: "moe_every_n_layers", router: Part("mlp.router.layer", .never),
      experts: "mlp.experts.mlp.w1", expertsOutput: "mlp.experts.mlp.w2",
      expertsBias: "mlp.experts.bias"),
    head: [Part("#pooler.dense"), Part("classifier")], extras: ["#pooler.", "cls."])

  /// The names of Alibaba-NLP's own code (`NewModel`).
  static let gte = NameScheme(
    prefixes: ["", "new.", "gte."], words: "embeddings.word_embeddings",
    types: "embeddings.token_type_embeddings", typesKey: "type_vocab_size",
    embeddingNorm: Part("embeddings.LayerNorm"), layerPrefix: "encoder.layer.#.",
    layer: Layer(
      projections: [Part("attention.qkv_proj")], attentionOutput: Part("attention.o_proj"),
      attentionOutputNorm: Part("attn_ln"), feedForward: [Part("mlp.up_gate_proj", .never)],
      feedForwardOutput: Part("mlp.down_proj"), feedForwardOutputNorm: Part("mlp_ln")),
    head: [Part("#pooler.dense"), Part("classifier")], extras: ["#pooler.", "lm_head."])

  /// `modeling_deberta_v2.py`, versions 2 and 3.
  static let debertaV2 = NameScheme(
    prefixes: ["", "deberta."], words: "embeddings.word_embeddings",
    types: "embeddings.token_type_embeddings", typesKey: "type_vocab_size",
    embeddingNorm: Part("embeddings.LayerNorm"), distances: "encoder.rel_embeddings",
    distanceNorm: Part("encoder.LayerNorm"),
    convolution: (Part("encoder.conv.conv"), Part("encoder.conv.LayerNorm")),
    layerPrefix: "encoder.layer.#.",
    layer: Layer(
      projections: [
        Part("attention.self.query_proj"), Part("attention.self.key_proj"),
        Part("attention.self.value_proj"),
      ],
      distanceKey: Part("attention.self.pos_key_proj"),
      distanceQuery: Part("attention.self.pos_query_proj"),
      attentionOutput: Part("attention.output.dense"),
      attentionOutputNorm: Part("attention.output.LayerNorm"),
      feedForward: [Part("intermediate.dense")], feedForwardOutput: Part("output.dense"),
      feedForwardOutputNorm: Part("output.LayerNorm")),
    head: [Part("pooler.dense"), Part("classifier")],
    extras: ["lm_predictions.", "mask_predictions.", "cls.", "#embeddings.position_embeddings."])
}
