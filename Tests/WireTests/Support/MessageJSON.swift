import Foundation
import JSON
import Wire

/// A JSON value that can be compared.
indirect enum Plain: Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([Plain])
  case object([String: Plain])

  init(_ json: JSON) {
    switch json.kind {
    case .null: self = .null
    case .bool: self = .bool(json.bool ?? false)
    case .number: self = .number(json.double ?? .nan)
    case .string: self = .string(json.string ?? "")
    case .array: self = .array(json.elements.map(Plain.init))
    case .object:
      self = .object(
        Dictionary(
          json.members.map { (String(decoding: $0.key, as: UTF8.self), Plain($0.value)) }
        ) { _, last in last })
    }
  }
}

/// A message in protobuf's JSON mapping: fields of their default value are absent, 64-bit numbers
/// are strings, bytes are base64, enums are names.
struct Fields {
  private var values: [String: Plain] = [:]

  var plain: Plain { .object(values) }

  mutating func string(_ name: String, _ value: String) {
    if !value.isEmpty { values[name] = .string(value) }
  }

  mutating func number(_ name: String, _ value: Int) {
    if value != 0 { values[name] = .number(Double(value)) }
  }

  mutating func number64(_ name: String, _ value: UInt64) {
    if value != 0 { values[name] = .string("\(value)") }
  }

  mutating func bool(_ name: String, _ value: Bool) {
    if value { values[name] = .bool(true) }
  }

  mutating func name(_ name: String, _ number: UInt32, _ prefix: String, _ names: [String]) {
    if number != 0 { values[name] = .string(prefix + names[Int(number)]) }
  }

  mutating func list(_ name: String, _ list: [Plain]) {
    if !list.isEmpty { values[name] = .array(list) }
  }

  mutating func value(_ name: String, _ value: Plain?) {
    if let value { values[name] = value }
  }

  /// A message with one number in it, where absence differs from 0.
  mutating func count(_ name: String, _ field: String, _ value: Int?) {
    guard let value else { return }
    var fields = Fields()
    fields.number(field, value)
    values[name] = fields.plain
  }
}

private func base64(_ bytes: [UInt8]) -> Plain { .string(Data(bytes).base64EncodedString()) }

private func utf8(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// A message that can be compared with its JSON.
protocol PlainConvertible {
  var plain: Plain { get }
}

extension Hello: PlainConvertible {
  var plain: Plain {
    var limits = Fields()
    limits.number("frame_bytes", self.limits.frameBytes)
    limits.number("calls", self.limits.calls)
    limits.number64("bytes", UInt64(self.limits.bytes))
    limits.number64("call_bytes", UInt64(self.limits.callBytes))
    limits.number("call_inputs", self.limits.callInputs)
    var fields = Fields()
    fields.number("version", version)
    fields.value("limits", limits.plain)
    fields.string("agent", agent)
    fields.string("token", token)
    return fields.plain
  }
}

extension Status: PlainConvertible {
  private static let codes = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]
  private static let reasons = [
    "UNSPECIFIED", "OVERLOADED", "WARMING_UP", "DRAINING", "TOO_LONG", "UNKNOWN_MODEL",
    "UNKNOWN_METHOD", "INVALID_UTF8", "WRONG_TASK", "WORKER_LOST", "LIMIT",
  ]

  var plain: Plain {
    var fields = Fields()
    fields.name("code", code.rawValue, "", Self.codes)
    fields.name("reason", reason.rawValue, "REASON_", Self.reasons)
    fields.string("message", message)
    fields.bool("retryable", isRetryable)
    fields.number64("retry_after_us", retryAfterMicroseconds)
    fields.count("input", "index", inputIndex)
    return fields.plain
  }
}

extension GoAway: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.number64("last_call", lastCallID)
    fields.value("status", status.plain)
    return fields.plain
  }
}

extension LoadReport: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.number64("backlog_us", backlogMicroseconds)
    fields.number("queued_inputs", queuedInputs)
    fields.number64("queued_bytes", UInt64(queuedBytes))
    fields.number("threads", threads)
    fields.number64("token_ns", tokenNanoseconds)
    fields.number64("token_squared_ps", tokenSquaredPicoseconds)
    fields.number("tokens_per_kilobyte", tokensPerKilobyte)
    fields.bool("draining", isDraining)
    return fields.plain
  }
}

extension RequestHead: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.name(
      "method", methodNumber, "METHOD_",
      ["", "EMBED", "CLASSIFY", "SCORE", "TOKENIZE", "INFO", "HEALTH"])
    fields.string("model", model)
    if let remainingMicroseconds {
      var budget = Fields()
      budget.number64("remaining_us", remainingMicroseconds)
      fields.value("budget", budget.plain)
    }
    fields.name("priority", priority.rawValue, "PRIORITY_", ["", "BULK"])
    fields.number("input_count", inputCount)
    fields.number64("text_bytes", UInt64(textByteCount))
    fields.string("request_id", requestID)
    fields.string("traceparent", traceparent)
    fields.string("token", token)
    return fields.plain
  }
}

