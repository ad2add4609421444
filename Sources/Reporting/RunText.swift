import Foundation
import Foundations
import Training

/// What a run tells people, apart from how it is shown.
enum RunText {
  /// The first lines: the model, the data, how the work is cut and who does it.
  static func heading(_ run: RunDescription) -> String {
    var rows: [(name: String, value: String)] = [("parameters", parameters(of: run))]
    if let initial = run.initial { rows.append(("initial", initial)) }
    if !run.samples.isEmpty {
      rows.append(("samples", run.samples.map { "\($0.group) \($0.count)" }.joined(separator: ", ")))
      if let features = run.features {
        rows.append(("inputs", "\(count(features.inputs, "number")) of \(count(features.columns, "column"))"))
      }
      if let classes = run.classes { rows.append(("classes", classes.text())) }
      let epochs = run.steps % run.stepsPerEpoch == 0 ? "\(count(run.steps / run.stepsPerEpoch, "epoch")) of " : ""
      rows.append(
        (
          "steps",
          "\(run.steps): \(epochs)\(count(run.stepsPerEpoch, "batch", "batches")) of \(run.batchSize) samples"
            + (hasSmallerBatch(run) ? ", the last of \(lastBatch(of: run))" : "")
        ))
      if let source = run.rowSource {
        rows.append(("rows", "\(source); the run takes up to \(ByteText.text(run.memoryBytes)) of memory"))
      }
      if run.order != .rows { rows.append(("order", "\(run.order)")) }
      rows.append(
        ("shards", "\(run.shards) a batch; their gradients take \(ByteText.text(run.gradientBytes))"))
    } else {
      rows.append(("steps", "\(run.steps)"))
    }
    if let crew = run.crew {
      rows.append(("ranks", "\(text(of: crew)), \(run.instructionSet) kernels"))
      rows.append(("each rank", part(of: crew, run)))
    } else {
      rows.append(("workers", "\(run.workers), \(run.instructionSet) kernels"))
    }
    if let directory = run.directory { rows.append(("directory", shortened(directory))) }
    if let step = run.resumedStep { rows.append(("goes on", "from step \(step)")) }
    return "\(run.name.onOneLine)\n" + TextTable(rows, indentation: 2).text
  }

  /// Such as `4 ranks on 2 hosts, 2 workers each`.
  private static func text(of crew: RankCrew) -> String {
    "\(count(crew.count, "rank")) on \(count(crew.hostCount, "host")), \(range(crew.workers, "worker")) each"
  }

  /// What of a run one rank holds and does.
  private static func part(of crew: RankCrew, _ run: RunDescription) -> String {
    let data = run.samples.isEmpty || run.rowSource != nil ? "" : "the whole dataset and "
    let shares = [crew.shares.min(), crew.shares.max()].compactMap { $0.map(NumberText.percent) }
    let share = Set(shares).count == 1 ? shares[0] : shares.joined(separator: " to ")
    return "holds \(data)all parameters, computes \(range(crew.shards, "shard")) of \(run.shards), "
      + "updates \(share) of parameters and optimizer state"
  }

  private static func range(_ numbers: [Int], _ one: String) -> String {
    let least = numbers.min() ?? 0, most = numbers.max() ?? 0
    return least == most ? count(most, one) : "\(least) to \(most) \(one)s"
  }

  private static func parameters(of run: RunDescription) -> String {
    var layers: [(name: String, count: Int)] = []
    for entry in run.layout.entries {
      let name = entry.name.split(separator: "/").first.map(String.init) ?? entry.name
      if layers.last?.name == name {
        layers[layers.count - 1].count += entry.count
      } else {
        layers.append((name, entry.count))
      }
    }
    let shown = layers.prefix(8).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    let rest = layers.count > 8 ? ", and \(layers.count - 8) more" : ""
    return "\(run.layout.count) \(run.precision.rawValue): \(shown)\(rest)"
  }

  private static func lastBatch(of run: RunDescription) -> Int {
    (run.samples.first?.count ?? 0) - (run.stepsPerEpoch - 1) * run.batchSize
  }

  private static func hasSmallerBatch(_ run: RunDescription) -> Bool {
    run.stepsPerEpoch > 1 && lastBatch(of: run) != run.batchSize
  }

  /// The line of an epoch; a terminal that it would not fit with the pace gets it without.
  static func line(
    _ report: EpochReport, of run: RunDescription?, columns: Int?, _ detail: ProgressDisplay.Detail = .usual
  ) -> String {
    let epochs = run.map { ($0.steps + $0.stepsPerEpoch - 1) / $0.stepsPerEpoch }
    let line =
      "epoch \(position(report.epoch, of: epochs))  " + measures(report.train, report.evaluations)
      + text(of: report.parameters)
    let whole = line + "  " + NumberText.rate(report.samplesPerSecond, of: "samples")
    if detail == .more {
      return
        "\(whole)  learning rate \(NumberText.measure(report.learningRate))  \(NumberText.duration(report.seconds))"
    }
    return whole.count <= columns ?? .max ? whole : line
  }

