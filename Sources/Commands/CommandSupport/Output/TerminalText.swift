/// Text from anywhere, made fit for a terminal: nothing in it moves the cursor or hides.
package enum TerminalText {
  /// The text in one line of at most `columnsMax` columns, cut with an ellipsis.
  ///
  /// Control characters, line separators and characters that change the writing direction are
  /// escaped as in Swift (`\n`, `\u{1b}`). A column is what most terminals agree on: two for East
  /// Asian wide characters and emoji, none for combining marks.
  package static func escaped(_ text: String, columnsMax: Int = .max) -> String {
    var line = String.UnicodeScalarView()
    // Where to cut if the text turns out not to fit beside an ellipsis.
    var cut = line.endIndex
    var columns = 0
    for scalar in text.unicodeScalars {
      let (shown, width) = shown(scalar)
      if columns + width > columnsMax {
        return String(String.UnicodeScalarView(line[..<cut])) + (columnsMax > 0 ? "…" : "")
      }
      line.append(contentsOf: shown)
      columns += width
      if columns < columnsMax { cut = line.endIndex }
    }
    return String(line)
  }

  /// Bytes as text: what is not UTF-8 is shown as U+FFFD. Reads no more than it needs.
  package static func escaped(utf8 bytes: [UInt8], columnsMax: Int) -> String {
    // No scalar has more than four bytes and most have a width; marks beyond this are cut.
    let byteCountMax = columnsMax < (1 << 16) ? columnsMax * 4 + 64 : .max
    let text = String(decoding: bytes.prefix(byteCountMax), as: UTF8.self)
    let isWhole = bytes.count <= byteCountMax
    return escaped(isWhole ? text : text + "…", columnsMax: columnsMax)
  }

  /// The columns that a text takes that is already escaped.
  package static func columns(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
  }

  private static func shown(_ scalar: Unicode.Scalar) -> (String.UnicodeScalarView, Int) {
    let escape: String
    switch scalar.value {
    case 0x09: escape = #"\t"#
    case 0x0A: escape = #"\n"#
    case 0x0D: escape = #"\r"#
    case 0x00..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069,
      0xFFF9...0xFFFB, 0xE0000...0xE007F:
      escape = #"\u{"# + String(scalar.value, radix: 16) + "}"
    default: return (String.UnicodeScalarView([scalar]), width(of: scalar))
    }
    return (escape.unicodeScalars, escape.unicodeScalars.count)
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
