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

  @Test func memoryThatNobodyHasIsNotToBeHad() {
    #expect(Allocation.isPossible(byteCount: 1 << 20) && Allocation.isPossible(byteCount: 0))
    #expect(!Allocation.isPossible(byteCount: 1 << 60) && !Allocation.isPossible(byteCount: -1))
    #expect([1, 64_400, .max].map(Allocation.text) == ["1 bytes", "64 kB", "9223372036855 MB"])
  }
}
