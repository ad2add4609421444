import Reporting
import Testing

@Suite struct LateLineTests {
  @Test func whatIsQuickIsNotShown() {
    let terminal = Transcript(columns: 80)
    let line = LateLine(output: terminal)
    for _ in 0..<100 { line.show("30 %") }
    line.clear()
    #expect(terminal.text.isEmpty)
  }

  @Test func whatTakesLongIsShownNowAndThenAndTakenAway() {
    let terminal = Transcript(columns: 80)
    do {
      let line = LateLine(output: terminal, delay: .zero, period: .seconds(600))
      line.show("30 %")
      line.show("31 %")
      #expect(terminal.visible == "30 %\n")
    }
    #expect(!terminal.text.contains("31 %") && terminal.visible.isEmpty)
  }

  @Test func whereThereIsNoTerminalNothingIsWritten() {
    let file = Transcript()
    let line = LateLine(output: file, delay: .zero, period: .zero)
    line.show("30 %")
    line.clear()
    #expect(file.text.isEmpty)
  }
}
