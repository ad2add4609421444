import Foundation
import Foundations
import Reporting
import Testing
import Training

@Suite struct ProgressDisplayTests {
  @Test func moreIsToldIfAskedFor() {
    let output = Transcript()
    let display = ProgressDisplay(Console(output: output), detail: .more, now: { localTime(1, 2, 3) })
    display.observe(.epoch(makeEpoch(4)))
    display.observe(.saved(path: "somewhere"))
    #expect(
      output.text == """
        01:02:03  epoch 4  train loss 0.5000 accuracy 0.8750  test loss 0.1000 accuracy 0.6667  12.3 k samples/s  learning rate 0.0010  0.25 s
        01:02:03  saved somewhere

        """)
  }

  @Test func linesOfARunWithoutTerminal() {
    let (output, errors) = (Transcript(), Transcript())
    let display = ProgressDisplay(Console(output: output, errors: errors), now: { localTime(9, 5, 7) })
    display.observe(.started(makeRun(resumedStep: 30)))
    display.observe(.epoch(makeEpoch(4)))
    display.observe(.warning("the disk is nearly full"))
    display.observe(.saved(path: "somewhere"))
    display.observe(.epoch(makeEpoch(10, loss: 1234.56)))
    display.observe(.finished(makeSummary()))
    #expect(
      output.text == """
        sample
          parameters  64 float32: dense1 40, output 24
          samples     train 95, test 20
          steps       100: 10 epochs of 10 batches of 10 samples, the last of 5
          shards      2 a batch; their gradients take 1.23 MB
          workers     3, plain kernels
          directory   /runs/sample
          goes on     from step 30
        09:05:07  epoch  4/10  train loss 0.5000 accuracy 0.8750  test loss 0.1000 accuracy 0.6667  12.3 k samples/s
        09:05:07  epoch 10/10  train loss 1234.6 accuracy 0.8750  test loss 0.1000 accuracy 0.6667  12.3 k samples/s

        """)
    #expect(errors.text == "warning: the disk is nearly full\n")
  }

  @Test(arguments: [
    (80, "epoch  4/10  train loss 0.5000 accuracy 0.8750  test loss 0.1000 accuracy 0.6667\n"),
    (98, "epoch  4/10  train loss 0.5000 accuracy 0.8750  test loss 0.1000 accuracy 0.6667  12.3 k samples/s\n"),
  ])
  func anEpochFitsTheTerminal(columns: Int, line: String) {
    let output = Transcript(columns: columns)
    let display = ProgressDisplay(Console(output: output))
    display.observe(.started(makeRun()))
    display.observe(.epoch(makeEpoch(4)))
    display.end()
    #expect(output.visible.hasSuffix("\n" + line))
  }

  @Test func aFormulaHasNoSamples() {
    let output = Transcript()
    let display = ProgressDisplay(Console(output: output), now: { localTime(23, 59, 0) })
    display.observe(.started(makeRun(samples: [])))
    display.observe(
      .step(
        StepReport(
          step: 7, train: LossAndMetrics(loss: -0.5), evaluations: [], learningRate: 0.1,
          parameters: [("b", [], [7.5]), ("w", [2], [-5, 1e-6])])))
    #expect(
      output.text == """
        sample
          parameters  64 float32: dense1 40, output 24
          steps       100
          workers     3, plain kernels
          directory   /runs/sample
        23:59:00  step   7/100  loss -0.5000  b 7.5000  w [-5.0000 1.000e-06]

        """)
  }

  @Test func summaries() {
    #expect(
      makeSummary().text == """
        finished 10 epochs, 100 steps in 1 min 23 s of training
          train       loss 0.5000
          test        loss nan  r2 -1234.5
          waited      0.75 s for checkpoints, 0.9 % of the run
          checkpoint  /runs/sample/checkpoints/step-000000100.h5
          metrics     /runs/sample/metrics.jsonl
          digest      sha256:00ff

        """)
    let early = makeSummary(reason: "early stopping: enough").textOfFinishedRun
    #expect(early.hasPrefix("sample is finished already: 10 epochs, 100 steps in 1 min 23 s of training\n"))
    #expect(early.contains("\n  ended by    early stopping: enough\n"))
  }

  @Test func quietShowsWarningsOnly() {
    let (output, errors) = (Transcript(columns: 80), Transcript())
    let console = Console(output: output, errors: errors, isQuiet: true)
    let display = ProgressDisplay(console)
    display.observe(.started(makeRun()))
    display.observe(.epoch(makeEpoch(1)))
    display.observe(.warning("bits may differ"))
    console.draw([StyledLine("a line")])
    display.end()
    #expect(output.text == "")
    #expect(errors.text == "warning: bits may differ\n")
  }

  @Test func aTimerDrawsTheLineAndStops() async throws {
    let output = Transcript(columns: 100)
    let live = LiveProgress()
    let display = ProgressDisplay(Console(output: output))
    display.observe(.started(makeRun(live: live)))
    live.update(step: 12, loss: 0.25)
    for _ in 0..<400 where !output.text.contains("step 12/100") { try await Task.sleep(for: .milliseconds(10)) }
    #expect(output.visible.contains("epoch 2/10  ") && output.visible.contains(" 20 %  step 12/100\n"))
    display.end()
    let text = output.text
    #expect(!output.visible.contains("step 12/100") && output.visible.hasSuffix("directory   /runs/sample\n"))
    try await Task.sleep(for: .milliseconds(300))
    #expect(output.text == text)
  }

  @Test func brokenOutputIsSaidOnce() {
    let errors = Transcript()
    let full = FileError(operation: "write", path: "", number: ENOSPC)
    let console = Console(output: Transcript(failure: full), errors: errors)
    console.print("one\n")
    console.print("two\n")
    #expect(
      errors.text
        == "warning: standard output cannot be written (write: No space left on device); the work goes on without it\n")
  }

  @Test(arguments: [
    (0, "0.0000"), (0.12345, "0.1235"), (9.9999, "9.9999"), (12.3456, "12.346"), (123.456, "123.46"),
    (6572.1311, "6572.1"), (13370.1, "13370"), (1234567, "1.2346e+06"), (0.00012, "1.200e-04"), (-75, "-75.000"),
    (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
  ])
  func measures(value: Double, text: String) { #expect(NumberText.measure(value) == text) }

  @Test(arguments: [
    (0, "0.00 s"), (0.994, "0.99 s"), (0.996, "1.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
    (59.6, "1 min 00 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"), (90_000, "25 h 00 min"), (.infinity, "-"),
  ])
  func durations(seconds: Double, text: String) { #expect(NumberText.duration(seconds) == text) }

  @Test(arguments: [
    (0.5, "0.50 x/s"), (9994, "9994 x/s"), (9996, "10.0 k x/s"), (999_400, "999 k x/s"), (999_600, "1.00 M x/s"),
    (3.2e9, "3.20 G x/s"), (.nan, "- x/s"),
  ])
  func rates(value: Double, text: String) { #expect(NumberText.rate(value, of: "x") == text) }
}

/// A time of a day, by the clock on the wall.
private func localTime(_ hour: Int, _ minute: Int, _ second: Int) -> Date {
  let parts = DateComponents(year: 2026, month: 3, day: 5, hour: hour, minute: minute, second: second)
  return Calendar(identifier: .gregorian).date(from: parts) ?? .distantPast
}
