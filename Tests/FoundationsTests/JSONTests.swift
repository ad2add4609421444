import Foundations
import Testing

@Suite struct JSONTests {
  @Test(arguments: [
    (15.0, "15"), (0.1, "0.1"), (-0.0, "-0"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"), (1e-10, "1e-10"),
    (.infinity, "null"), (.nan, "null"), (0.00392156862745098, "0.00392156862745098"),
    (9_007_199_254_740_992, "9007199254740992"),
  ])
  func numbersAreTheShortestTextThatReadsBack(number: Double, text: String) throws {
    #expect(JSONValue.number(number).compactText == text)
    if number.isFinite {
      let back = try #require(try JSONDocument(text: text, source: "x").root.double)
      #expect(back.bitPattern == number.bitPattern)
    }
  }

  @Test func randomBitPatternsReadBackExactly() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let number = Double(bitPattern: generator.next())
      guard number.isFinite else { continue }
      let back = try JSONDocument(text: JSONValue.number(number).compactText, source: "x").root.double
      #expect(back?.bitPattern == number.bitPattern)
    }
  }

  @Test func prettyTextKeepsOrderAndPutsShortArraysOnOneLine() throws {
    let value: JSONValue = [
      "z": 1, "a": [1, 2.5, "x", .null, true], "empty": [], "object": [:], "matrix": [[1, 0], [0, 1]],
      "layers": [["type": "dense", "units": 10]], "text": "line\n\"quoted\" \\ \u{1}é",
    ]
    let text = """
      {
        "z": 1,
        "a": [1, 2.5, "x", null, true],
        "empty": [],
        "object": {},
        "matrix": [[1, 0], [0, 1]],
        "layers": [
          {
            "type": "dense",
            "units": 10
          }
        ],
        "text": "line\\n\\"quoted\\" \\\\ \\u0001é"
      }
      """
    #expect(value.prettyText == text)
    #expect(try JSONDocument(text: text, source: "x").root == value)
    let compact = #"{"b":[1,{"c":null}],"a":"x"}"#
    #expect(try JSONDocument(text: compact, source: "x").root.compactText == compact)
  }

  @Test func longArraysAreBroken() {
    let value = JSONValue.array((0..<60).map { .integer($0) })
    #expect(value.prettyText.hasPrefix("[\n  0,\n  1,"))
  }

  @Test func stringsAreDecodedWithTheirEscapes() throws {
    let value = try JSONDocument(text: #"{"k\u0065y": "\ud83d\ude00 \/ \t\"é"}"#, source: "x").root
    #expect(value == ["key": "😀 / \t\"é"])
  }

  @Test(arguments: [
    ("{\n  \"a\": 1\n  \"b\": 2\n}", #"x.json:3:3: JSON syntax error: invalid value at '"b": 2'"#),
    ("{\"a\": tru\n}", "x.json:1:7: JSON syntax error: invalid value at 'tru'"),
    ("", "x.json:1:1: JSON syntax error: unexpected end of the text"),
    ("{\n\"a\": [1,\n2", "x.json:3:2: JSON syntax error: unexpected end of the text"),
    ("{\"é\": 1,\n \"é\" 2}", "x.json:2:6: JSON syntax error: invalid value at '2}'"),
    ("{\"a\": 01}", "x.json:1:7: JSON syntax error: number with leading zero at '01}'"),
    ("{\"a\": 1,\n}", "x.json:1:8: JSON syntax error: a comma after the last member"),
    (
      "{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}",
      "x.json:1:24: the key \"c\" comes twice in one object, remove one"
    ),
    ("{} x", "x.json:1:4: JSON syntax error: invalid value at 'x'"),
  ])
  func faultsAreShownWithLineAndColumn(text: String, message: String) {
    let error = #expect(throws: TrainerError.self) { try JSONDocument(text: text, source: "x.json") }
    #expect(error == TrainerError(.usage, message))
  }

  @Test func textThatIsNotUTF8IsRefused() {
    let error = #expect(throws: TrainerError.self) {
      try JSONDocument(Array("{\n\"a".utf8) + [0xFF, 0x22], source: "x.json")
    }
    #expect(error?.message == "x.json:2:3: a byte here is not UTF-8 text, save the file as UTF-8")
  }

  @Test func everyPrefixAndEveryChangedByteIsReadOrRefused() {
    let bytes = Array(#"{"a": [1, -2.5e3, "x\u00e9\n"], "b": {"c": null, "d": [true, false, {}]}}"#.utf8)
    func attempt(_ bytes: [UInt8]) {
      do { _ = try JSONDocument(bytes, source: "x") } catch { #expect(error is TrainerError) }
    }
    for end in bytes.indices { attempt(Array(bytes[..<end])) }
    for index in bytes.indices {
      for byte in [0x00, 0x22, 0x2C, 0x5B, 0x5D, 0x7D, 0x30, 0x5C, 0xE9, 0x20] as [UInt8] {
        var changed = bytes
        changed[index] = byte
        attempt(changed)
      }
    }
  }

  @Test func deepNestingIsRefused() {
    let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(throws: TrainerError.self) { try JSONDocument(text: text, source: "x") }
  }

  @Test func positionsPointAtKeysAndElements() throws {
    let document = try JSONDocument(text: "{\n  \"a\": {\"b\": [10,\n 20]}\n}", source: "x")
    let b = JSONPath([.key("a"), .key("b")])
    #expect(document.position(of: b).description == "2:9")
    #expect(document.position(of: b.appending(1)).description == "3:2")
    #expect(document.position(of: JSONPath([.key("a"), .key("none")])).description == "2:3")
    #expect(b.appending(1).description == "a.b[1]")
  }
}

@Suite struct DigestTests {
  // FIPS 180-4 examples.
  @Test func knownDigests() {
    let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(Digest(of: Array("abc".utf8)).description == abc)
    var stream = Digest.Stream()
    #expect(
      stream.digest.description == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    stream.update(Array("a".utf8))
    stream.update(Array("bc".utf8))
    #expect(stream.digest.description == abc)
    #expect(Digest(abc) == stream.digest)
    #expect(Digest(abc.uppercased()) == nil)
    #expect(Digest(String(abc.dropLast())) == nil)
    #expect(Digest(String(abc.dropLast()) + "g") == nil)
    #expect(Digest(bytes: [1, 2]) == nil)
  }
}
