import Autodiff
import Datasets
import Foundation
import Foundations
import Models
import Optimizers
import Training

/// Trains a small model with a layer, a loss, an optimizer, a schedule, a metric, an importer and observers that the
/// package does not have. Run it with `swift run Extensions`.
@main
struct Main {
  static func main() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "extensions-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }

    // What a config may name: the package's components and these.
    var registries = Registries.standard
    try registries.layers.add(Swish.self)
    try registries.losses.add(LogCosh.self)
    try registries.metrics.add(ShareWithin(distance: 0.02))
    try registries.optimizers.add(Signum.self)
    try registries.schedules.add(InverseRoot.self)
    try registries.importers.add(PointsImport.self)
    try registries.observers.add(StepLog.self)

    // The importer is found by the file's contents.
    let points = "\(directory)/saddle.txt"
    try Data(saddle.utf8).write(to: URL(filePath: points))
    let dataset = "\(directory)/saddle.h5"
    print("importer:", try registries.importers.importer(of: points).write(to: dataset))

    let configuration = try RunConfiguration(
      name: "saddle", seed: 1, data: DataSettings(path: dataset),
      model: [Dense(units: 16), Swish(), Dense(units: 1)], loss: LogCosh(), metrics: [ShareWithin(distance: 0.02)],
      optimizer: OptimizerConfiguration(Signum(learningRate: 0.02)), schedule: ScheduleSettings(InverseRoot()),
      training: TrainingSettings(.epochs(60), batchSize: .samples(16)),
      observers: [StepLog(path: "\(directory)/log.txt"), TensorBoardSettings()], output: "\(directory)/run",
      registries: registries)
    let best = BestEpoch(of: "shareWithin")
    let outcome = try train(configuration, observers: [best])
    guard case .finished(let summary) = outcome, let checkpoint = summary.checkpoint else {
      throw TrainerError(.usage, "the run ended as \(outcome)")
    }

    // The config in the checkpoint is read with the same registries.
    let report = try evaluate(checkpoint: checkpoint, options: RunOptions(registries: registries))
    let layout = try Model([Dense(units: 16), Swish(), Dense(units: 1)]).parameters(inputShape: [2]).layout
    print("layer:", layout.entries.map(\.name).joined(separator: ", "))
    print("loss:", report.measurement.loss)
    print("optimizer:", configuration.resolved["optimizer"]?.compactText ?? "")
    print("schedule:", configuration.schedule.schedule.factor(at: 0, of: RunLength(steps: 10, stepsPerEpoch: 5)))
    print("metric:", report.measurement["shareWithin"] ?? .nan)
    let log = try String(contentsOfFile: "\(directory)/log.txt", encoding: .utf8).split(separator: "\n")
    guard log.count == 120 else { throw TrainerError(.usage, "the log has \(log.count) lines") }
    print("observer of the config:", log[118], log[119], separator: "\n  ")
    print("observer: \(best.metric) was best after epoch \(best.epoch), at \(best.value)")
  }

  /// Points on the surface z = x y.
  private static var saddle: String {
    let grid = stride(from: -1.0, through: 1, by: 0.1)
    return "points\n" + grid.flatMap { x in grid.map { y in "\(x) \(y) -> \(x * y)" } }.joined(separator: "\n") + "\n"
  }
}
