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
      \(rankCount > 1 ? "\(rankCount) ranks of " : "")\(workers) workers\(ran), \(instructionSet)
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
      \(exchangeLine)
      """ + kernelTable
  }

  /// The kernels by what they take; nothing if they were not timed.
  private var kernelTable: String {
    guard !kernels.isEmpty else { return "" }
    let all = Double(workers) * Double(batchSize) / samplesPerSecond.median
    let peak = limits.operationsPerSecond / Double(workers)
    var table = TextTable(
      header: ["kernel", "result", "µs a step", "of the time", "flop/s", "of the peak"], left: [0, 1])
    func row(_ name: String, _ shape: [Int], _ seconds: Double, _ rate: Double) {
      table.append([
        name, shape.isEmpty ? "" : "\(shape)", String(format: "%.1f", 1e6 * seconds),
        String(format: "%.1f %%", 100 * seconds / all), rate > 0 ? NumberText.rate(rate, of: "flop") : "",
        rate > 0 ? String(format: "%.0f %%", 100 * rate / peak) : "",
      ])
    }
    for kernel in kernels { row(kernel.name, kernel.shape, kernel.seconds, kernel.operationsPerSecond) }
    let timed = kernels.reduce(0) { $0 + $1.seconds }
    row("the rest: claiming, waiting, other programs", [], max(0, all - timed), 0)
    return "\n" + table.text
      + "A kernel's time is the sum of all workers', the least of several rounds; a shape is a shard's or a matrix's.\n"
  }

  /// What goes from rank to rank, with the end of its line; nothing in one process.
  private var exchangeLine: String {
    guard rankCount > 1 else { return "" }
    let times = String(format: "%.2f", Double(bytesSentPerStep) / leastBytesPerStep)
    return "exchange    \(ByteText.text(bytesSentPerStep)) in \(messagesPerStep) messages a step and rank at most, "
      + "\(times) times the least that sums of gradients take\n"
  }

  /// The same as JSON.
  package var json: JSONValue {
    .object([
      "name": .string(name), "parameters": .integer(parameters), "precision": .string(precision.rawValue),
      "samples": .integer(samples), "batchSize": .integer(batchSize), "shards": .integer(shards),
      "workers": .integer(workers), "ranks": .integer(rankCount), "bytesSentPerStep": .integer(bytesSentPerStep),
      "messagesPerStep": .integer(messagesPerStep), "digest": .string(digest),
      "threads": .integer(threads), "instructionSet": .string(instructionSet),
      "samplesPerSecond": samplesPerSecond.json,
      "shares": .object([
        "gradient": .number(shares.gradient), "reduceAndUpdate": .number(shares.reduceAndUpdate),
        "wait": .number(shares.wait), "data": .number(shares.data),
      ]),
      "operationsPerSecond": .number(operationsPerSecond),
      "peakOperationsPerSecond": .number(limits.operationsPerSecond), "bytesPerSecond": .number(bytesPerSecond),
      "peakBytesPerSecond": .number(limits.bytesPerSecond),
      "kernels": .array(
        kernels.map {
          [
            "name": .string($0.name), "shape": .array($0.shape.map(JSONValue.integer)),
            "secondsPerStep": .number($0.seconds), "operationsPerStep": .integer($0.operations),
          ]
        }),
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
  /// The numbers for which the laws' predictions are shown: twice, four and eight times the largest measured.
  var predictedCounts: [Int] { [2, 4, 8].map { $0 * (rows.last?.count ?? 1) } }

  private var units: String { unit.rawValue }

  /// What `trainer bench scaling` prints.
  package var text: String {
    var table = TextTable(
      header: [units, "samples/s", "speed-up", "range", "efficiency", "weak samples/s", "weak efficiency"]
        + (unit == .ranks ? ["sent a step"] : []))
    let first = rows[0].count
    func percent(_ share: Double?) -> String { share.map { String(format: "%.0f %%", 100 * $0) } ?? "-" }
    func times(_ value: Double) -> String { String(format: "%.2f", value) }
    for row in rows {
      table.append(
        [
          "\(row.count)", String(format: "%.0f", row.strong.median), times(row.speedup.median),
          "\(times(row.speedup.least))…\(times(row.speedup.greatest))", percent(row.efficiency(first: first)),
          row.weak.map { String(format: "%.0f", $0.median) } ?? "-", percent(row.weakEfficiency(first: first)),
        ] + (unit == .ranks ? [ByteText.text(row.bytesSentPerStep)] : []))
    }
    var lines = [
      "\(name): batch \(batchSize) in \(shards) shards; weak: both times the \(units); \(cores) cores\n", table.text,
    ]
    for row in rows where unit == .workers && row.threads < row.count {
      lines.append("with \(row.count) workers \(row.threads) \(row.threads == 1 ? "thread" : "threads") ran\n")
    }
    lines.append(
      digestsAgree
        ? "same bits: all \(rows.count) numbers of \(units) ended with \(rows[0].digest)\n"
        : "DIFFERENT BITS: " + rows.map { "\($0.count): \($0.digest)" }.joined(separator: ", ") + "\n")
    lines += lawLines
    return lines.joined()
  }

  private var lawLines: [String] {
    func predictions(_ speedup: (Int) -> Double) -> String {
      "predicted, not measured: "
        + predictedCounts.map { String(format: "%d \(units) %.2f", $0, speedup($0)) }.joined(separator: ", ")
    }
    guard let amdahl else {
      return ["no law is fitted: that takes three numbers of \(units), the first of them 1\n"]
    }
    var lines = [
      String(format: "Amdahl's law: %.2f %% serial; ", 100 * amdahl.serialShare)
        + predictions { amdahl.speedup(workers: $0) } + "\n"
    ]
    if let scalability {
      let most = scalability.bestWorkers.map { String(format: ", fastest at %.0f \(units)", $0) } ?? ""
      lines.append(
        String(
          format: "Universal Scalability Law: contention %.4f, coherency %.6f; ", scalability.contention,
          scalability.coherency) + predictions { scalability.speedup(workers: $0) } + most + "\n")
    } else {
      lines.append("the Universal Scalability Law takes four numbers of \(units)\n")
    }
    if rows.contains(where: { $0.count * (unit == .ranks ? $0.threads : 1) > cores }) {
      lines.append("\(units) above the \(cores) cores took turns on them: the laws describe that too\n")
    }
    return lines
  }

  /// The same as JSON.
  package var json: JSONValue {
    let first = rows[0].count
    return .object([
      "name": .string(name), "batchSize": .integer(batchSize), "shards": .integer(shards), "cores": .integer(cores),
      "rows": .array(
        rows.map { row in
          var object: JSONObject = [
            units: .integer(row.count), "threads": .integer(row.threads), "samplesPerSecond": row.strong.json,
            "speedup": row.speedup.json, "efficiency": .number(row.efficiency(first: first)),
            "weakSamplesPerSecond": row.weak?.json ?? .null,
            "weakEfficiency": row.weakEfficiency(first: first).map { .number($0) } ?? .null,
            "digest": .string(row.digest),
          ]
          if unit == .ranks { object["bytesSentPerStep"] = .integer(row.bytesSentPerStep) }
          return .object(object)
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
    .array(predictedCounts.map { .object([units: .integer($0), "speedup": .number(speedup($0))]) })
  }

  /// A picture of the speed-ups, with the laws' predictions as thin lines.
  package var plot: Plot {
    let first = rows[0].count
    let last = amdahl == nil ? rows[rows.count - 1].count : predictedCounts[0]
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
        name, rows.compactMap { row in value(row).map { .init(x: Double(row.count), y: $0) } },
        .path(color: color, above: 1 - color))
    }
    series.append(measured("batch \(batchSize)", 0) { $0.speedup.median })
    series.append(measured("batch growing with the \(units)", 1) { $0.weakSpeedup?.median })
    return Plot(title: name, xLabel: units, yLabel: "speed-up", series: series)
  }
}
