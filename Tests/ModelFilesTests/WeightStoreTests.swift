import ModelFiles
import Testing

@Suite("weights")
struct WeightStoreTests {
  @Test(
    "tensors of every readable type give their floats, whatever their alignment", arguments: 0..<8)
  func floats(padding: Int) throws {
    let directory = try TemporaryDirectory()
    try directory.write(
      "model.safetensors",
      Safetensors.file(
        [
          (
            "a", "F32", [2, 2],
            Safetensors.bytes([1, -2.5, .infinity, Float.leastNonzeroMagnitude] as [Float])
          ),
          ("b", "BF16", [3], Safetensors.bytes([0x3F80, 0xC020, 0x0001] as [UInt16])),
          ("c", "F16", [1, 3], Safetensors.bytes([0x3C00, 0xC100, 0x0001] as [UInt16])),
          ("scalar", "F32", [], Safetensors.bytes([7] as [Float])),
          ("empty", "F32", [0, 5], []),
          ("ids", "I64", [2], [UInt8](repeating: 1, count: 16)),
        ], padding: padding))
    let store = try WeightStore(directory: directory.path)
    let a = try store.descriptor("a")
    #expect(a.shape == [2, 2])
    #expect(a.type == .f32)
    #expect(a.elementCount == 4)
    #expect(a.byteCount == 16)
    #expect(a.file == directory.path + "/model.safetensors")
    #expect(store.floats(of: a) == [1, -2.5, .infinity, Float.leastNonzeroMagnitude])
    #expect(
      try store.floats(of: store.descriptor("b"))
        == [1, -2.5, Float(bitPattern: 0x0001_0000)])
    #expect(try store.floats(of: store.descriptor("c")) == [1, -2.5, 0x1p-24])
    #expect(try store.floats(of: store.descriptor("scalar")) == [7])
    #expect(try store.floats(of: store.descriptor("empty")) == [])
    for name in ["a", "b", "c", "scalar"] {
      let descriptor = try store.descriptor(name)
      let isAligned = store.withBytes(of: descriptor) { bytes in
        bytes.withUnsafeBytes {
          Int(bitPattern: $0.baseAddress) % descriptor.type.byteCount == 0
            && $0.count == descriptor.byteCount
        }
      }
      #expect(isAligned)
    }
    store.releasePages()
    #expect(store.floats(of: a) == [1, -2.5, .infinity, Float.leastNonzeroMagnitude])
  }

  @Test("a tensor of another type is listed, and refused when it is asked for")
  func otherTypes() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "model.safetensors",
      Safetensors.file([("position_ids", "I64", [1, 2], [UInt8](repeating: 0, count: 16))]))
    let store = try WeightStore(directory: directory.path)
    #expect(store.contains("position_ids"))
    #expect(
      store.tensors == [TensorSummary(name: "position_ids", type: "I64", shape: [1, 2])])
    let error = failure { () throws(ModelFilesError) in try store.descriptor("position_ids") }
    #expect(
      error
        == ModelFilesError(
          .unsupported,
          "\(path): tensor 'position_ids' has the type I64; only F32, F16 and BF16 can "
            + "be read"))
  }

  @Test("a missing tensor and a wrong shape are refused by name")
  func missingTensor() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "model.safetensors",
      Safetensors.file([("a", "F32", [2], Safetensors.bytes([1, 2] as [Float]))]))
    let store = try WeightStore(directory: directory.path)
    let missing = failure { () throws(ModelFilesError) in try store.descriptor("b\n") }
    #expect(missing == ModelFilesError(.missing, "\(path): tensor 'b\\n' is missing"))
    let shape = failure { () throws(ModelFilesError) in try store.descriptor("a", shape: [2, 1]) }
    #expect(
      shape
        == ModelFilesError(
          .malformed, "\(path): tensor 'a' has the shape [2], but config.json asks for [2, 1]"))
    #expect(try store.descriptor("a", shape: [2]).elementCount == 2)
  }

  @Test("a directory without weights is refused by the names of the files it could have")
  func noWeights() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    let empty = failure { () throws(ModelFilesError) in try WeightStore(directory: path) }
    #expect(
      empty
        == ModelFilesError(
          .missing, "\(path)/model.safetensors is missing, and there is no pytorch_model.bin"))
  }

  @Test(
    "the pointer of a file that Git did not fetch is named",
    arguments: [
      "model.safetensors", "pytorch_model.bin",
    ])
  func pointer(name: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      name, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    let error = failure { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path)
    }
    #expect(
      error
        == ModelFilesError(
          .unreadable,
          "\(path): this is the pointer of Git LFS, not the file itself: run `git lfs pull` in "
            + "the model's directory"))
  }
}

