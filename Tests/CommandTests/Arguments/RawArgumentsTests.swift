import CommandSupport
import Testing

@Suite("Raw arguments")
struct RawArgumentsTests {
  @Test(
    "any bytes become a string and come back",
    arguments: [
      Array("The tide is out.".utf8), [], [0xFF], [0x61, 0xFE, 0x62], Array("日本語 🌊 é".utf8),
      // A sequence cut short, a lone continuation, an overlong form, a surrogate.
      [0xE6, 0x97], [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80],
      // U+10FF80 and U+10FFFF themselves, which stand for bytes.
      [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
    ])
  func roundTrip(bytes: [UInt8]) {
    #expect(RawArguments.bytes(of: RawArguments.string(of: bytes)) == bytes)
  }

  @Test("every pair of bytes comes back")
  func allPairs() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        let bytes = [first, second]
        #expect(RawArguments.bytes(of: RawArguments.string(of: bytes)) == bytes)
      }
    }
  }

  @Test("UTF-8 stays as it is, without normalisation")
  func plainText() {
    let text = "e\u{301} and é"
    #expect(RawArguments.string(of: Array(text.utf8)).utf8.elementsEqual(text.utf8))
  }

  @Test("a flag keeps its name before a value that is no UTF-8")
  func flagWithValue() {
    let argument = RawArguments.string(of: Array("--query=".utf8) + [0xFF])
    #expect(argument.hasPrefix("--query="))
    #expect(RawArguments.bytes(of: String(argument.dropFirst(8))) == [0xFF])
  }

  @Test("what is shown has repaired what is no UTF-8")
  func displayed() {
    #expect(RawArguments.displayed(RawArguments.string(of: [0x61, 0xFF])) == "a\u{FFFD}")
  }
}
