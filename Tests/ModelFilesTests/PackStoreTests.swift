import Foundation
import ModelFiles
import Synchronization
import Testing

@Suite("Packed weights kept between starts")
struct PackStoreTests {
  /// Asks for three blocks and fills those that are empty with their number, counted in `filled`.
  private func load(
    _ store: PackStore, labels: [String] = ["a 1x1", "b 2x2", "c 3x3"], filled: inout Int
  ) -> [[UInt8]] {
    var contents: [[UInt8]] = []
    var regions: [PackRegion] = []
    for (index, label) in labels.enumerated() {
      switch store.next(label: label, byteCount: 5_000 * (index + 1)) {
      case .filled(let file, let range):
        contents.append(bytes(of: file.bytes.extracting(range)))
      case .empty(let region):
        region.bytes.withUnsafeBytes { raw in
          UnsafeMutableRawBufferPointer(mutating: raw)
            .copyBytes(from: [UInt8](repeating: UInt8(index + 1), count: raw.count))
        }
        filled += 1
        regions.append(region)
        contents.append(bytes(of: region.bytes))
      case .none:
        contents.append([])
      }
    }
    store.finish()
    return contents
  }

  private func bytes(of span: RawSpan) -> [UInt8] { span.withUnsafeBytes { Array($0) } }

  private let expected = (1...3).map { [UInt8](repeating: UInt8($0), count: 5_000 * $0) }

  private func packs(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { !$0.hasSuffix(".lock") }
  }

  @Test("the first load writes what later ones find; another key has its own")
  func writtenThenFound() throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/deep/cache"
    var filled = 0
    let first = PackStore(directory: folder, key: "one")
    #expect(load(first, filled: &filled) == expected)
    #expect(filled == 3)
    let path = folder + "/" + (try #require(packs(folder).first))
    #expect(first.origin == .written(path: path))
    let second = PackStore(directory: folder, key: "one")
    #expect(load(second, filled: &filled) == expected)
    #expect(second.origin == .found(path: path))
    #expect(filled == 3)
    #expect(load(PackStore(directory: folder, key: "two"), filled: &filled) == expected)
    #expect(filled == 6)
    #expect(packs(folder).count == 2)
  }

  @Test("a damaged file is made anew", arguments: 0..<6)
  func damaged(kind: Int) throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/cache"
    var filled = 0
    _ = load(PackStore(directory: folder, key: "k"), filled: &filled)
    let path = folder + "/" + packs(folder)[0]
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    var broken = sound
    switch kind {
    case 0: broken = Data()
    case 1: broken = sound.prefix(sound.count - 1)
    case 2: broken[20] ^= 1
    case 3: broken[5_000] ^= 1
    case 4: broken[sound.count - 3] ^= 1
    default: broken = Data("millpond-packs 1 256 99999999999999 0 ".utf8) + sound.dropFirst(38)
    }
    try broken.write(to: URL(fileURLWithPath: path))
    let store = PackStore(directory: folder, key: "k")
    #expect(load(store, filled: &filled) == expected)
    #expect(store.origin == .written(path: path))
    #expect(filled == 6)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == sound)
    #expect(packs(folder).count == 1)
  }

  @Test("blocks of another layout under the same key are not used, and are gone at the next start")
  func otherLayout() throws {
    let directory = try TemporaryDirectory()
    var filled = 0
    _ = load(PackStore(directory: directory.path + "/c", key: "k"), filled: &filled)
    let store = PackStore(directory: directory.path + "/c", key: "k")
    let labels = ["a 1x1", "other", "c 3x3"]
    #expect(load(store, labels: labels, filled: &filled) == [expected[0], [], []])
    #expect(store.origin.description.hasSuffix("holds other blocks than the model has"))
    let next = PackStore(directory: directory.path + "/c", key: "k")
    #expect(load(next, labels: labels, filled: &filled) == expected)
    #expect(filled == 6)
  }

  @Test("a load that ends early leaves nothing behind")
  func abandoned() throws {
    let directory = try TemporaryDirectory()
    do {
      let store = PackStore(directory: directory.path + "/c", key: "k")
      guard case .empty = store.next(label: "a", byteCount: 10) else {
        Issue.record("no room")
        return
      }
      #expect(packs(directory.path + "/c").count == 1)
    }
    #expect(packs(directory.path + "/c").isEmpty)
    var filled = 0
    #expect(
      load(PackStore(directory: directory.path + "/c", key: "k"), filled: &filled) == expected)
  }

  @Test("loads at once: one writes, the others wait and find")
  func concurrent() throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/c"
    let filled = Mutex(0)
    let right = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      var own = 0
      let contents = load(PackStore(directory: folder, key: "k"), filled: &own)
      filled.withLock { $0 += own }
      right.withLock { $0 += contents == expected ? 1 : 0 }
    }
    #expect(filled.withLock { $0 } == 3)
    #expect(right.withLock { $0 } == 6)
  }

  @Test("a folder that others can write, and one that cannot be made, are not used, and it says so")
  func unusableFolder() throws {
    let directory = try TemporaryDirectory()
    try directory.write("file", "")
    try FileManager.default.createDirectory(
      atPath: directory.path + "/open", withIntermediateDirectories: false)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: directory.path + "/open")
    for folder in ["/file/cache", "/open"] {
      var filled = 0
      let store = PackStore(directory: directory.path + folder, key: "k")
      #expect(load(store, filled: &filled) == [[], [], []])
      #expect(
        store.origin.description
          == "in memory of this process, because \(directory.path)\(folder) is no folder that only "
          + "its owner can write to")
    }
    #expect(packs(directory.path + "/open").isEmpty)
  }

  @Test("what no load has used for a month goes when another is written")
  func unused() throws {
    let directory = try TemporaryDirectory()
    let folder = directory.path + "/c"
    var filled = 0
    _ = load(PackStore(directory: folder, key: "old"), filled: &filled)
    _ = load(PackStore(directory: folder, key: "recent"), filled: &filled)
    for name in packs(folder) {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -31 * 86_400)],
        ofItemAtPath: folder + "/" + name)
    }
    // A use counts.
    _ = load(PackStore(directory: folder, key: "recent"), filled: &filled)
    _ = load(PackStore(directory: folder, key: "new"), filled: &filled)
    #expect(packs(folder).count == 2)
    #expect(filled == 9)
  }
}
