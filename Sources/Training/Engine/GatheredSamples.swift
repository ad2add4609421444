import DataParallel
import Foundations
import Models

/// The outputs, targets and weights of all samples of a group, in the group's order: what metrics of whole groups see.
///
/// Each shard writes its own samples, so that the order is the group's whoever computed what.
struct GatheredSamples<Scalar: TrainingScalar>: Sendable {
  private let task: LearningTask
  private let count: Int
  private let positions: Int
  /// The vectors, each with the elements of one sample.
  private let outputs: SharedBuffer<Scalar>
  private let targets: SharedBuffer<Scalar>
  private let weights: SharedBuffer<Scalar>?

  /// Memory for the samples of a group.
  init(count: Int, metrics: MetricSet, isWeighted: Bool) {
    let task = metrics.task
    self.count = count
    positions = metrics.positions
    self.task = task
    outputs = SharedBuffer(repeating: .unwritten, count: count * positions * task.outputCount)
    targets = SharedBuffer(repeating: .unwritten, count: count * positions * task.targetCount)
    weights = isWeighted ? SharedBuffer(repeating: .unwritten, count: count) : nil
  }

  /// The bytes that it takes to measure so many samples, the order of scores included; 0 where no metric needs them.
  static func memoryNeed(
    samples: Int, metrics: [any Metric], task: LearningTask, positions: Int, isWeighted: Bool
  ) -> Double {
    guard metrics.contains(where: { $0 is any GroupMetric }) else { return 0 }
    let elements = task.outputCount + task.targetCount + (isWeighted ? 1 : 0)
    let bytesOfPosition = elements * MemoryLayout<Scalar>.stride + RankingMetric.bytesOfSample
    return Double(samples) * Double(positions) * Double(bytesOfPosition)
  }

  /// Keeps the samples of a shard.
  func keep(
    _ samples: Range<Int>, outputs: UnsafePointer<Scalar>, targets: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>?
  ) {
    func copy(_ values: UnsafePointer<Scalar>, _ width: Int, to buffer: SharedBuffer<Scalar>) {
      (buffer.pointer + samples.lowerBound * width).update(from: values, count: samples.count * width)
    }
    copy(outputs, positions * task.outputCount, to: self.outputs)
    copy(targets, positions * task.targetCount, to: self.targets)
    if let own = self.weights, let weights { copy(weights, 1, to: own) }
  }

  /// Gives all ranks the samples of each.
  ///
  /// - Parameter stretches: The samples that each rank has computed.
  /// - Throws: `RankFailure`.
  func exchange(_ stretches: [Range<Int>], among ranks: any Communicator) throws {
    for (buffer, width) in [(outputs, positions * task.outputCount), (targets, positions * task.targetCount)]
      + (weights.map { [($0, 1)] } ?? [])
    {
      let size = width * MemoryLayout<Scalar>.stride
      let bytes = UnsafeMutableRawBufferPointer(buffer.elements)
      // A few samples at a time: what is under way is kept on every rank.
      let atOnce = max(1, Self.bytesAtOnce / max(1, size))
      let longest = stretches.map(\.count).max() ?? 0
      for first in stride(from: 0, to: longest, by: atOnce) {
        let pieces = stretches.map { stretch in
          let start = stretch.lowerBound + min(first, stretch.count)
          let end = stretch.lowerBound + min(first + atOnce, stretch.count)
          return start * size..<end * size
        }
        for (piece, found) in zip(pieces, try ranks.allGather(Array(bytes[pieces[ranks.rank]]))) {
          UnsafeMutableRawBufferPointer(rebasing: bytes[piece]).copyBytes(from: found)
        }
      }
    }
  }

  private static var bytesAtOnce: Int { 8 << 20 }

  /// Calls `body` with all samples.
  func withSamples<Result>(_ body: (MetricSamples<Scalar>) -> Result) -> Result {
    defer { withExtendedLifetime(self) {} }
    return body(
      MetricSamples(
        task: task, count: count * positions, outputs: outputs.pointer, targets: targets.pointer,
        weights: weights.map { UnsafePointer($0.pointer) }, positions: positions))
  }
}