@Suite("sharded weights")
struct ShardedWeightTests {
  private func shard(_ name: String, _ value: Float) -> [UInt8] {
    Safetensors.file([(name, "F32", [1], Safetensors.bytes([value]))])
  }

  @Test("shards are read as one")
  func shards() throws {
    let directory = try TemporaryDirectory()
    try directory.write("model-1.safetensors", shard("a", 1))
    try directory.write("model-2.safetensors", shard("b", 2))
    try directory.write(
      "model.safetensors.index.json",
      #"{"metadata":{},"weight_map":{"b":"model-2.safetensors","a":"model-1.safetensors"}}"#)
    let store = try WeightStore(directory: directory.path)
    #expect(store.tensors.map(\.name) == ["a", "b"])
    #expect(try store.floats(of: store.descriptor("a")) == [1])
    #expect(try store.floats(of: store.descriptor("b")) == [2])
    #expect(store.mappedFiles.count == 2)
    #expect(try store.descriptor("b").file.hasSuffix("/model-2.safetensors"))
  }

  @Test(
    "an index that does not fit its shards is refused",
    arguments: [
      (#"{"weight_map":{}}"#, "weight_map is not an object with tensors"),
      (#"{}"#, "weight_map is not an object with tensors"),
      (#"{"weight_map":{"a":1}}"#, "weight_map: 'a' names no safetensors file beside it"),
      (
        #"{"weight_map":{"a":"../model-1.safetensors"}}"#,
        "weight_map: 'a' names no safetensors file beside it"
      ),
      (
        #"{"weight_map":{"a":"model-1.safetensors","a":"model-2.safetensors"}}"#,
        "weight_map lists 'a' twice"
      ),
      (
        #"{"weight_map":{"a":"model-1.safetensors","c":"model-1.safetensors"}}"#,
        "tensor 'c' is not in 'model-1.safetensors'"
      ),
      (
        #"{"weight_map":{"a":"model-2.safetensors","b":"model-1.safetensors"}}"#,
        "tensor 'a' is not in 'model-2.safetensors'"
      ),
    ])
  func refusals(index: String, message: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write("model-1.safetensors", shard("a", 1))
    try directory.write("model-2.safetensors", shard("b", 2))
    let path = try directory.write("model.safetensors.index.json", index)
    let error = failure { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path)
    }
    #expect(error == ModelFilesError(.malformed, "\(path): \(message)"))
  }

  @Test("a missing shard and a tensor in two shards are refused by name")
  func brokenShards() throws {
    let directory = try TemporaryDirectory()
    try directory.write("model-1.safetensors", shard("a", 1))
    try directory.write(
      "model.safetensors.index.json",
      #"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#)
    let missing = failure { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path)
    }
    #expect(
      missing
        == ModelFilesError(
          .unreadable,
          "\(directory.path)/model-2.safetensors: cannot open it: No such file or directory"))
    try directory.write("model-2.safetensors", shard("a", 1))
    let double = failure { () throws(ModelFilesError) in
      try WeightStore(directory: directory.path)
    }
    #expect(
      double
        == ModelFilesError(
          .malformed, "\(directory.path)/model-2.safetensors: tensor 'a' is in another shard too"))
  }
}
