import Foundation
import Foundations
import Training

extension StepBenchmark {
  /// What `trainer bench steps` prints.
  package var text: String {
    func share(_ part: Double) -> String { String(format: "%.0f %%", 100 * part) }
    let ran = threads == workers ? "" : " (\(threads) threads ran)"
    let microseconds = 1e6 * Double(batchSize) / samplesPerSecond.median
    return """
      \(name): \(parameters) parameters, \(precision.rawValue), batch \(batchSize) in \(shards) shards, \
      \(workers) workers\(ran), \(instructionSet)
      speed       \(NumberText.rate(samplesPerSecond.median, of: "samples")) \
      (\(samplesPerSecond.values.count) rounds of \(stepsPerRound) steps: \
      \(NumberText.rate(samplesPerSecond.least, of: "samples")) to \
      \(NumberText.rate(samplesPerSecond.greatest, of: "samples"))), \(String(format: "%.1f", microseconds)) µs a step
      time        gradient \(share(shares.gradient)), reduce and update \(share(shares.reduceAndUpdate)), \
      wait \(share(shares.wait)), data \(share(shares.data))
      arithmetic  \(NumberText.rate(operationsPerSecond, of: "flop")), \
      \(share(operationsPerSecond / limits.operationsPerSecond)) of this machine's \
      \(NumberText.rate(limits.operationsPerSecond, of: "flop"))
      memory      \(NumberText.rate(bytesPerSecond, of: "bytes")) at least, \
      \(share(bytesPerSecond / limits.bytesPerSecond)) of this machine's \
      \(NumberText.rate(limits.bytesPerSecond, of: "bytes"))

      """
  }

  /// The same as JSON.
  package var json: JSONValue {
    .object([
      "name": .string(name), "parameters": .integer(parameters), "precision": .string(precision.rawValue),
      "batchSize": .integer(batchSize), "shards": .integer(shards), "workers": .integer(workers),
      "threads": .integer(threads), "instructionSet": .string(instructionSet),
      "samplesPerSecond": samplesPerSecond.json,
      "shares": .object([
        "gradient": .number(shares.gradient), "reduceAndUpdate": .number(shares.reduceAndUpdate),
        "wait": .number(shares.wait), "data": .number(shares.data),
      ]),
      "operationsPerSecond": .number(operationsPerSecond),
      "peakOperationsPerSecond": .number(limits.operationsPerSecond), "bytesPerSecond": .number(bytesPerSecond),
      "peakBytesPerSecond": .number(limits.bytesPerSecond),
    ])
  }
}

extension Spread {
  /// The median and the extremes.
  var json: JSONValue {
    .object(["median": .number(median), "least": .number(least), "greatest": .number(greatest)])
  }
}

extension ScalingBenchmark {
  /// The numbers of workers for which the laws' predictions are shown: twice, four and eight times the largest measured.
  var predictedWorkers: [Int] { [2, 4, 8].map { $0 * (rows.last?.workers ?? 1) } }

  /// What `trainer bench scaling` prints.
  package var text: String {
    var table = TextTable(header: [
      "workers", "samples/s", "speed-up", "range", "efficiency", "weak samples/s", "weak efficiency",
    ])
    let first = rows[0].workers
    func percent(_ share: Double?) -> String { share.map { String(format: "%.0f %%", 100 * $0) } ?? "-" }
    func times(_ value: Double) -> String { String(format: "%.2f", value) }
    for row in rows {
      table.append([
        "\(row.workers)", String(format: "%.0f", row.strong.median), times(row.speedup.median),
        "\(times(row.speedup.least))…\(times(row.speedup.greatest))", percent(row.efficiency(first: first)),
        row.weak.map { String(format: "%.0f", $0.median) } ?? "-", percent(row.weakEfficiency(first: first)),
      ])
    }
    var lines = [
      "\(name): batch \(batchSize) in \(shards) shards; weak: both times the workers; \(cores) cores\n", table.text,
    ]
    for row in rows where row.threads < row.workers {
      lines.append("with \(row.workers) workers \(row.threads) \(row.threads == 1 ? "thread" : "threads") ran\n")
    }
    lines.append(
      digestsAgree
        ? "same bits: all \(rows.count) numbers of workers ended with \(rows[0].digest)\n"
        : "DIFFERENT BITS: " + rows.map { "\($0.workers): \($0.digest)" }.joined(separator: ", ") + "\n")
    lines += lawLines
    return lines.joined()
  }

