import Foundations
import Reporting
import Synchronization
import Training

/// Keeps what is written; a terminal if it has a width.
final class Transcript: TextOutput {
  private let width: Mutex<Int?>
  let rows: Int?
  private let written = Mutex("")
  private let failure: FileError?

  init(columns: Int? = nil, rows: Int? = nil, failure: FileError? = nil) {
    width = Mutex(columns)
    self.rows = rows
    self.failure = failure
  }

  var columns: Int? {
    get { width.withLock { $0 } }
    set { width.withLock { $0 = newValue } }
  }
  var text: String { written.withLock { $0 } }

  func write(_ text: String) throws {
    if let failure { throw failure }
    written.withLock { $0 += text }
  }

  /// What a terminal shows in the end.
  var visible: String { Screen(text).text }
}

/// A run of two layers: 100 steps in 10 epochs.
func makeRun(
  directory: String = "/runs/sample", live: LiveProgress = LiveProgress(), resumedStep: Int? = nil,
  samples: [(group: String, count: Int)] = [("train", 95), ("test", 20)]
) -> RunDescription {
  var layout = ParameterLayout()
  layout.append(name: "dense1/weight", shape: [4, 8])
  layout.append(name: "dense1/bias", shape: [8])
  layout.append(name: "output/weight", shape: [8, 3])
  return RunDescription(
    name: "sample", directory: directory, layout: layout, precision: .float32, samples: samples, steps: 100,
    stepsPerEpoch: 10, batchSize: 10, shards: 2, workers: 3, gradientBytes: 1_234_567, instructionSet: "plain",
    resumedStep: resumedStep, live: live)
}

func makeEpoch(_ epoch: Int, loss: Double = 0.5) -> EpochReport {
  EpochReport(
    epoch: epoch, step: 10 * epoch, train: LossAndMetrics(loss: loss, metrics: [("accuracy", 0.875)]),
    evaluations: [("test", LossAndMetrics(loss: 0.1, metrics: [("accuracy", 2.0 / 3)]))], learningRate: 1e-3,
    samplesPerSecond: 12_345.5, seconds: 0.25)
}

func makeSummary(directory: String = "/runs/sample", reason: String? = nil) -> RunSummary {
  RunSummary(
    name: "sample", directory: directory, step: 100, epoch: 10,
    measures: [
      GroupMeasures(group: "train", values: LossAndMetrics(loss: 0.5).members),
      GroupMeasures(group: "test", values: LossAndMetrics(loss: .nan, metrics: [("r2", -1234.5)]).members),
    ],
    seconds: 83.4, checkpoint: directory + "/checkpoints/step-000000100.h5", digest: "sha256:00ff", reason: reason,
    stallSeconds: 0.75)
}

extension LossAndMetrics {
  fileprivate var members: [JSONObject.Member] {
    if case .object(let object) = json { object.members } else { [] }
  }
}
