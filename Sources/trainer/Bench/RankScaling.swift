import Foundations
import Training

/// Measures the same training with several numbers of ranks, each in processes of its own.
struct RankScaling {
  let config: String
  let overrides: [String]
  /// The numbers, ascending.
  let counts: [Int]
  /// The workers of each rank.
  let workers: Int
  let rounds: Int
  let seconds: Double

  /// Measures.
  ///
  /// - Throws: `TrainerError` as a run of the configuration would, or if ranks cannot be started.
  func measure(_ configuration: RunConfiguration) throws -> ScalingBenchmark {
    let shards = configuration.training.shards
    if let most = counts.last, most > shards {
      throw TrainerError(
        .usage,
        "--ranks: \(most) ranks are more than the \(shards) shards of a batch of \(configuration.name), of which each rank "
          + "takes one at least; set training.shards to \(most) or more, which changes the trained bits")
    }
    let launcher = try LocalLauncher.find()
    var strong = counts.map { Turns(count: $0, growth: 1) }
    var weak: [Turns] = []
    for round in 0..<rounds {
      for index in strong.indices { try strong[index].append(turn(strong[index], configuration, launcher)) }
      if round == 0 {
        weak = growing(configuration, samples: strong[0].samples).map { Turns(count: $0, growth: $0) }
      }
      for index in weak.indices { try weak[index].append(turn(weak[index], configuration, launcher)) }
    }
    return ScalingBenchmark(
      name: configuration.name, unit: .ranks, batchSize: strong[0].batchSize, shards: shards,
      strong: strong.map(\.series), weak: weak.map(\.series))
  }

  /// The numbers for which batches can grow; of full batches and formulas only 1.
  private func growing(_ configuration: RunConfiguration, samples: Int) -> [Int] {
    guard case .samples(let size)? = configuration.training.batchSize else { return counts.filter { $0 == 1 } }
    return counts.filter { $0 * size <= samples }
  }

  private func turn(
    _ turns: Turns, _ configuration: RunConfiguration, _ launcher: LocalLauncher
  ) throws -> JSONValue {
    var arguments = ["bench", "steps", config, "--format", "json", "--workers", String(workers)]
    arguments += ["--seconds", String(seconds)] + overrides.flatMap { ["--set", $0] }
    if turns.growth > 1, case .samples(let size)? = configuration.training.batchSize {
      arguments += ["--set", "training.batchSize=\(turns.growth * size)"]
      arguments += ["--set", "training.shards=\(turns.growth * configuration.training.shards)"]
    }
    let process = try launcher.run(arguments, ranks: turns.count)
    guard process.end == .exited(0) else { throw failure(process, turns.count, launcher) }
    // The launcher may print lines of its own.
    guard let line = process.output.split(separator: "\n").last(where: { $0.hasPrefix("{") }) else {
      throw TrainerError(.checkFailed, "\(launcher.path) has not passed on what \(turns.count) ranks measured")
    }
    let result = try JSONDocument(text: String(line), source: "bench steps").root
    guard result["ranks"]?.int == turns.count else {
      throw TrainerError(
        .usage,
        "\(launcher.path) was to start \(turns.count) ranks, and the program found \(result["ranks"]?.int ?? 0); name "
          + "this launcher's library in the variable TRAINER_MPI")
    }
    return result
  }

  /// A rank's own sentence if it has one.
  private func failure(_ process: CapturedProcess, _ count: Int, _ launcher: LocalLauncher) -> TrainerError {
    let lines = process.errors.split(separator: "\n")
    let code: ExitCode
    if case .exited(let status) = process.end {
      code = ExitCode(rawValue: status) ?? .checkFailed
    } else {
      code = .checkFailed
    }
    if let line = lines.first(where: { $0.hasPrefix("error: ") }) {
      return TrainerError(code, "with \(count) ranks: \(line.dropFirst("error: ".count))")
    }
    return TrainerError(
      code, "\(launcher.path) failed with \(count) ranks: \(lines.suffix(2).joined(separator: " ").onOneLine)")
  }
}

/// The turns of one number of ranks on one size of batches.
private struct Turns {
  let count: Int
  let growth: Int
  private var results: [JSONValue] = []

  init(count: Int, growth: Int) { (self.count, self.growth) = (count, growth) }

  mutating func append(_ result: JSONValue) { results.append(result) }

  /// The samples of the training group.
  var samples: Int { results.first?["samples"]?.int ?? 0 }
  var batchSize: Int { results.first?["batchSize"]?.int ?? 0 }

  var series: ScalingBenchmark.Series {
    let digests = Set(results.compactMap { $0["digest"]?.text }).sorted()
    return ScalingBenchmark.Series(
      count: count, threads: results.compactMap { $0["threads"]?.int }.max() ?? 0,
      rates: results.compactMap { $0["samplesPerSecond"]?["median"]?.double },
      // Turns that differ among themselves must not look equal.
      digest: digests.joined(separator: " and "),
      bytesSentPerStep: results.compactMap { $0["bytesSentPerStep"]?.int }.max() ?? 0)
  }
}
