/// The few lines that Git leaves in the place of a large file whose content was not fetched.
enum GitLFSPointer {
  // Of the first line, whose end names the version.
  private static let start = Array("version https://git-lfs".utf8)

  /// Throws `.unreadable` naming `path` where the file's content `bytes` is such a pointer.
  static func refuse(_ bytes: RawSpan, path: String) throws(ModelFilesError) {
    guard bytes.byteCount < 1_024, bytes.hasPrefix(start) else { return }
    throw ModelFilesError(
      .unreadable,
      "\(path): this is the pointer of Git LFS, not the file itself: run `git lfs pull` in the "
        + "model's directory")
  }
}
