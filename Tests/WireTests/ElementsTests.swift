import Testing
import Wire

/// Rounding is compared with Swift's own `Float16`, and for bf16 with arithmetic in double.
@Suite("Elements of vectors")
struct ElementsTests {
  private func f16(_ number: Float) throws -> UInt16 {
    let bytes = try ElementType.f16.bytes(of: [number])
    return UInt16(bytes[0]) | UInt16(bytes[1]) << 8
  }

  private func bf16(_ number: Float) throws -> UInt16 {
    let bytes = try ElementType.bf16.bytes(of: [number])
    return UInt16(bytes[0]) | UInt16(bytes[1]) << 8
  }

  @Test("f16: every value, every midpoint and their neighbours round as IEEE says")
  func everyHalf() throws {
    for bits in 0..<UInt16(0x7bff) {
      let low = Float(Float16(bitPattern: bits))
      let high = Float(Float16(bitPattern: bits + 1))
      let middle = (low + high) / 2
      for number in [low, low.nextUp, middle.nextDown, middle, middle.nextUp, high.nextDown] {
        #expect(try f16(number) == Float16(number).bitPattern)
        #expect(try f16(-number) == Float16(-number).bitPattern)
      }
    }
  }

  @Test("f16: zero keeps its sign, and what is too small becomes zero")
  func smallHalves() throws {
    #expect(try f16(0) == 0)
    #expect(try f16(-0.0) == 0x8000)
    #expect(try f16(Float.leastNonzeroMagnitude) == 0)
    // Half of the smallest subnormal is a tie: to even, which is zero.
    #expect(try f16(0x1p-25) == 0)
    #expect(try f16(Float(0x1p-25).nextUp) == 1)
  }

  @Test("bf16: to the nearest, ties to even")
  func brain() throws {
    #expect(try bf16(1) == 0x3f80)
    #expect(try bf16(Float(bitPattern: 0x3f80_8000)) == 0x3f80)
    #expect(try bf16(Float(bitPattern: 0x3f80_8001)) == 0x3f81)
    #expect(try bf16(Float(bitPattern: 0x3f81_8000)) == 0x3f82)
    #expect(try bf16(-0.0) == 0x8000)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let number = Float(bitPattern: UInt32.random(in: 0..<0x7f7f_8000, using: &generator))
      let low = Float(bitPattern: number.bitPattern & 0xffff_0000)
      let high = Float(bitPattern: low.bitPattern + 0x1_0000)
      let rounded = Float(bitPattern: UInt32(try bf16(number)) << 16)
      let toLow = Double(number) - Double(low)
      let toHigh = Double(high) - Double(number)
      let isLowEven = low.bitPattern & 0x1_0000 == 0
      #expect(rounded == (toLow < toHigh || toLow == toHigh && isLowEven ? low : high))
    }
  }

  @Test("numbers that would round beyond the type's range are refused, and named")
  func overflow() throws {
    #expect(try f16(Float(65_520).nextDown) == 0x7bff)
    #expect(try bf16(Float(bitPattern: 0x7f7f_7fff)) == 0x7f7f)
    let half = #expect(throws: Status.self) { try ElementType.f16.bytes(of: [1, -65_520]) }
    #expect(half?.code == .invalidArgument)
    #expect(
      half?.message
        == "the result holds -65520.0, and the largest f16 is 65504: ask for another element type")
    let brain = #expect(throws: Status.self) {
      try ElementType.bf16.bytes(of: [Float.greatestFiniteMagnitude])
    }
    #expect(brain?.message.contains("the largest bf16 is 3.3895314e+38") == true)
    for type in [ElementType.f16, .bf16] {
      for number in [Float.infinity, -.infinity, .nan] {
        #expect(throws: Status.self) { try type.bytes(of: [number]) }
      }
    }
  }

  @Test("elements come back as they were rounded", arguments: [ElementType.f32, .f16, .bf16])
  func back(type: ElementType) throws {
    let numbers: [Float] = [0, -1.5, 0.1, 3e-5, 1_000]
    let bytes = try type.bytes(of: numbers[...])
    #expect(bytes.count == numbers.count * type.byteCount)
    let back = type.numbers(in: bytes)
    #expect(try type.bytes(of: back[...]) == bytes)
    let step: Float = type == .f32 ? 0 : type == .f16 ? 0x1p-11 : 0x1p-8
    for (number, rounded) in zip(numbers, back) {
      #expect(abs(number - rounded) <= max(abs(number) * step, 0x1p-25))
    }
    #expect(type.numbers(in: bytes + [1]) == back)
  }
}
