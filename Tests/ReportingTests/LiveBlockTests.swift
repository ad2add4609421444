import Foundation
import Reporting
import Testing
import Training

/// The block at the bottom of a terminal: what stands in it at which width, and that it gives way to lines that stay.
@Suite struct LiveBlockTests {
  private func block(_ live: LiveProgress, after: Duration, samples: [(group: String, count: Int)] = [("train", 95)])
    -> LiveBlock
  {
    let start = ContinuousClock.now
    let pace = Pace(makeRun(live: live, samples: samples), at: start)
    live.update(step: live.step + 7, loss: 0.25)
    var measures = MeasureHistory()
    for (epoch, loss) in [(1, 0.5), (2, 0.75)] {
      measures.note(
        [(group: "train", values: [(name: "loss", value: loss), (name: "accuracy", value: loss)])],
        when: "epoch \(epoch)"
      ) { $0 != "loss" }
    }
    return pace.block(at: start + after, ["2 workers"], measures)
  }

  private func text(_ block: LiveBlock, _ columns: Int) -> String {
    block.lines(columns: columns).map { $0.text + "\n" }.joined()
  }

  @Test func aWideTerminalGetsATable() {
    let live = LiveProgress()
    live.update(step: 20, loss: 1)
    #expect(
      text(block(live, after: .seconds(2)), 80) == """
        epoch 3/10  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━────────────  70 %  step 27/100
        run         ━━━━━━━━━━──────────────────────────────  27 %  21 s left
        33.2 samples/s  2 workers
                              now       last       best
        train loss         0.2500     0.7500     0.5000  epoch 1
        train accuracy          -     0.7500     0.7500 *

        """)
  }

  @Test func nothingIsLostOnANarrowOne() {
    let live = LiveProgress()
    live.update(step: 20, loss: 1)
    let block = block(live, after: .seconds(2))
    for columns in [20, 12, 5, 1] {
      let lines = block.lines(columns: columns).map(\.text)
      #expect(lines.allSatisfy { $0.count <= max(1, columns - 1) })
      let all = lines.joined().filter { $0 != " " }
      if columns == 20 { #expect(lines.contains("train loss") && lines.contains("best 0.5000 epoch 1")) }
      for word in [
        "epoch3/1070%", "step27/100", "run27%", "21sleft", "33.2samples/s", "2workers", "trainloss", "now0.2500",
        "last0.7500", "best0.5000epoch1", "trainaccuracy", "best0.7500*",
      ] {
        #expect(all.contains(word), "\(columns) columns lack \(word): \(all)")
      }
    }
    #expect(block.lines(columns: 20).map(\.text).first == "epoch 3/10 70 %")
  }

  @Test func aTerminalWithoutUnicodeGetsItsBars() {
    var block = block(LiveProgress(), after: .seconds(1))
    block.isUnicode = false
    #expect(block.lines(columns: 80).allSatisfy { $0.text.allSatisfy(\.isASCII) })
    #expect(text(block, 80).contains("============----"))
  }

  /// 10 steps in 2 s, then 1 step a second: after a while only the slow ones count.
  @Test func paceIsThatOfTheLastSeconds() {
    let live = LiveProgress()
    // A run that goes on: the steps before are none of its own.
    live.update(step: 30, loss: .nan)
    let start = ContinuousClock.now
    let pace = Pace(makeRun(live: live), at: start)
    live.update(step: 40, loss: 2)
    func facts(_ time: Duration) -> [String] {
      let block = pace.block(at: start + time, [], MeasureHistory())
      return block.parts.map(\.place) + block.facts
    }
    #expect(facts(.seconds(2)) == ["step 40/100", "12 s left", "47.5 samples/s"])
    for second in 3...20 {
      live.update(step: 38 + second, loss: 1)
      _ = facts(.seconds(second))
    }
    #expect(facts(.seconds(20.5)) == ["step 58/100", "46 s left", "8.64 samples/s"])
  }

  @Test func formulasHaveStepsASecond() {
    let live = LiveProgress()
    let block = block(live, after: .seconds(1), samples: [])
    #expect(block.parts.map(\.name) == ["run"] && block.parts[0].place == "step 7/100, 13 s left")
    #expect(block.facts.first == "7.00 steps/s")
  }

  @Test func theBlockGivesWayAndFitsTheTerminal() {
    let output = Transcript(columns: 10, rows: 3)
    let console = Console(output: output, errors: output)
    console.draw([StyledLine("0123456789abc"), StyledLine("second"), StyledLine("no room for a third")])
    #expect(output.visible == "012345678\nsecond\n")
    output.columns = 12
    console.draw([StyledLine("0123456789abc")])
    #expect(output.visible == "0123456789a\n")
    console.print("permanent\n")
    console.draw([StyledLine("live"), StyledLine("block")])
    console.warn("careful")
    console.draw([StyledLine("live")])
    console.clear()
    console.clear()
    #expect(Screen(output.text).unknown == [])
    #expect(output.visible == "permanent\nwarning: careful\n")
  }

  /// A terminal that was made narrower has wrapped the block: as many rows more are cleared, and none of what stands above.
  @Test func aNarrowerTerminalIsCleared() {
    let output = Transcript(columns: 40)
    let console = Console(output: output)
    console.print("stays\n")
    console.draw([StyledLine(String(repeating: "a", count: 39)), StyledLine("bb")])
    let before = output.text
    output.columns = 16
    console.draw([StyledLine("c")])
    // What the narrower terminal has made of the block: three rows of a, one of b.
    let wrapped = Screen(before.replacing("\u{1B}[?7l", with: "").replacing("\u{1B}[?7h", with: ""), columns: 16)
    #expect(wrapped.lines.count == 6)
    let after = before.replacing("\u{1B}[?7l", with: "") + output.text.dropFirst(before.count)
    #expect(Screen(after, columns: 16).text == "stays\nc\n")
  }

  @Test func coloursAreAsked() {
    #expect(ColorChoice.auto.isOn(isTerminal: true, environment: [:]))
    #expect(ColorChoice.auto.isOn(isTerminal: true, environment: ["NO_COLOR": ""]))
    #expect(!ColorChoice.auto.isOn(isTerminal: true, environment: ["NO_COLOR": "1"]))
    #expect(!ColorChoice.auto.isOn(isTerminal: false, environment: [:]))
    #expect(ColorChoice.always.isOn(isTerminal: false, environment: ["NO_COLOR": "1"]))
    #expect(!ColorChoice.never.isOn(isTerminal: true, environment: [:]))
    let output = Transcript(columns: 80)
    Console(output: output, colors: .never).draw([StyledLine("x", .good)])
    #expect(output.text.contains("x") && !output.text.contains("\u{1B}[32m"))
    Console(output: output, colors: .always).draw([StyledLine("x", .good)])
    #expect(output.text.contains("\u{1B}[32mx\u{1B}[0m"))
  }
}
