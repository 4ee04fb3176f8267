internal import CWireMessages

/// What a server says of itself.
package struct InfoResponse: Sendable, Equatable {
  /// "worker" or "coordinator".
  package var role: String
  package var version: String
  package var models: [ModelInfo]
  /// Of a coordinator: one for each worker that it knows.
  package var workers: [WorkerInfo]
  package var residentBytes: UInt64
  package var uptimeMilliseconds: UInt64
  /// Of a coordinator: one for each model that it serves.
  package var traffic: [ModelTraffic]

  package init(
    role: String, version: String, models: [ModelInfo], workers: [WorkerInfo] = [],
    residentBytes: UInt64, uptimeMilliseconds: UInt64, traffic: [ModelTraffic] = []
  ) {
    self.role = role
    self.version = version
    self.models = models
    self.workers = workers
    self.residentBytes = residentBytes
    self.uptimeMilliseconds = uptimeMilliseconds
    self.traffic = traffic
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension InfoResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__InfoResponse
  static let messageName: StaticString = "InfoResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__info_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__info_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    role = try raw.role.string("InfoResponse.role")
    version = try raw.version.string("InfoResponse.version")
    models = try values(raw.models, raw.n_models)
    workers = try values(raw.workers, raw.n_workers)
    residentBytes = raw.resident_bytes
    uptimeMilliseconds = raw.uptime_ms
    traffic = try values(raw.traffic, raw.n_traffic)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.role = builder.bytes(role)
    raw.version = builder.bytes(version)
    raw.n_models = models.count
    raw.models = builder.messages(models)
    raw.n_workers = workers.count
    raw.workers = builder.messages(workers)
    raw.resident_bytes = residentBytes
    raw.uptime_ms = uptimeMilliseconds
    raw.n_traffic = traffic.count
    raw.traffic = builder.messages(traffic)
  }
}

/// A served model.
package struct ModelInfo: Sendable, Equatable {
  package var name = ""
  package var fingerprint = ""
  package var architecture = ""
  /// "embed", "classify", "token-embed" or "token-classify".
  package var task = ""
  /// "cosine", "cross-encoder", "late-interaction", "sparse" or "none".
  package var score = ""
  package var maxTokens = 0
  /// 0 on a classifier, and on a model without vectors.
  package var dimensions = 0
  package var labels: [String] = []
  package var prompts: [String] = []
  package var precision = ""
  package var instructionSet = ""
  package var blasCore = ""
  package var threads = 0
  package var parameters = 0
  /// "vector", "tokens" and "sparse", the model's own first; none on a classifier.
  package var outputs: [String] = []
  /// The lengths that vectors may be cut to, beside their own; none is any.
  package var allowedDimensions: [Int] = []
  /// The prompt of a call that names none, or empty.
  package var defaultPrompt = ""

  package init() {}
}

extension ModelInfo: ProtobufConvertible {
  typealias Raw = Millpond__V1__ModelInfo
  static let messageName: StaticString = "ModelInfo"
  static var initializeRaw: Initialize<Raw> { millpond__v1__model_info__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__model_info__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    name = try raw.name.string("ModelInfo.name")
    fingerprint = try raw.fingerprint.string("ModelInfo.fingerprint")
    architecture = try raw.architecture.string("ModelInfo.architecture")
    task = try raw.task.string("ModelInfo.task")
    score = try raw.score.string("ModelInfo.score")
    maxTokens = Int(raw.max_tokens)
    dimensions = Int(raw.dimensions)
    labels = try strings(raw.labels, raw.n_labels, "ModelInfo.labels")
    prompts = try strings(raw.prompts, raw.n_prompts, "ModelInfo.prompts")
    precision = try raw.precision.string("ModelInfo.precision")
    instructionSet = try raw.isa.string("ModelInfo.isa")
    blasCore = try raw.blas_core.string("ModelInfo.blas_core")
    threads = Int(raw.threads)
    parameters = Int(clamping: raw.parameters)
    outputs = try strings(raw.outputs, raw.n_outputs, "ModelInfo.outputs")
    let lengths = UnsafeBufferPointer(
      start: raw.allowed_dimensions,
      count: raw.allowed_dimensions == nil ? 0 : raw.n_allowed_dimensions)
    allowedDimensions = lengths.map(Int.init)
    defaultPrompt = try raw.default_prompt.string("ModelInfo.default_prompt")
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.name = builder.bytes(name)
    raw.fingerprint = builder.bytes(fingerprint)
    raw.architecture = builder.bytes(architecture)
    raw.task = builder.bytes(task)
    raw.score = builder.bytes(score)
    raw.max_tokens = UInt32(clamping: maxTokens)
    raw.dimensions = UInt32(clamping: dimensions)
    raw.n_labels = labels.count
    raw.labels = builder.strings(labels)
    raw.n_prompts = prompts.count
    raw.prompts = builder.strings(prompts)
    raw.precision = builder.bytes(precision)
    raw.isa = builder.bytes(instructionSet)
    raw.blas_core = builder.bytes(blasCore)
    raw.threads = UInt32(clamping: threads)
    raw.parameters = UInt64(clamping: parameters)
    raw.n_outputs = outputs.count
    raw.outputs = builder.strings(outputs)
    raw.n_allowed_dimensions = allowedDimensions.count
    raw.allowed_dimensions = builder.numbers(allowedDimensions.map(UInt32.init(clamping:)))
    raw.default_prompt = builder.bytes(defaultPrompt)
  }
}