  /// The line of a step of a step-wise run.
  static func line(
    _ report: StepReport, of run: RunDescription?, _ detail: ProgressDisplay.Detail = .usual
  ) -> String {
    var text = "step \(position(report.step, of: run?.steps))  "
    // A formula that stands alone has no groups.
    text += run?.samples.isEmpty == true ? measures(report.train) : measures(report.train, report.evaluations)
    if detail == .more { text += "  learning rate \(NumberText.measure(report.learningRate))" }
    return text + self.text(of: report.parameters)
  }

  /// The parameters of a formula that has few.
  private static func text(of parameters: [(name: String, shape: [Int], values: [Double])]) -> String {
    parameters.map { name, shape, values in
      let numbers = values.map(NumberText.measure).joined(separator: " ")
      return "  \(name) " + (shape.isEmpty ? numbers : "[\(numbers)]")
    }.joined()
  }

  private static func position(_ number: Int, of total: Int?) -> String {
    guard let total else { return String(number) }
    return "\(String(number).padded(to: String(total).count, atEnd: false))/\(total)"
  }

  private static func measures(
    _ train: Training.LossAndMetrics, _ evaluations: [(group: String, measurement: Training.LossAndMetrics)]
  ) -> String {
    ([("train", train)] + evaluations).map { "\($0) \(measures($1))" }.joined(separator: "  ")
  }

  private static func measures(_ measurement: Training.LossAndMetrics) -> String {
    let values = [("loss", measurement.loss)] + measurement.metrics.map { ($0.name, $0.value) }
    return values.map { "\($0.0) \(NumberText.measure($0.1))" }.joined(separator: " ")
  }

  /// The last lines of a complete run.
  static func summary(_ summary: RunSummary, wasFinished: Bool) -> String {
    let length = (summary.epoch > 0 ? "\(count(summary.epoch, "epoch")), " : "") + count(summary.step, "step")
    var rows: [(name: String, value: String)] = summary.measures.map { group in
      let values = group.values.map { "\($0.key) \(NumberText.measure($0.value.double ?? .nan))" }
      return (group.group, values.joined(separator: "  "))
    }
    if let reason = summary.reason { rows.append(("ended by", reason)) }
    if summary.stallSeconds > 0 {
      let share = summary.stallSeconds / (summary.stallSeconds + summary.seconds)
      rows.append(
        (
          "waited",
          "\(NumberText.duration(summary.stallSeconds)) for checkpoints, \(NumberText.percent(share)) of the run"
        ))
    }
    if let loading = summary.loading {
      let share = loading.stallSeconds / max(summary.seconds, 1e-9)
      rows.append(
        (
          "loaded",
          "\(ByteText.text(loading.bytesRead)); steps waited \(NumberText.duration(loading.stallSeconds)) for rows, "
            + "\(NumberText.percent(min(1, share))) of the training"
        ))
    }
    if let threads = summary.threads {
      rows.append(("threads", "\(threads) ran: there are not as many cores as workers"))
    }
    if let best = summary.best {
      let place = best.checkpoint.map { ", \(shortened($0))" } ?? ""
      rows.append(("best", "\(best.metric) \(NumberText.measure(best.value)) at step \(best.step)\(place)"))
    }
    if let checkpoint = summary.checkpoint { rows.append(("checkpoint", shortened(checkpoint))) }
    if let directory = summary.directory { rows.append(("metrics", shortened(RunDirectory(directory).metricsPath))) }
    rows.append(("digest", summary.digest))
    let heading = "\(wasFinished ? "\(summary.name) is finished already:" : "finished") \(length)"
    return "\(heading) in \(NumberText.duration(summary.seconds)) of training\n" + TextTable(rows, indentation: 2).text
  }

  private static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
    "\(number) \(number == 1 ? one : many ?? one + "s")"
  }

  /// A path in the working directory without that directory's name.
  static func shortened(_ path: String) -> String {
    let current = FileManager.default.currentDirectoryPath
    let prefix = current.hasSuffix("/") ? current : current + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }
}

extension RunSummary {
  /// The last lines of a run: its length, the measures of each group, where the files are, the digest.
  public var text: String { RunText.summary(self, wasFinished: false) }
  /// The same, for a run that was finished before.
  public var textOfFinishedRun: String { RunText.summary(self, wasFinished: true) }
}
