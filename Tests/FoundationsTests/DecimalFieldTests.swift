import Foundation
import Foundations
import TestSupport
import Testing

@Suite struct DecimalFieldTests {
  private static func read(_ text: String) -> DecimalField? { DecimalField(text, mark: UInt8(ascii: ".")) }

  @Test func numbersAreThoseOfPython() throws {
    guard case .array(let cases) = try Fixture.read("tables").member("numbers") else {
      throw TrainerError(.data, "the fixture is damaged")
    }
    #expect(cases.count > 600)
    for item in cases {
      guard case .string(let text) = try item.member("text") else {
        throw TrainerError(.data, "the fixture is damaged")
      }
      let field = Self.read(text)
      guard case .string(let bits) = try item.member("bits") else {
        #expect(field == nil, "\(text)")
        continue
      }
      #expect(field?.value.bitPattern == UInt64(bits, radix: 16), "\(text)")
      #expect(try item.member("rounded") == .boolean(field?.isRoundedWholeNumber ?? false), "\(text)")
    }
  }

  // The standard library's numbers come from the C library.
  @Test func randomNumbersAreThoseOfTheStandardLibrary() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<Torture.count(100_000, 10_000_000) {
      let digits =
        UInt64.random(in: 0...9_999_999_999_999_999_999, using: &random) >> UInt64.random(in: 0..<64, using: &random)
      let text = "\(digits)e\(Int.random(in: -30...30, using: &random))"
      #expect(Self.read(text)?.value == Double(text), "\(text)")
      let value = Double(bitPattern: UInt64.random(in: 0..<0x7FF << 52, using: &random))
      #expect(Self.read("-\(value)")?.value == -value)
    }
  }

  @Test func otherTextsAreNone() {
    for text in [
      "", " 1", "1 ", "0x10", "inf", "nan", "1e", "e1", ".", "-", "+-1", "1..2", "1_0", "1\0", "1,5", "٣", "1e999",
    ] {
      #expect(Self.read(text) == nil, "\(text)")
    }
    #expect(DecimalField("1,5", mark: UInt8(ascii: ","))?.value == 1.5)
    #expect(DecimalField("1.5", mark: UInt8(ascii: ",")) == nil)
    // Beyond 19 digits the standard library reads them, with a point.
    #expect(DecimalField("0,1000000000000000055511151231257827", mark: UInt8(ascii: ","))?.value == 0.1)
  }

  // Eight bytes are read at a time where there are so many, whatever they are.
  @Test func bytesThatAreNoDigitsEndANumberWhereverTheyStand() {
    for byte in UInt8.min...UInt8.max where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      // These have a meaning in numbers.
      guard !"+-.eE".utf8.contains(byte) else { continue }
      for place in 0..<10 {
        var text = Array("1234567890,a north".utf8)
        text[place] = byte
        let expected = Double(Int("1234567890".prefix(place)) ?? 0)
        text.withUnsafeBufferPointer { text in
          guard let start = text.baseAddress else { return }
          var at = start
          let number = DecimalField.read(&at, start + text.count, mark: UInt8(ascii: "."))
          #expect(number?.value == (place == 0 ? nil : expected) && at == start + place, "\(byte) at \(place)")
        }
      }
    }
  }
}
