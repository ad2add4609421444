import Foundation
import Foundations
import Models
import TensorBoard

/// Writes a run's event files for TensorBoard: measures, the learning rate, histograms, confusion matrices, the graph and
/// the hyperparameters.
///
/// Between two regions it copies what it needs, a vector of parameters at most; histograms, pictures and files are made on
/// a queue of its own. A run that goes on from a checkpoint cuts what is later than the checkpoint, as `MetricsFile` does.
package final class TensorBoardObserver: RunObserver {
  private let settings: TensorBoardSettings
  private let fileSystem: any FileSystem
  private let now: @Sendable () -> Double
  private var file: AppendedFile?
  private var classes: [String] = []
  /// The parameters before the step whose change is told, until then.
  private var before: (step: Int, copy: ParameterCopy)?

  /// Creates the observer; files are found when the run starts, and made with the first event.
  ///
  /// - Parameters:
  ///   - fileSystem: A file layer that tests make fail.
  ///   - now: Seconds since 1970.
  package init(
    _ settings: TensorBoardSettings = TensorBoardSettings(), fileSystem: any FileSystem = SystemFileSystem(),
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.settings = settings
    self.fileSystem = fileSystem
    self.now = now
  }

  /// Parameters for histograms, and confusion matrices.
  package var interests: ObserverInterests { ObserverInterests(parameters: settings.histograms, confusion: true) }

  /// Writes what there is to say of an event.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the files cannot be used when a run begins, or not be written when it
  ///   ends.
  package func observe(_ event: RunEvent) throws {
    switch event {
    case .started(let run): try begin(run)
    case .epoch(let report):
      append(
        report.step, report.train, report.evaluations,
        [("learningRate", report.learningRate), ("samplesPerSecond", report.samplesPerSecond)], report.parameters)
    case .step(let report):
      append(
        report.step, report.train, report.evaluations, [("learningRate", report.learningRate)], report.parameters)
    case .finished(let summary):
      let time = now()
      append([.summary([.sessionEnd(time: time)], step: summary.step, time: time)])
      try file?.flush()
    case .stopped: try file?.flush()
    case .saved, .warning: break
    }
  }

  /// The work of putting all events on the disk.
  package func workBeforeSave() -> (@Sendable () throws -> Void)? {
    guard let file else { return nil }
    return { try file.flush() }
  }

  /// Keeps the parameters before a step, and has histograms made of those behind it and of the difference.
  package func observe(_ parameters: ParameterValues) {
    // The last histograms may still be in the making: never more than these two copies.
    file?.wait()
    let copy = ParameterCopy(parameters)
    guard !parameters.isBefore else {
      before = (parameters.step, copy)
      return
    }
    let earlier = before.flatMap { $0.step == parameters.step - 1 ? $0.copy : nil }
    before = nil
    let (layout, step, time) = (parameters.layout, parameters.step, now())
    file?.append {
      let values = layout.entries.flatMap { entry in
        [.histogram("parameters/\(entry.name)", Histogram(entry.range) { copy[$0] })]
          + (earlier.map { earlier in
            [.histogram("updates/\(entry.name)", Histogram(entry.range) { copy[$0] - earlier[$0] })]
          } ?? []) as [SummaryValue]
      }
      return Event.summary(values, step: step, time: time).record
    }
  }

  private func begin(_ run: RunDescription) throws {
    let path = try run.directory(for: TensorBoardSettings.type, "tensorboard/").tensorBoardPath
    classes = run.classes?.classes.map { $0.name ?? $0.label } ?? []
    let time = now()
    let step = run.resumedStep ?? 0
    do {
      let found = try EventFolder(path: path, fileSystem: fileSystem).cut(after: step, now: time)
      file = AppendedFile(found.next, length: nil, contents: "the events", fileSystem: fileSystem)
      append([.version(time: time)])
      if step > 0 { append([.restart(step: step + 1, time: time)]) }
      guard !found.hasEvents else { return }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the events cannot be written: \(error.reason)")
    }
    append([
      .summary([.sessionStart(run.hyperparameters, time: time)], step: 0, time: time),
      .summary([.charts("groups", Self.charts(of: run))], step: 0, time: time),
      .graph(try run.makeGraph(), time: time),
    ])
  }

  /// The measures of all groups in one chart each.
  private static func charts(of run: RunDescription) -> [(title: String, tags: [String])] {
    let groups = run.samples.isEmpty ? ["train"] : run.samples.map(\.group)
    return run.measures.map { measure in (measure, groups.map { "\($0)/\(measure)" }) }
  }

  private func append(_ events: [Event]) {
    file?.append { events.flatMap(\.record) }
  }

  private func append(
    _ step: Int, _ train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)],
    _ numbers: [(String, Double)], _ parameters: [(name: String, shape: [Int], values: [Double])]
  ) {
    let time = now()
    let groups = [(group: "train", measurement: train)] + evaluations
    let classes = classes
    file?.append {
      var values: [SummaryValue] = []
      for (group, measurement) in groups {
        values.append(.scalar("\(group)/loss", measurement.loss))
        values += measurement.metrics.map { .scalar("\(group)/\($0.name)", $0.value) }
      }
      values += numbers.map { .scalar($0.0, $0.1) }
      for parameter in parameters {
        let names = ElementNames.all(of: parameter.name, shape: parameter.shape)
        values += zip(names, parameter.values).map { .scalar("parameters/\($0)", $1) }
      }
      for (group, measurement) in groups {
        guard let confusion = measurement.confusion else { continue }
        let picture = ConfusionPicture(confusion.counts, classes: confusion.classes).picture
        values.append(.image("\(group)/confusion", picture, description: Self.legend(classes)))
      }
      return Event.summary(values, step: step, time: time).record
    }
  }

  /// What the picture of a confusion matrix has no letters for.
  private static func legend(_ classes: [String]) -> String {
    let names = classes.enumerated().filter { String($0.offset) != $0.element }.map { "\($0.offset) \($0.element)" }
    return "a row for each class, a column for each prediction"
      + (names.isEmpty ? "" : ": " + names.joined(separator: ", "))
  }
}

/// A copy of the parameters in their own type.
private enum ParameterCopy: Sendable {
  case float32([Float])
  case float64([Double])

  init(_ parameters: ParameterValues) {
    switch parameters.elements {
    case .float32(let elements): self = .float32(Array(elements))
    case .float64(let elements): self = .float64(Array(elements))
    }
  }

  subscript(index: Int) -> Double {
    switch self {
    case .float32(let values): Double(values[index])
    case .float64(let values): values[index]
    }
  }
}