extension ResponseHead: PlainConvertible {
  var plain: Plain {
    var timings = Fields()
    timings.number64("queue_us", self.timings.queueMicroseconds)
    timings.number64("tokenize_us", self.timings.tokenizeMicroseconds)
    timings.number64("compute_us", self.timings.computeMicroseconds)
    timings.number64("total_us", self.timings.totalMicroseconds)
    var fields = Fields()
    fields.value("status", status.plain)
    fields.string("fingerprint", fingerprint)
    fields.value("timings", self.timings == Timings() ? nil : timings.plain)
    fields.value("load", load?.plain)
    fields.number("first_input", inputs.lowerBound)
    fields.number("input_count", inputs.count)
    return fields.plain
  }
}

extension Input: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    switch self {
    case .text(let bytes): fields.value("text", .string(utf8(bytes)))
    case .ids(let ids):
      var list = Fields()
      list.list("ids", ids.map { .number(Double($0)) })
      fields.value("ids", list.plain)
    case .pair(let query, let document):
      var pair = Fields()
      pair.string("query", utf8(query))
      pair.string("document", utf8(document))
      fields.value("pair", pair.plain)
    }
    return fields.plain
  }
}

extension Fields {
  mutating func length(_ length: LengthOptions) {
    guard length != LengthOptions() else { return }
    var fields = Fields()
    fields.name("truncation", length.truncation.rawValue, "TRUNCATION_", ["", "LEFT", "RIGHT"])
    fields.count("max_tokens", "value", length.maxTokens)
    value("length", fields.plain)
  }

  mutating func prompt(_ name: String?) {
    guard let name else { return }
    var fields = Fields()
    fields.string("name", name)
    value("prompt", fields.plain)
  }

  mutating func outcome<Value>(
    _ outcome: Outcome<Value>, _ name: String, _ plain: (Value) -> Plain
  ) {
    switch outcome {
    case .value(let value): self.value(name, plain(value))
    case .error(let status): self.value("error", status.plain)
    }
  }

  mutating func slot(_ tokenCount: Int, _ isTruncated: Bool) {
    number("tokens", tokenCount)
    bool("truncated", isTruncated)
  }
}

extension EmbedRequest: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list("inputs", inputs.map(\.plain))
    fields.length(length)
    fields.prompt(promptName)
    fields.count("dimensions", "value", dimensions)
    fields.name("normalization", normalization.rawValue, "NORMALIZATION_", ["", "ON", "OFF"])
    fields.name("element_type", elementType.rawValue, "ELEMENT_TYPE_", ["", "F16", "BF16"])
    return fields.plain
  }
}

extension EmbedResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list(
      "results",
      results.map { result in
        var slot = Fields()
        slot.outcome(result.outcome, "embedding", base64)
        slot.slot(result.tokenCount, result.isTruncated)
        return slot.plain
      })
    fields.number("dimensions", dimensions)
    fields.name("element_type", elementType.rawValue, "ELEMENT_TYPE_", ["", "F16", "BF16"])
    return fields.plain
  }
}

extension ClassifyRequest: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list("inputs", inputs.map(\.plain))
    fields.length(length)
    fields.bool("raw", isRaw)
    return fields.plain
  }
}

extension ClassifyResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list(
      "results",
      results.map { result in
        var slot = Fields()
        slot.outcome(result.outcome, "values", base64)
        slot.slot(result.tokenCount, result.isTruncated)
        return slot.plain
      })
    fields.list("labels", labels.map(Plain.string))
    return fields.plain
  }
}

extension ScoreRequest: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list("queries", queries.map { .string(utf8($0)) })
    fields.list("documents", documents.map { .string(utf8($0)) })
    fields.length(length)
    fields.bool("raw", isRaw)
    fields.prompt(promptName)
    if let instruction {
      var message = Fields()
      message.string("text", utf8(instruction))
      fields.value("instruction", message.plain)
    }
    return fields.plain
  }
}

extension ScoreResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list(
      "results",
      results.map { result in
        var slot = Fields()
        slot.outcome(result.outcome, "score") { value in
          .object(value == 0 ? [:] : ["value": .number(Double(value))])
        }
        slot.slot(result.tokenCount, result.isTruncated)
        return slot.plain
      })
    return fields.plain
  }
}

extension TokenizeRequest: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list("inputs", inputs.map(\.plain))
    fields.length(length)
    fields.prompt(promptName)
    return fields.plain
  }
}

extension TokenizeResponse: PlainConvertible {
  var plain: Plain {
    var fields = Fields()
    fields.list(
      "results",
      results.map { result in
        var slot = Fields()
        slot.outcome(result.outcome, "tokens") { tokens in
          var fields = Fields()
          fields.list("ids", tokens.ids.map { .number(Double($0)) })
          fields.list("spellings", tokens.spellings.map(base64))
          return fields.plain
        }
        slot.bool("truncated", result.isTruncated)
        return slot.plain
      })
    return fields.plain
  }
}
