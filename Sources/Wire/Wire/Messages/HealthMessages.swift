internal import CWireMessages

/// What is asked about a server's health.
package struct HealthRequest: Sendable, Equatable {
  /// Answer now and after each change, until the call is cancelled or its deadline passes.
  package var watch: Bool

  package init(watch: Bool = false) {
    self.watch = watch
  }

  /// - Throws: `.malformed`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension HealthRequest: ProtobufConvertible {
  typealias Raw = Millpond__V1__HealthRequest
  static let messageName: StaticString = "HealthRequest"
  static var initializeRaw: Initialize<Raw> { millpond__v1__health_request__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__health_request__unpack }

  init(raw: borrowing Raw) {
    watch = raw.watch != 0
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.watch = watch ? 1 : 0
  }
}

/// Whether a server works: three questions with three answers.
package struct HealthResponse: Sendable, Equatable {
  /// The process answers.
  package var isLive: Bool
  /// Every model has a worker that takes calls.
  package var isReady: Bool
  /// No compute thread has been stuck in a step for longer than the limit.
  package var isProgressing: Bool
  package var models: [ModelHealth]

  package init(isLive: Bool, isReady: Bool, isProgressing: Bool, models: [ModelHealth]) {
    self.isLive = isLive
    self.isReady = isReady
    self.isProgressing = isProgressing
    self.models = models
  }

  /// - Throws: `.malformed`, `.tooLarge`.
  package init(decoding bytes: RawSpan) throws(WireError) { self = try Protobuf.decode(bytes) }

  package func encoded() -> [UInt8] { Protobuf.encode(self) }
}

extension HealthResponse: ProtobufConvertible {
  typealias Raw = Millpond__V1__HealthResponse
  static let messageName: StaticString = "HealthResponse"
  static var initializeRaw: Initialize<Raw> { millpond__v1__health_response__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__health_response__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    isLive = raw.live != 0
    isReady = raw.ready != 0
    isProgressing = raw.progressing != 0
    models = try values(raw.models, raw.n_models)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.live = isLive ? 1 : 0
    raw.ready = isReady ? 1 : 0
    raw.progressing = isProgressing ? 1 : 0
    raw.n_models = models.count
    raw.models = builder.messages(models)
  }
}

/// Workers of one model.
package struct ModelHealth: Sendable, Equatable {
  package var name: String
  package var workersReady: Int
  package var workersKnown: Int

  package init(name: String, workersReady: Int, workersKnown: Int) {
    self.name = name
    self.workersReady = workersReady
    self.workersKnown = workersKnown
  }
}

extension ModelHealth: ProtobufConvertible {
  typealias Raw = Millpond__V1__ModelHealth
  static let messageName: StaticString = "ModelHealth"
  static var initializeRaw: Initialize<Raw> { millpond__v1__model_health__init }
  static var unpackRaw: Unpack<Raw> { millpond__v1__model_health__unpack }

  init(raw: borrowing Raw) throws(WireError) {
    name = try raw.name.string("ModelHealth.name")
    workersReady = Int(raw.workers_ready)
    workersKnown = Int(raw.workers_known)
  }

  func fill(_ raw: inout Raw, _ builder: borrowing ProtobufBuilder) {
    raw.name = builder.bytes(name)
    raw.workers_ready = UInt32(clamping: workersReady)
    raw.workers_known = UInt32(clamping: workersKnown)
  }
}
