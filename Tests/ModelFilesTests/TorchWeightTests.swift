import Foundation
import ModelFiles
import Testing

/// Files that `Tests/FixtureMakers/make_torch_files.py` made with PyTorch.
@Suite("weights of PyTorch")
struct TorchWeightTests {
  private static func path(_ folder: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/torch/\(folder)").path
  }

  private static let matrix: [Float] = [1, -2.5, 0.5, 3, 4, -8]

  @Test("tensors of every readable type, tied ones and views of rows are read")
  func mixed() throws {
    let store = try WeightStore(directory: Self.path("mixed"))
    for name in ["weight", "half", "bf16", "tied"] {
      let descriptor = try store.descriptor(name, shape: [2, 3])
      #expect(store.floats(of: descriptor) == Self.matrix)
    }
    #expect(try store.floats(of: store.descriptor("row", shape: [3])) == [3, 4, -8])
    #expect(try store.floats(of: store.descriptor("bias", shape: [2])) == [0.25, -1])
    #expect(try store.floats(of: store.descriptor("scalar", shape: [])) == [7])
    #expect(try store.floats(of: store.descriptor("empty", shape: [0, 5])) == [])
    #expect(store.contains("ids"))
    let ids = failure { () throws(ModelFilesError) in try store.descriptor("ids") }
    #expect(
      ids?.message
        == "\(store.source): tensor 'ids' has the type I64; only F32, F16 and BF16 can be read")
  }

  @Test("parameters are read as tensors")
  func parameters() throws {
    let store = try WeightStore(directory: Self.path("parameters"))
    #expect(try store.floats(of: store.descriptor("weight", shape: [2, 3])) == Self.matrix)
  }

  @Test("shards are read as one")
  func shards() throws {
    let store = try WeightStore(directory: Self.path("sharded"))
    #expect(store.mappedFiles.count == 2)
    #expect(try store.floats(of: store.descriptor("a")) == [1, -2.5, 0.5])
    #expect(try store.floats(of: store.descriptor("b")) == [3, 4, -8])
  }

  @Test("safetensors win where a directory has both")
  func both() throws {
    let directory = try TemporaryDirectory()
    try directory.write("pytorch_model.bin", [0x80])
    try directory.write(
      "model.safetensors",
      Safetensors.file([("a", "F32", [1], Safetensors.bytes([5] as [Float]))]))
    let store = try WeightStore(directory: directory.path)
    #expect(try store.floats(of: store.descriptor("a")) == [5])
  }

  @Test(
    "what cannot be read is refused with the reason",
    arguments: [
      (
        "old",
        "this is the format of PyTorch before 1.6, which is not read; save it again with "
          + "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')"
      ),
      ("transposed", "tensor 'weight' is not stored row by row"),
      (
        "checkpoint",
        "data.pkl has something other than a dictionary of tensors, which is not read: only "
          + "dictionaries of plain tensors are"
      ),
    ])
  func refusals(folder: String, message: String) {
    let path = Self.path(folder)
    let error = failure { () throws(ModelFilesError) in try WeightStore(directory: path) }
    #expect(error?.message == "\(path)/pytorch_model.bin: \(message)")
  }
}
