internal import JSON

/// The table of contents of a safetensors file, checked completely.
///
/// Follows the format and the checks of huggingface/safetensors 0.5 (`tensor.rs`): an 8-byte
/// little-endian header length of at most 100 MB, a JSON object, tensors that fill the rest of the
/// file without gaps or overlaps. `__metadata__` is skipped.
struct SafetensorsHeader: Sendable {
  static let headerByteCountMax = 100_000_000

  /// The tensors in the order of their data.
  private(set) var entries: [WeightEntry] = []

  /// Bits per element of every type that the format defines.
  private static let bitWidths: [String: Int] = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
    "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
  ]

  /// Reads the header of the file of which `bytes` are all. Throws `.malformed` naming `path`, and
  /// the tensor where there is one.
  init(_ bytes: RawSpan, path: String) throws(ModelFilesError) {
    func malformed(_ text: String) -> ModelFilesError {
      ModelFilesError(.malformed, "\(path): \(text)")
    }
    guard bytes.byteCount >= 8 else {
      throw malformed("\(bytes.byteCount) bytes are too few for a safetensors file")
    }
    let declared = UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
    guard declared <= UInt64(Self.headerByteCountMax) else {
      throw malformed(
        "a header of \(declared) bytes is over the limit of \(Self.headerByteCountMax); this is "
          + "no safetensors file")
    }
    let headerByteCount = Int(declared)
    guard headerByteCount <= bytes.byteCount - 8 else {
      throw malformed(
        "the header says \(headerByteCount) bytes, but only \(bytes.byteCount - 8) follow")
    }
    let text = unsafe bytes.extracting(8..<8 + headerByteCount).withUnsafeBytes {
      unsafe [UInt8]($0)
    }
    guard text.first == UInt8(ascii: "{") else { throw malformed("the header is not an object") }
    let json: JSON
    do {
      json = try JSON.parse(text)
    } catch {
      throw malformed("the header is not valid JSON: \(error)")
    }
    entries.reserveCapacity(json.count)
    for member in json.members {
      let name = String(decoding: member.key, as: UTF8.self)
      if name == "__metadata__" { continue }
      do throws(Fault) {
        entries.append(try Self.entry(name, member.value, dataOffset: 8 + headerByteCount))
      } catch {
        throw malformed("tensor \(name.quotedForMessage): \(error.text)")
      }
    }
    try checkLayout(dataOffset: 8 + headerByteCount, byteCount: bytes.byteCount, path: path)
  }

  /// What is wrong with one tensor.
  private struct Fault: Error {
    var text: String
  }

  private static func entry(
    _ name: String, _ json: JSON, dataOffset: Int
  ) throws(Fault) -> WeightEntry {
    guard let type = json["dtype"]?.string else { throw Fault(text: "dtype is not a string") }
    guard let bitWidth = bitWidths[type] else {
      throw Fault(text: "dtype \(type.quotedForMessage) is unknown")
    }
    let shape = try naturals(json["shape"], "shape")
    let offsets = try naturals(json["data_offsets"], "data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw Fault(text: "data_offsets are not a begin and an end")
    }
    // Of all dimensions, so that no later product of some of them can overflow either.
    var bitCount = bitWidth
    for dimension in shape {
      let (product, overflow) = bitCount.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else { throw Fault(text: "shape \(shape) is too large") }
      bitCount = product
    }
    if shape.contains(0) { bitCount = 0 }
    guard bitCount % 8 == 0, bitCount / 8 == offsets[1] - offsets[0] else {
      throw Fault(
        text: "shape \(shape) of \(type) takes \(bitCount) bits, but data_offsets give "
          + "\(offsets[1] - offsets[0]) bytes")
    }
    let (byteOffset, overflow) = offsets[0].addingReportingOverflow(dataOffset)
    guard !overflow else { throw Fault(text: "data_offsets are too large") }
    return WeightEntry(
      summary: TensorSummary(name: name, type: type, shape: shape), byteOffset: byteOffset,
      byteCount: offsets[1] - offsets[0])
  }

  private static func naturals(_ json: JSON?, _ key: String) throws(Fault) -> [Int] {
    guard let json, json.kind == .array else { throw Fault(text: "\(key) is not an array") }
    var result: [Int] = []
    for element in json.elements {
      guard let value = element.int, value >= 0 else {
        throw Fault(text: "\(key) holds something that is not a whole number ≥ 0")
      }
      result.append(value)
    }
    return result
  }

  /// Sorts the tensors by place, and makes sure that they fill the file and that names are unique.
  private mutating func checkLayout(
    dataOffset: Int, byteCount: Int, path: String
  ) throws(ModelFilesError) {
    entries.sort { ($0.byteOffset, $0.byteCount) < ($1.byteOffset, $1.byteCount) }
    var end = dataOffset
    for entry in entries {
      let name = entry.summary.name.quotedForMessage
      guard entry.byteCount <= byteCount, entry.byteOffset <= byteCount - entry.byteCount else {
        throw ModelFilesError(
          .malformed,
          "\(path): tensor \(name) ends after the file's \(byteCount) bytes; the file "
            + "is cut off or corrupt")
      }
      guard entry.byteOffset >= end else {
        throw ModelFilesError(.malformed, "\(path): tensor \(name) overlaps another one")
      }
      guard entry.byteOffset == end else {
        throw ModelFilesError(
          .malformed,
          "\(path): there is a gap of \(entry.byteOffset - end) bytes before tensor "
            + name)
      }
      end = entry.byteOffset + entry.byteCount
    }
    guard end == byteCount else {
      throw ModelFilesError(
        .malformed, "\(path): \(byteCount - end) bytes follow the last tensor")
    }
    var names: Set<String> = []
    for entry in entries where !names.insert(entry.summary.name).inserted {
      throw ModelFilesError(
        .malformed, "\(path): tensor \(entry.summary.name.quotedForMessage) is listed twice")
    }
  }
}
