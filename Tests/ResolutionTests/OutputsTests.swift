import Resolution
import Testing

@Suite("labels, activation and score")
struct OutputsTests {
  @Test("labels come from id2label by number, else from num_labels, else there are two")
  func labels() throws {
    let model = try ModelBuilder(labels: 3)
    #expect(try model.resolve().labels == ["LABEL_0", "LABEL_1", "LABEL_2"])
    try model.configure(#""id2label":{"2":"c","0":"a","1":"b"}"#)
    #expect(try model.resolve().labels == ["a", "b", "c"])
    let two = try ModelBuilder(labels: 2)
    try two.configure(#""num_labels":null"#)
    let plan = try two.resolve()
    #expect(plan.labels == ["LABEL_0", "LABEL_1"])
    #expect(plan.rules.contains { $0.rule == "labels.class-default" })
  }

  @Test(
    "labels that contradict themselves are refused",
    arguments: [
      (
        #""id2label":{"0":"a","2":"c","3":"d"}"#,
        "id2label has the key '3', but its 3 keys must be 0 to 2"
      ),
      (
        #""id2label":{"0":"a","0":"b","1":"c"}"#,
        "id2label has the key '0', but its 3 keys must be 0 to 2"
      ),
      (#""id2label":{"x":"a"}"#, "id2label has the key 'x', but its 1 keys must be 0 to 0"),
      (#""id2label":{"0":7}"#, "id2label.0 is not a string"),
      (#""id2label":["a"]"#, "id2label is not an object"),
      (#""id2label":{},"num_labels":null"#, "id2label is empty"),
      (#""id2label":{"0":"a","1":"b"}"#, "num_labels is 3, but id2label has 2 labels"),
    ])
  func labelRefusals(members: String, message: String) throws {
    let model = try ModelBuilder(labels: 3)
    try model.configure(members)
    #expect(
      model.failure() == ResolutionError(.malformed, "\(model.path)/config.json: \(message)"))
  }

  @Test("labels that the head does not have are refused with both counts")
  func labelShape() throws {
    let model = try ModelBuilder(labels: 3)
    model.tensors["classifier.weight"] = [2, 4]
    #expect(
      model.failure()
        == ResolutionError(
          .malformed,
          "\(model.path)/model.safetensors: tensor 'classifier.weight' has the shape "
            + "[2, 4], but \(model.path)/config.json gives 3 labels (id2label or num_labels)"))
  }

  @Test(
    "the activation follows the declared one, then problem_type, then the number of labels",
    arguments: [
      (1, "", Activation.sigmoid), (2, "", .softmax), (3, "", .softmax),
      (1, #","problem_type":"regression""#, .identity),
      (3, #","problem_type":"multi_label_classification""#, .sigmoid),
      (3, #","problem_type":"single_label_classification""#, .softmax),
      (1, #","problem_type":"single_label_classification""#, .sigmoid),
      (
        1, #","sentence_transformers":{"activation_fn":"torch.nn.modules.linear.Identity"}"#,
        .identity
      ),
      (
        3, #","sentence_transformers":{"activation_fn":"torch.nn.modules.activation.Sigmoid"}"#,
        .sigmoid
      ),
      (
        3, #","sbert_ce_default_activation_function":"torch.nn.modules.activation.Softmax""#,
        .softmax
      ),
      (
        1, #","sbert_ce_default_activation_function":"torch.nn.modules.linear.Identity""#,
        .identity
      ),
      (
        2,
        #","problem_type":"regression","sentence_transformers":{"#
          + #""activation_fn":"torch.nn.modules.activation.Sigmoid"}"#,
        .sigmoid
      ),
    ])
  func activations(labels: Int, members: String, activation: Activation) throws {
    let model = try ModelBuilder(labels: labels)
    try model.configure(#""x":0"# + members)
    #expect(try model.resolve().activation == activation)
  }

  @Test("the activation in the file since 5.4 counts before the older places")
  func newActivation() throws {
    let model = try ModelBuilder(labels: 1)
    try model.configure(
      #""sbert_ce_default_activation_function":"torch.nn.modules.activation.Sigmoid""#)
    try model.addModules(["Transformer"])
    try model.write(
      "config_sentence_transformers.json",
      #"{"model_type":"CrossEncoder","activation_fn":"torch.nn.modules.linear.Identity"}"#)
    #expect(try model.resolve().activation == .identity)
  }

  @Test(
    "an activation that cannot be run is refused",
    arguments: [
      (#""problem_type":"ranking""#, ResolutionError.Code.unsupported, "problem_type is 'ranking'"),
      (
        #""sbert_ce_default_activation_function":"os.system""#, .unsupported,
        "sbert_ce_default_activation_function is 'os.system'; only classes of torch.nn.modules "
          + "are known"
      ),
      (
        #""sentence_transformers":{"activation_fn":"torch.nn.modules.activation.Tanh"}"#,
        .unsupported,
        "sentence_transformers.activation_fn is 'torch.nn.modules.activation.Tanh'; Identity, "
          + "Sigmoid and Softmax can be run"
      ),
      (
        #""sentence_transformers":{"activation_fn":"torch.nn.modules.activation.Softmax"}"#,
        .malformed,
        "sentence_transformers.activation_fn is Softmax, which makes 1 of the model's only output"
      ),
    ])
  func activationRefusals(
    members: String, code: ResolutionError.Code, message: String
  ) throws {
    let model = try ModelBuilder(labels: 1)
    try model.configure(members)
    #expect(model.failure() == ResolutionError(code, "\(model.path)/config.json: \(message)"))
  }

  @Test("one label scores, several refuse to and say why")
  func score() throws {
    let one = try ModelBuilder(labels: 1).resolve()
    #expect(one.score == .crossEncoder)
    #expect(one.scoreRefusal == nil)
    let three = try ModelBuilder(labels: 3).resolve()
    #expect(three.score == .none)
    #expect(
      three.scoreRefusal
        == "the model is a classifier with 3 labels, and a score needs exactly one")
  }
}
