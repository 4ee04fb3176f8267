import Foundation
import ModelFiles
import Testing

/// Files of `torch.save`, made by hand.
@Suite("PyTorch state dicts")
struct TorchStateDictTests {
  // MARK: - Making files

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A zip archive of stored entries; `method` and `flags` of all.
  private static func zip(
    _ entries: [(name: String, bytes: [UInt8])], method: Int = 0, flags: Int = 0
  ) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in entries {
      let offset = file.count
      file += little(0x0403_4b50, 4) + little(0, 2) + little(flags, 2) + little(method, 2)
      file += little(0, 8) + little(bytes.count, 4) + little(bytes.count, 4)
      file += little(name.utf8.count, 2) + little(4, 2) + Array(name.utf8) + [70, 66, 0, 0] + bytes
      directory += little(0x0201_4b50, 4) + little(0, 4) + little(flags, 2) + little(method, 2)
      directory += little(0, 8) + little(bytes.count, 4) + little(bytes.count, 4)
      directory += little(name.utf8.count, 2) + little(0, 12) + little(offset, 4)
      directory += Array(name.utf8)
    }
    let place = file.count
    file += directory + little(0x0605_4b50, 4) + little(0, 4) + little(entries.count, 2)
    return file + little(entries.count, 2) + little(directory.count, 4) + little(place, 4) + [0, 0]
  }

  private static func string(_ text: String) -> [UInt8] {
    Array("X".utf8) + little(text.utf8.count, 4) + Array(text.utf8)
  }

  private static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  /// The pickle of {name: tensor of two rows and one column}.
  private static func pickle(
    name: String = "weight", storage: String = "FloatStorage", key: String = "0",
    offset: UInt8 = 0, strides: [UInt8] = [1, 1], function: String = "_rebuild_tensor_v2"
  ) -> [UInt8] {
    var code: [UInt8] = [0x80, 2] + global("collections", "OrderedDict") + Array("q\0)R(".utf8)
    code += string(name) + global("torch._utils", function) + Array("((".utf8)
    code += string("storage") + global("torch", storage) + string(key) + string("cpu")
    code += [75, 2] + Array("tQ".utf8) + [75, offset, 75, 2, 75, 1, 0x86]
    code += [75, strides[0], 75, strides[1], 0x86, 0x89]
    code += global("collections", "OrderedDict") + Array(")RtRu}".utf8)
    return code + string("_metadata") + [75, 1] + Array("sb.".utf8)
  }

  private static let data: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]

  private static func file(_ pickle: [UInt8], data: [UInt8] = data) -> [UInt8] {
    zip([
      ("head/data.pkl", pickle), ("head/byteorder", Array("little".utf8)), ("head/data/0", data),
    ])
  }

  private static func failure(_ bytes: [UInt8]) -> ModelFilesError? {
    do throws(ModelFilesError) {
      _ = try TorchStateDict(bytes, path: "x.pt")
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Tests

  @Test("a dictionary of plain tensors is read")
  func reads() throws {
    let dictionary = try TorchStateDict(Self.file(Self.pickle()), path: "x.pt")
    #expect(dictionary.names == ["weight"])
    #expect(dictionary.shape(of: "weight") == [2, 1])
    #expect(try dictionary.floats("weight", shape: [2, 1]) == [1, -2])
    let half = Self.pickle(storage: "HalfStorage")
    let halves = try TorchStateDict(Self.file(half, data: [0, 0x3c, 0, 0xc0]), path: "x.pt")
    #expect(try halves.floats("weight", shape: [2, 1]) == [1, -2])
  }

  @Test("another shape and an absent tensor are refused with their names")
  func names() throws {
    let dictionary = try TorchStateDict(Self.file(Self.pickle()), path: "x.pt")
    #expect(
      throws: ModelFilesError(
        .malformed, "x.pt: tensor 'weight' has the shape [2, 1], but the model asks for [1, 2]")
    ) { try dictionary.floats("weight", shape: [1, 2]) }
    #expect(throws: ModelFilesError(.missing, "x.pt: tensor 'bias' is missing")) {
      try dictionary.floats("bias", shape: [2])
    }
  }

  /// Pickles that are refused, and what the message says.
  private static let refused: [([UInt8], String)] = {
    let call: [UInt8] = [0x80, 2] + global("os", "system") + string("true") + [0x85, 0x52, 0x2e]
    let list: [UInt8] = [0x80, 2, 0x69]
    let number: [UInt8] = [0x80, 2, 75, 1, 46]
    let long = [UInt8](repeating: 40, count: (1 << 24) + 1)
    let many: [UInt8] = [0x80, 2] + [UInt8](repeating: 41, count: 1_000_001)
    let deep: [UInt8] = [0x80, 2, 41] + [UInt8](repeating: 0x85, count: 33)
    return [
      (call, "data.pkl has a call of 'os.system', which"),
      (pickle(function: "_rebuild_sparse"), "a call of 'torch._utils._rebuild_sparse', which"),
      (pickle(storage: "ComplexFloatStorage"), "elements of 'torch.ComplexFloatStorage', which"),
      ([0x80, 4], "protocol 4, which"),
      (list, "the instruction 0x69 at byte 2, which"),
      (number, "something other than a dictionary of tensors, which"),
      (long, "\((1 << 24) + 1) bytes, over the limit of \(1 << 24), which"),
      (many, "more than 1000000 steps, which"),
      (deep, "more than 32 values in each other, which"),
    ]
  }()

  @Test("what is not a plain tensor is refused by name", arguments: refused)
  func refusals(pickle: [UInt8], message: String) {
    let error = Self.failure(Self.file(pickle))
    #expect(error?.code == .unsupported)
    #expect(error?.message.hasPrefix("x.pt: data.pkl has ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
  }

  @Test("archives that are compressed, encrypted or none are refused")
  func archives() {
    let entry = [(name: "head/data.pkl", bytes: Self.pickle())]
    for bytes in [Self.zip(entry, method: 8), Self.zip(entry, flags: 1)] {
      #expect(Self.failure(bytes)?.code == .unsupported)
      #expect(
        Self.failure(bytes)?.message
          == "x.pt: the entry 'head/data.pkl' is compressed or encrypted, which PyTorch does not write"
      )
    }
    #expect(
      Self.failure([UInt8](repeating: 0, count: 99))?.message
        == "x.pt: it has no zip directory, so it is no file of PyTorch")
    #expect(Self.failure([])?.message == "x.pt: it is too short, so it is no file of PyTorch")
    #expect(
      Self.failure(Self.zip([("a", [])]))?.message.hasPrefix("x.pt: there is no data.pkl in it")
        == true)
  }

  @Test("an archive with several dictionaries is refused, whatever their order")
  func several() {
    for names in [["a/data.pkl", "b/data.pkl"], ["b/data.pkl", "a/data.pkl"]] {
      #expect(
        Self.failure(Self.zip(names.map { ($0, Self.pickle()) }))
          == ModelFilesError(
            .malformed, "x.pt: there are 2 data.pkl in it, which has to be one"))
    }
  }

  @Test("tensors that leave their data or are not stored row by row are refused")
  func bounds() {
    #expect(
      Self.failure(Self.file(Self.pickle(offset: 1)))?.message
        == "x.pt: tensor 'weight' needs 12 bytes, and its data has 8")
    #expect(
      Self.failure(Self.file(Self.pickle(strides: [2, 1])))?.message
        == "x.pt: tensor 'weight' is not stored row by row")
    #expect(
      Self.failure(Self.file(Self.pickle(key: "7")))?.message
        == "x.pt: the data of tensor 'weight' is missing")
  }

  @Test("files cut or changed anywhere are read or refused, and never trap")
  func damage() {
    let whole = Self.file(Self.pickle())
    for end in whole.indices { _ = Self.failure(Array(whole[..<end])) }
    for place in whole.indices {
      for value: UInt8 in [0, 1, 0x28, 0x7f, 0x80, 0xff] {
        var changed = whole
        changed[place] = value
        _ = Self.failure(changed)
      }
    }
  }
}
