import Foundations
import Reporting
import Testing

@Suite struct LateLineTests {
  /// Shows work on a terminal, a moment each.
  private func shown(
    on terminal: Transcript, isQuiet: Bool = false, after moments: [Duration], _ work: (WorkProgress.Part) -> Void
  ) -> String {
    let progress = WorkProgress()
    return WorkProgress.$watched.withValue(progress) {
      guard let part = WorkProgress.begin("reading big.csv", of: 1000, "rows") else { return "nobody watches" }
      defer { part.end() }
      let begin = part.begin
      let line = LateLine(
        progress, output: terminal, isQuiet: isQuiet, environment: ["LANG": "C.UTF-8"], at: begin)
      for moment in moments {
        work(part)
        line.draw(at: begin + moment)
      }
      defer { line.end() }
      return terminal.visible
    }
  }

  @Test func whatIsQuickIsNotShown() {
    let terminal = Transcript(columns: 80)
    _ = shown(on: terminal, after: [.milliseconds(10), .milliseconds(500), .milliseconds(999)]) { $0.add(100) }
    #expect(terminal.text.isEmpty)
  }

  @Test func whatTakesLongIsShownAndTakenAway() {
    let terminal = Transcript(columns: 80)
    let text = shown(on: terminal, after: [.seconds(1), .seconds(2), .seconds(3)]) { $0.add(100) }
    // From the first to the third second 200 rows, and 700 are left.
    let bar = String(repeating: "━", count: 4) + String(repeating: "─", count: 12)
    #expect(text == "reading big.csv  \(bar)  30 %  300/1000 rows  100 rows/s  7 s left\n")
    #expect(terminal.visible.isEmpty)
  }

  @Test(arguments: [
    (200, "reading big.csv  ━━━━━━━━━━━━────────────────────────────  30 %  300/1000 rows  100 rows/s  7 s left"),
    (70, "reading big.csv  ━━──────  30 %  300/1000 rows  100 rows/s  7 s left"),
    (50, "reading big.csv  30 %  100 rows/s  7 s left"), (40, "reading big.csv  30 %  7 s left"),
    (20, "readi...g.csv  30 %"), (10, "30 %"), (3, "30"), (1, "3"),
  ])
  func anyWidthHasWhatMattersMost(columns: Int, line: String) {
    let terminal = Transcript(columns: columns)
    let text = shown(on: terminal, after: [.seconds(1), .seconds(2), .seconds(3)]) { $0.add(100) }
    #expect(text == line + "\n")
  }

  @Test(arguments: [(Transcript(), false), (Transcript(columns: 80), true)])
  func withoutATerminalOrQuietNothingIsWritten(terminal: Transcript, isQuiet: Bool) {
    _ = shown(on: terminal, isQuiet: isQuiet, after: [.seconds(1), .seconds(2)]) { $0.add(100) }
    #expect(terminal.text.isEmpty)
  }

  @Test func allIsDoneOnlyWhenAllIsDone() {
    for (done, percent) in [(994, "99 %"), (999, "99 %"), (1000, "100 %")] {
      let text = shown(on: Transcript(columns: 40), after: [.seconds(1)]) { $0.add(done) }
      #expect(text.hasPrefix("reading big.csv  \(percent)"), "\(text)")
    }
  }

  @Test func afterItsEndNothingIsDrawn() {
    let terminal = Transcript(columns: 80)
    let progress = WorkProgress()
    WorkProgress.$watched.withValue(progress) {
      let part = WorkProgress.begin("reading", of: 10, "rows")
      let line = LateLine(progress, output: terminal, at: .now - .seconds(5))
      line.draw()
      line.end()
      line.draw()
      part?.end()
    }
    #expect(terminal.text.contains("reading") && terminal.visible.isEmpty)
  }

  @Test func workThatNobodyCountsSaysHowLongItTakes() {
    let progress = WorkProgress()
    WorkProgress.$watched.withValue(progress) {
      guard let part = WorkProgress.begin("hashing the data") else { return }
      var pace = WorkPace()
      #expect(pace.line(of: part, at: part.begin + .seconds(12)).line(columns: 80).text == "hashing the data  12 s")
    }
  }

  @Test func bytesHaveTheirPrefixes() {
    let progress = WorkProgress()
    WorkProgress.$watched.withValue(progress) {
      guard let part = WorkProgress.begin("storing out.h5 anew", "bytes") else { return }
      var pace = WorkPace()
      _ = pace.line(of: part, at: part.begin)
      part.set(20_000_000, share: 0.25)
      #expect(
        pace.line(of: part, at: part.begin + .seconds(2)).line(columns: 60).text
          == "storing out.h5 anew  25 %  20.0 MB  10.0 MB/s  6 s left")
    }
  }

  @Test func whatWasDoneAnotherDayIsNotCounted() {
    let progress = WorkProgress()
    WorkProgress.$watched.withValue(progress) {
      guard let part = WorkProgress.begin("training 10 folds", of: 10, "folds") else { return }
      var pace = WorkPace()
      part.set(8)
      _ = pace.line(of: part, at: part.begin + .seconds(1))
      part.add(1)
      #expect(
        pace.line(of: part, at: part.begin + .seconds(5)).line(columns: 40).text
          == "training 10 folds  90 %  4 s left")
    }
  }

  @Test func theWholeIsShownBeforeItsPiecesWhereItsShareIsKnown() {
    let progress = WorkProgress()
    WorkProgress.$watched.withValue(progress) {
      let whole = WorkProgress.begin("predicting a.npy")
      let piece = WorkProgress.begin("reading a.npy", of: 10, "rows")
      #expect(progress.current?.what == "reading a.npy")
      whole?.set(1, share: 0.1)
      #expect(progress.current?.what == "predicting a.npy")
      whole?.end()
      #expect(progress.current?.what == "reading a.npy")
      piece?.end()
      #expect(progress.current == nil)
    }
    #expect(WorkProgress.begin("nobody watches") == nil)
  }
}
