internal import MillpondClient

/// Makes slices of inputs out of bytes as they come. A value without I/O.
package struct InputAssembler: Sendable {
  /// What the lines are.
  package enum Format: Sendable {
    /// A line is a text.
    case text
    /// A line is a string, a pair or a list of token ids in JSON.
    case json
  }

  /// How large a slice gets.
  package struct Limits: Sendable, Hashable {
    /// Most inputs of a slice.
    package var inputs: Int
    /// Bytes of its lines. A single longer line is a slice of its own.
    package var bytes: Int

    /// 256 inputs, 1 MiB.
    package static var defaults: Limits { Limits(inputs: 256, bytes: 1 << 20) }

    /// 16 inputs, 8 KiB: for answers with a vector for each token, which are a thousand times as
    /// large as their texts.
    package static var tokenLevel: Limits { Limits(inputs: 16, bytes: 8 << 10) }

    package init(inputs: Int, bytes: Int) {
      self.inputs = inputs
      self.bytes = bytes
    }
  }

  private let format: Format
  /// How large slices get from the next one on.
  package var limits: Limits
  private var splitter: LineSplitter
  private var lines: [LineSplitter.Line] = []
  private var nextLine = 0
  private var nextIndex = 0
  private var takenByteCount = 0

  package init(
    _ format: Format, limits: Limits = .defaults,
    lineBytesMax: Int = LineSplitter.defaultByteCountMax
  ) {
    self.format = format
    self.limits = limits
    splitter = LineSplitter(byteCountMax: lineBytesMax)
  }

  /// Whether a line waits to be part of a slice.
  package var hasInputs: Bool { nextLine < lines.count }

  /// Takes the next bytes of the input.
  package mutating func push(_ bytes: UnsafeRawBufferPointer) {
    if nextLine > 0 {
      lines.removeFirst(nextLine)
      nextLine = 0
    }
    splitter.push(bytes, into: &lines)
  }

  /// Takes texts that are inputs as they are, line breaks and all.
  package mutating func push(texts: [[UInt8]]) {
    lines.append(contentsOf: texts.map { .whole($0) })
  }

  /// The input ends here.
  package mutating func finish() {
    if let line = splitter.finish() { lines.append(line) }
  }

  /// The next slice: a full one, or with `isFlush` whatever there is. Nil if there is none.
  package mutating func nextSlice(isFlush: Bool) -> InputSlice? {
    var end = nextLine
    var byteCount = 0
    var isFull = false
    while end < lines.count, !isFull {
      let length = lines[end].heldByteCount
      if end > nextLine, byteCount + length > limits.bytes {
        isFull = true
      } else {
        byteCount += length
        end += 1
        isFull = end - nextLine == limits.inputs || byteCount >= limits.bytes
      }
    }
    guard end > nextLine, isFull || isFlush else { return nil }
    var entries: [InputEntry] = []
    entries.reserveCapacity(end - nextLine)
    for index in nextLine..<end {
      takenByteCount += lines[index].byteCount + 1
      entries.append(entry(lines[index]))
      // Frees the line: long ones would stay beside what was made of them.
      lines[index] = .whole([])
    }
    defer {
      nextIndex += entries.count
      nextLine = end
    }
    return InputSlice(firstIndex: nextIndex, entries: entries, endByte: takenByteCount)
  }

  private func entry(_ line: LineSplitter.Line) -> InputEntry {
    switch line {
    case .tooLong(let byteCount):
      .failure(
        MillpondError(
          .invalidArgument,
          "the line has \(byteCount) bytes, over the limit of \(splitter.byteCountMax)"))
    case .whole(let bytes):
      switch format {
      case .text: .success(.text(bytes))
      case .json: JSONLine.entry(bytes)
      }
    }
  }
}

extension LineSplitter.Line {
  fileprivate var byteCount: Int {
    switch self {
    case .whole(let bytes): bytes.count
    case .tooLong(let byteCount): byteCount
    }
  }

  fileprivate var heldByteCount: Int {
    if case .whole(let bytes) = self { bytes.count } else { 0 }
  }
}
