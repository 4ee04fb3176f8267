import Discovery
import Testing

@Suite("When a file is worth reading")
struct FileLooksTests {
  private func state(_ number: Int64) -> FileIdentity {
    FileIdentity(device: 1, inode: 2, byteCount: 3, modified: number, changed: number)
  }

  /// A file that was read in state 0.
  private func known() -> FileLooks {
    var looks = FileLooks()
    _ = looks.looked(state(0))
    looks.taken(state(0))
    return looks
  }

  @Test("the first state is read at once, and again until that succeeds")
  func first() {
    var looks = FileLooks()
    #expect(looks.looked(state(0)) == .read)
    #expect(looks.looked(state(1)) == .read)
    looks.taken(state(1))
    #expect(looks.looked(state(1)) == .keep)
  }

  @Test("a change is read once it stands still")
  func change() {
    var looks = known()
    #expect(looks.looked(state(0)) == .keep)
    #expect(looks.looked(state(1)) == .keep)
    #expect(looks.looked(state(2)) == .keep)
    #expect(looks.looked(state(2)) == .read)
    looks.taken(state(2))
    #expect(looks.looked(state(2)) == .keep)
  }

  @Test("a file that never stands still is read all the same, after five looks")
  func restless() {
    var looks = known()
    let actions = (1...5).map { looks.looked(state($0)) }
    #expect(actions == [.keep, .keep, .keep, .keep, .read])
    looks.taken(state(5))
    #expect((6...10).map { looks.looked(state($0)) } == actions)
  }

  @Test("what changes and changes back is no change")
  func back() {
    var looks = known()
    for _ in 0..<10 {
      #expect(looks.looked(state(1)) == .keep)
      #expect(looks.looked(state(0)) == .keep)
    }
  }
}
