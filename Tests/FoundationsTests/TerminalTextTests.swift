import Foundations
import Testing

/// Text from files does nothing to a terminal but be read.
@Suite struct TerminalTextTests {
  @Test func controlsAreWrittenOut() {
    #expect("a\nb\r\tc\u{1B}[2J\u{7F}\u{9B}1m".onOneLine == #"a\nb\r\tc\u{1b}[2J\u{7f}\u{9b}1m"#)
    #expect("x\u{202E}y\u{2066}z\u{2028}\u{0}".onOneLine == #"x\u{202e}y\u{2066}z\u{2028}\u{0}"#)
    #expect("a\n\tb\u{7}".withoutControls == "a\n\tb\\u{7}")
    #expect("Größe 'x' \\n 🙂".onOneLine == "Größe 'x' \\n 🙂")
  }

  @Test func twiceIsAsOnce() {
    let text = "a\n\u{1B}\\"
    #expect(text.onOneLine.onOneLine == text.onOneLine)
    #expect(text.onOneLine.withoutControls == text.onOneLine)
  }

  @Test func listsAreCutWhereTheyAreLong() {
    #expect(listed(["a", "b\n"]) == #"'a', 'b\n'"#)
    #expect(listed((0..<30).map(String.init), atMost: 2) == "'0', '1' and 28 more")
    #expect(listed(["a"], of: 4) == "'a' and 3 more")
  }

  @Test func jsonWritesThemOutInItsOwnWay() throws {
    let text = "a\u{9B}\u{7F}\u{202E}\n"
    #expect(JSONValue.string(text).compactText == #""a\u009b\u007f\u202e\n""#)
    #expect(try JSONDocument(text: JSONValue.string(text).compactText, source: "x").root == .string(text))
  }

  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.00 kB"), (999_400, "999 kB"), (999_600, "1.00 MB"),
    (2_500_000_000, "2.50 GB"), (999_600_000_000, "1.00 TB"), (.max, "9223372 TB"),
  ])
  func amountsHaveThreeDigits(bytes: Int, text: String) { #expect(ByteText.text(bytes) == text) }

  @Test func memoryThatNobodyHasIsNotToBeHad() {
    #expect(MemoryLimit.allows(1 << 20) && MemoryLimit.allows(0) && !MemoryLimit.allows(1 << 60))
  }
}
