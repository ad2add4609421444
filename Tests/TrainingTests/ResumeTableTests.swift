import Checkpoints
import Foundations
import Optimizers
import TestSupport
import Testing
import Training

/// Every optimizer and every schedule, interrupted again and again: what each keeps from step to step is in the
/// checkpoint.
@Suite struct ResumeTableTests {
  private static func iris(_ name: String, _ settings: String) -> TrainingCase {
    TrainingCase(
      name: name, data: "iris", preprocessing: #"["standardize"]"#,
      settings: """
        "model": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3}]},
        "loss": "softmaxCrossEntropy", "training": {"epochs": 3, "batchSize": 13, "shards": 3}, \(settings)
        """)
  }

  /// A schedule has a row here. Ten steps an epoch.
  private static let schedules = [
    #"{"type": "constant", "warmup": {"steps": 13, "start": 0.1}}"#,
    #"{"type": "step", "every": 7, "unit": "steps", "gamma": 0.5}"#,
    #"{"type": "multiStep", "milestones": [1, 2], "gamma": 0.1}"#,
    #"{"type": "exponential", "gamma": 0.5}"#,
    #"{"type": "polynomial", "power": 2}"#,
    #"{"type": "cosine", "final": 0.01}"#,
    #"{"type": "cosineWithRestarts", "period": 1}"#,
    #"{"type": "oneCycle"}"#,
    #"{"type": "plateau", "patience": 0, "threshold": 0.5, "cooldown": 1, "metric": "test.loss"}"#,
  ]

  private static let optimizerCases = OptimizerRow.all.map { row in
    iris(row.settings, #""optimizer": \#(row.config(row.digits))"#)
  }
  private static let scheduleCases = schedules.map { schedule in
    iris(schedule, #""optimizer": {"type": "sgd", "learningRate": 0.1, "momentum": 0.9}, "schedule": \#(schedule)"#)
  }

  @Test(arguments: optimizerCases + scheduleCases)
  func anInterruptedRunIsTheUninterruptedOne(training: TrainingCase) throws {
    try withMemoryDirectory { directory in
      let whole = try trainToEnd(training.configuration(output: "\(directory)/whole"))
      // Seven steps a session, so most ends are within an epoch.
      let pieces = try trainInPieces(training.configuration(output: "\(directory)/pieces")) { _ in 3 }
      #expect(pieces.stops.count >= 4 && pieces.stops.contains { $0 % 10 != 0 }, "\(pieces.stops)")
      #expect(pieces.summary.digest == whole.summary.digest, "stopped at \(pieces.stops)")
      #expect(pieces.history.entries == whole.history.entries, "stopped at \(pieces.stops)")
      let (one, other) = (
        try CheckpointFile.read(whole.summary.checkpoint), try CheckpointFile.read(pieces.summary.checkpoint)
      )
      #expect(CheckpointDifference(one, other).lines == [])
      #expect(one.history == other.history)
    }
  }

  @Test func everyOptimizerAndScheduleHasARow() {
    for (types, cases) in [
      (Registry<any OptimizerSettings>.optimizers.entries.map(\.type), Self.optimizerCases),
      (Registry<any Schedule>.schedules.entries.map(\.type), Self.scheduleCases),
    ] {
      for type in types {
        #expect(cases.contains { $0.name.contains(#""type": "\#(type)""#) }, "\(type) has no row")
      }
    }
  }
}
