import Foundation
import Foundations
import Reporting
import Synchronization
import TestSupport
import Testing
import Training

@Suite struct MetricsFileTests {
  private func contents(_ directory: String) throws -> String {
    try String(contentsOfFile: directory + "/metrics.jsonl", encoding: .utf8)
  }

  private static let epochLines = [1, 2, 3].map { epoch in
    #"{"event":"epoch","epoch":\#(epoch),"step":\#(10 * epoch),"train":{"loss":0.5,"accuracy":0.875},"#
      + #""test":{"loss":0.1,"accuracy":0.6666666666666666},"learningRate":0.001,"samplesPerSecond":12345.5,"#
      + #""seconds":0.25}"# + "\n"
  }

  @Test func linesAreThoseOfTheContract() throws {
    try withScratchDirectory { directory in
      let file = MetricsFile()
      try file.observe(.started(makeRun(directory: directory)))
      #expect(try contents(directory) == "")
      try file.observe(.epoch(makeEpoch(1)))
      #expect(try contents(directory) == Self.epochLines[0])
      try file.observe(.warning("not for this file"))
      try file.observe(.saved(path: "nor this"))
      try file.observe(.epoch(makeEpoch(2)))
      try file.observe(.finished(makeSummary()))
      #expect(
        try contents(directory) == Self.epochLines[..<2].joined()
          + #"{"event":"finished","step":100,"digest":"sha256:00ff","stallSeconds":0.75}"# + "\n")
    }
  }

  @Test func stepsShowParametersInTheirShape() throws {
    try withScratchDirectory { directory in
      let file = MetricsFile()
      try file.observe(.started(makeRun(directory: directory)))
      try file.observe(
        .step(
          StepReport(
            step: 3, train: LossAndMetrics(loss: .nan, metrics: [("r2", -.infinity)]), evaluations: [],
            learningRate: 0.1,
            parameters: [("a", [], [1.5]), ("m", [2, 2], [1, 2, 3, .nan])])))
      try file.observe(.finished(makeSummary(reason: "early stopping")))
      try file.observe(.stopped(step: 7, reason: "interrupted"))
      #expect(
        try contents(directory) == """
          {"event":"step","step":3,"train":{"loss":null,"r2":null},"learningRate":0.1,"parameters":{"a":1.5,"m":[[1,2],[3,null]]}}
          {"event":"finished","step":100,"digest":"sha256:00ff","stallSeconds":0.75,"reason":"early stopping"}
          {"event":"stopped","step":7,"reason":"interrupted"}

          """)
    }
  }

  private static let first = epochLines[0]
  private static let two = epochLines[0] + epochLines[1]
  private static let stopped = #"{"event":"stopped","step":20,"reason":"interrupted"}"# + "\n"
  private static let finished = #"{"event":"finished","step":20,"digest":"sha256:00"}"# + "\n"

  /// The file before a resume from step 20, and how many lines of it stay.
  private static let resumes: [(before: String, kept: Int)] = [
    (two + epochLines[2], 2), (two, 2), (first, 1), ("", 0), (two + stopped, 2), (two + "{\"event\":\"epo", 2),
    (first + epochLines[1].dropLast(), 1), (first + "\u{0}\u{0}\u{0}\n" + epochLines[1], 1),
    (two + finished + epochLines[2], 2),
  ]

  @Test(arguments: resumes)
  func aResumeCutsWhatIsLater(before: String, kept: Int) throws {
    try withScratchDirectory { directory in
      try before.write(toFile: directory + "/metrics.jsonl", atomically: true, encoding: .utf8)
      try MetricsFile().observe(.started(makeRun(directory: directory, resumedStep: 20)))
      #expect(try contents(directory) == Self.epochLines[..<kept].joined())
    }
  }

  @Test func aStartCutsEverything() throws {
    try withScratchDirectory { directory in
      try Self.epochLines.joined().write(toFile: directory + "/metrics.jsonl", atomically: true, encoding: .utf8)
      try MetricsFile().observe(.started(makeRun(directory: directory)))
      #expect(try contents(directory) == "")
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    try withScratchDirectory { directory in
      let error = #expect(throws: TrainerError.self) {
        try MetricsFile().observe(.started(makeRun(directory: directory + "/absent")))
      }
      #expect(error?.code == .usage)
      #expect(
        error?.message
          == "\(directory)/absent/metrics.jsonl: the metrics cannot be written: No such file or directory")
    }
  }

  // What a full disk refuses is kept, and no checkpoint may be saved until it is written.
  @Test(arguments: ["openForAppending", "write", "synchronize"])
  func linesThatCannotBeWrittenAreWrittenLater(call: String) throws {
    try withScratchDirectory { directory in
      let isFull = Atomic<Bool>(false)
      let file = MetricsFile(
        fileSystem: InstrumentedFileSystem { event in
          guard isFull.load(ordering: .relaxed), event.name == call else {
            // With the disk full, a part of the line has been written before.
            if isFull.load(ordering: .relaxed), call == "synchronize", event.name == "write" { return .atMost(7) }
            return .proceed
          }
          throw FileError(operation: call, path: "", number: ENOSPC)
        })
      try file.observe(.started(makeRun(directory: directory)))
      try file.observe(.epoch(makeEpoch(1)))
      isFull.store(true, ordering: .relaxed)
      try file.observe(.epoch(makeEpoch(2)))
      let error = #expect(throws: TrainerError.self) { try file.prepareForSave() }
      #expect(
        error?.message == "\(directory)/metrics.jsonl: the metrics cannot be written: No space left on device")
      #expect(throws: TrainerError.self) { try file.observe(.stopped(step: 20, reason: "interrupted")) }
      isFull.store(false, ordering: .relaxed)
      try file.observe(.epoch(makeEpoch(3)))
      try file.prepareForSave()
      #expect(
        try contents(directory) == Self.epochLines[0] + Self.epochLines[1]
          + #"{"event":"stopped","step":20,"reason":"interrupted"}"# + "\n" + Self.epochLines[2])
    }
  }

  // Lines are there at once, and on the disk within a second, before a checkpoint and at the end.
  @Test func linesAreForcedToTheDiskOnceASecond() throws {
    try withScratchDirectory { directory in
      let count = Atomic<Int>(0)
      var instant = ContinuousClock.now
      let file = MetricsFile(
        fileSystem: InstrumentedFileSystem { event in
          if event.name == "synchronize" { count.add(1, ordering: .relaxed) }
          return .proceed
        }, now: { instant })
      try file.observe(.started(makeRun(directory: directory)))
      var counts: [Int] = []
      for epoch in 1...3 {
        instant = instant.advanced(by: .seconds(0.6))
        try file.observe(.epoch(makeEpoch(epoch)))
        counts.append(count.load(ordering: .relaxed))
        #expect(try contents(directory) == Self.epochLines[..<epoch].joined())
      }
      try file.prepareForSave()
      counts.append(count.load(ordering: .relaxed))
      try file.prepareForSave()
      try file.observe(.finished(makeSummary()))
      counts.append(count.load(ordering: .relaxed))
      #expect(counts == [0, 1, 1, 2, 3])
    }
  }

  @Test func linesWithoutTimes() throws {
    try withScratchDirectory { directory in
      let path = directory + "/metrics.jsonl"
      try (Self.epochLines[0] + Self.finished).write(toFile: path, atomically: true, encoding: .utf8)
      let lines = try MetricsFile.timelessLines(of: path)
      #expect(
        lines.map { line in if case .object(let object) = line { object.keys } else { [] } } == [
          ["event", "epoch", "step", "train", "test", "learningRate"], ["event", "step", "digest"],
        ])
    }
  }
}