  private var lawLines: [String] {
    func predictions(_ speedup: (Int) -> Double) -> String {
      "predicted, not measured: "
        + predictedWorkers.map { String(format: "%d workers %.2f", $0, speedup($0)) }.joined(separator: ", ")
    }
    guard let amdahl else {
      return ["no law is fitted: that takes three numbers of workers, the first of them 1\n"]
    }
    var lines = [
      String(format: "Amdahl's law: %.2f %% serial; ", 100 * amdahl.serialShare)
        + predictions { amdahl.speedup(workers: $0) } + "\n"
    ]
    if let scalability {
      let most = scalability.bestWorkers.map { String(format: ", fastest at %.0f workers", $0) } ?? ""
      lines.append(
        String(
          format: "Universal Scalability Law: contention %.4f, coherency %.6f; ", scalability.contention,
          scalability.coherency) + predictions { scalability.speedup(workers: $0) } + most + "\n")
    } else {
      lines.append("the Universal Scalability Law takes four numbers of workers\n")
    }
    if rows.contains(where: { $0.workers > cores }) {
      lines.append("workers above the \(cores) cores took turns on them: the laws describe that too\n")
    }
    return lines
  }

  /// The same as JSON.
  package var json: JSONValue {
    let first = rows[0].workers
    return .object([
      "name": .string(name), "batchSize": .integer(batchSize), "shards": .integer(shards), "cores": .integer(cores),
      "rows": .array(
        rows.map { row in
          .object([
            "workers": .integer(row.workers), "threads": .integer(row.threads), "samplesPerSecond": row.strong.json,
            "speedup": row.speedup.json, "efficiency": .number(row.efficiency(first: first)),
            "weakSamplesPerSecond": row.weak?.json ?? .null,
            "weakEfficiency": row.weakEfficiency(first: first).map { .number($0) } ?? .null,
            "digest": .string(row.digest),
          ])
        }),
      "digestsAgree": .boolean(digestsAgree),
      "amdahl": amdahl.map { fit in
        .object([
          "serialShare": .number(fit.serialShare), "predicted": prediction { fit.speedup(workers: $0) },
        ])
      } ?? .null,
      "scalability": scalability.map { fit in
        .object([
          "contention": .number(fit.contention), "coherency": .number(fit.coherency),
          "predicted": prediction { fit.speedup(workers: $0) },
        ])
      } ?? .null,
    ])
  }

  private func prediction(_ speedup: (Int) -> Double) -> JSONValue {
    .array(predictedWorkers.map { .object(["workers": .integer($0), "speedup": .number(speedup($0))]) })
  }

  /// A picture of the speed-ups, with the laws' predictions as thin lines.
  package var plot: Plot {
    let first = rows[0].workers
    let last = amdahl == nil ? rows[rows.count - 1].workers : predictedWorkers[0]
    let counts = Array(first...max(first, last))
    func line(_ value: (Int) -> Double) -> [Plot.Point] { counts.map { Plot.Point(x: Double($0), y: value($0)) } }
    var series = [Plot.Series("ideal", line { Double($0) / Double(first) }, .function)]
    if let amdahl {
      series.append(
        .init("Amdahl's law (prediction)", line { amdahl.speedup(workers: $0) }, .line(color: 2, dash: 1, width: 1.5)))
    }
    if let scalability {
      series.append(
        .init(
          "Universal Scalability Law (prediction)", line { scalability.speedup(workers: $0) },
          .line(color: 3, dash: 2, width: 1.5)))
    }
    func measured(_ name: String, _ color: Int, _ value: (Row) -> Double?) -> Plot.Series {
      .init(
        name, rows.compactMap { row in value(row).map { .init(x: Double(row.workers), y: $0) } },
        .path(color: color, above: 1 - color))
    }
    series.append(measured("batch \(batchSize)", 0) { $0.speedup.median })
    series.append(measured("batch growing with the workers", 1) { $0.weakSpeedup?.median })
    return Plot(title: name, xLabel: "workers", yLabel: "speed-up", series: series)
  }
}
