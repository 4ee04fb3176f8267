import ModelFiles
import Testing

@Suite("safetensors headers")
struct SafetensorsHeaderTests {
  private func failureOpening(_ bytes: [UInt8]) throws -> (error: ModelFilesError?, path: String) {
    let directory = try TemporaryDirectory()
    let path = try directory.write("model.safetensors", bytes)
    return (
      failure { () throws(ModelFilesError) in try WeightStore(directory: directory.path) }, path
    )
  }

  private static func tensor(_ name: String, _ begin: Int, _ end: Int, shape: String) -> String {
    "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  @Test(
    "a header that does not fit its data is refused with the tensor's name",
    arguments: [
      ("[]", "the header is not an object"),
      (" {}", "the header is not an object"),
      ("{", "the header is not valid JSON: the document ends too early at byte 1"),
      (#"{"a":1}"#, "tensor 'a': dtype is not a string"),
      (#"{"a":{"dtype":"F33"}}"#, "tensor 'a': dtype 'F33' is unknown"),
      (#"{"a":{"dtype":"F32"}}"#, "tensor 'a': shape is not an array"),
      (
        #"{"a":{"dtype":"F32","shape":[-1]}}"#,
        "tensor 'a': shape holds something that is not a whole number ≥ 0"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1.5]}}"#,
        "tensor 'a': shape holds something that is not a whole number ≥ 0"
      ),
      (#"{"a":{"dtype":"F32","shape":[1]}}"#, "tensor 'a': data_offsets is not an array"),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        "tensor 'a': data_offsets are not a begin and an end"
      ),
      (
        "{\(tensor("a", 4, 0, shape: "[1]"))}",
        "tensor 'a': data_offsets are not a begin and an end"
      ),
      (
        "{\(tensor("a", 0, 8, shape: "[1]"))}",
        "tensor 'a': shape [1] of F32 takes 32 bits, but data_offsets give 8 bytes"
      ),
      (
        "{\(tensor("a", 0, 8, shape: "[4611686018427387904,4]"))}",
        "tensor 'a': shape [4611686018427387904, 4] is too large"
      ),
      (
        "{\(tensor("a", 0, 0, shape: "[0,4611686018427387904,4]"))}",
        "tensor 'a': shape [0, 4611686018427387904, 4] is too large"
      ),
      (
        "{\(tensor("a", 9_223_372_036_854_775_803, 9_223_372_036_854_775_807, shape: "[1]"))}",
        "tensor 'a': data_offsets are too large"
      ),
      (
        #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#,
        "tensor 'a': shape [3] of F4 takes 12 bits, but data_offsets give 2 bytes"
      ),
      ("{\(tensor("a", 0, 4, shape: "[1]"))}", "4 bytes follow the last tensor"),
      (
        "{\(tensor("a", 4, 8, shape: "[1]"))}",
        "there is a gap of 4 bytes before tensor 'a'"
      ),
      (
        "{\(tensor("a", 0, 8, shape: "[2]")),\(tensor("b", 4, 8, shape: "[1]"))}",
        "tensor 'b' overlaps another one"
      ),
      (
        "{\(tensor("a", 0, 4, shape: "[1]")),\(tensor("a", 4, 8, shape: "[1]"))}",
        "tensor 'a' is listed twice"
      ),
    ])
  func headers(header: String, message: String) throws {
    let (error, path) = try failureOpening(
      Safetensors.file(header: header, data: [UInt8](repeating: 0, count: 8)))
    #expect(error == ModelFilesError(.malformed, "\(path): \(message)"))
  }

  @Test("a tensor after the end of the file is refused with the file's size")
  func pastTheEnd() throws {
    let header = "{\(Self.tensor("a", 0, 400, shape: "[100]"))}"
    let bytes = Safetensors.file(header: header, data: [UInt8](repeating: 0, count: 399))
    let (error, path) = try failureOpening(bytes)
    #expect(
      error
        == ModelFilesError(
          .malformed,
          "\(path): tensor 'a' ends after the file's \(bytes.count) bytes; the file is cut "
            + "off or corrupt"))
  }

  @Test("a length that is too short, too long or absurd is refused")
  func lengths() throws {
    let short = try failureOpening([1, 0, 0])
    #expect(
      short.error
        == ModelFilesError(
          .malformed, "\(short.path): 3 bytes are too few for a safetensors file"))
    let long = try failureOpening([9, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])
    #expect(
      long.error
        == ModelFilesError(
          .malformed, "\(long.path): the header says 9 bytes, but only 2 follow"))
    let absurd = try failureOpening([UInt8](repeating: 0xFF, count: 16))
    #expect(
      absurd.error
        == ModelFilesError(
          .malformed,
          "\(absurd.path): a header of 18446744073709551615 bytes is over the limit of "
            + "100000000; this is no safetensors file"))
    let empty = try failureOpening([])
    #expect(empty.error?.message == "\(empty.path): 0 bytes are too few for a safetensors file")
  }

  @Test("a file cut at any byte is refused, and one changed at any byte never traps")
  func mutations() throws {
    let directory = try TemporaryDirectory()
    let sound = Safetensors.file([
      ("a", "F32", [2], Safetensors.bytes([1, 2] as [Float])),
      ("b", "BF16", [2, 1], Safetensors.bytes([1, 2] as [UInt16])),
    ])
    for cut in sound.indices {
      try directory.write("model.safetensors", Array(sound[..<cut]))
      #expect(
        failure { () throws(ModelFilesError) in try WeightStore(directory: directory.path) } != nil)
    }
    for place in sound.indices {
      var changed = sound
      changed[place] ^= 1 << (place % 8)
      try directory.write("model.safetensors", changed)
      guard let store = try? WeightStore(directory: directory.path) else { continue }
      for tensor in store.tensors {
        if let descriptor = try? store.descriptor(tensor.name) {
          #expect(store.floats(of: descriptor).count == tensor.elementCount)
        }
      }
    }
  }
}
