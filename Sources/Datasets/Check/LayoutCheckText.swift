import Foundations

extension LayoutCheck {
  /// The facts, and what they mean, for people.
  ///
  /// - Parameter command: A mend in the words of the program: the library knows no command.
  package func text(_ command: (Mend) -> String) -> String {
    var table = TextTable(
      header: [
        "group", "dataset", "type", "rows x row", "stored", "in the file", "decoded", "read", "decoded an epoch",
      ],
      left: [0, 1, 2, 3, 4, 7], indentation: 2)
    for dataset in datasets {
      let row = dataset.shape.dropFirst().map(String.init).joined(separator: " x ")
      let chunk = dataset.chunk.map { "chunks of " + $0.map(String.init).joined(separator: " x ") } ?? dataset.layout
      table.append([
        dataset.group, dataset.place, dataset.type, "\(dataset.shape.first ?? 0)\(row.isEmpty ? "" : " x \(row)")",
        ([chunk] + dataset.filters).joined(separator: ", "), ByteText.text(dataset.storedBytes),
        ByteText.text(dataset.decodedBytes), dataset.source.rawValue,
        dataset.decodes.map { $0 == 1 ? "once" : "\(Stored.text($0)) times" } ?? "-",
      ])
    }
    var lines = [
      "order    \(orderText)",
      "memory   the data take \(ByteText.text(need)), and \(ByteText.text(limit)) can be had: "
        + (source == .memory ? "they are read into memory" : "they are \(source.rawValue)"),
    ]
    if let windowBytes, case .blocks(let block, let window) = plan.order {
      lines.append(
        "windows  \(plan.shards) shards x 2 x \(window) blocks x \(block) rows take \(ByteText.text(windowBytes))"
          + (source == .memory ? " where data are streamed" : ""))
    }
    if let runs {
      let kind = runs.classes.map { "\($0) classes" } ?? "numbers"
      lines.append(
        "targets  \(kind), "
          + (runs.areSorted
            ? runs.classes == nil
              ? "sorted" : "\(Int(runs.meanRun.rounded())) rows of one class after another on average"
            : "well mixed"))
    }
    var text = "\(path)\n" + lines.map { "  \($0)\n" }.joined() + "\n" + table.text + "\n"
    guard !findings.isEmpty else { return text + "The layout suits training.\n" }
    for (index, finding) in findings.enumerated() {
      text += "\(finding.sentence.prefix(1).uppercased() + finding.sentence.dropFirst()).\n"
      // What mends several stands once, behind the last of them.
      if index + 1 < findings.count, findings[index + 1].mends == finding.mends { continue }
      text += finding.mends.map { "  \(command($0))\n" }.joined(separator: "  or\n")
    }
    return text
  }

  private var orderText: String {
    switch plan.order {
    case .none: "as stored"
    case .rows: "all rows permuted"
    case .blocks(let rows, let window): "permuted blocks of \(rows) rows, mixed in windows of \(window) blocks"
    }
  }

  /// The same for programs.
  ///
  /// - Parameter command: A mend in the words of the program.
  package func json(_ command: (Mend) -> String) -> JSONValue {
    func numbers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }
    let order: JSONValue =
      switch plan.order {
      case .none: "none"
      case .rows: "rows"
      case .blocks(let rows, let window): ["block": .integer(rows), "window": .integer(window)]
      }
    return .object(
      JSONObject([
        ("path", .string(path)), ("suits", .boolean(findings.isEmpty)), ("shuffle", order),
        ("batchSize", plan.batchSize.map(JSONValue.integer) ?? "full"), ("shards", .integer(plan.shards)),
        ("bytesNeeded", .integer(Int(need))), ("bytesFree", .integer(limit)), ("source", .string(source.rawValue)),
        ("windowBytes", windowBytes.map { .integer(Int($0)) }),
        (
          "targets",
          runs.map { runs in
            .object(
              JSONObject([
                ("classes", runs.classes.map(JSONValue.integer)), ("meanRun", .number(runs.meanRun)),
                ("areSorted", .boolean(runs.areSorted)),
              ]))
          }
        ),
        (
          "datasets",
          .array(
            datasets.map { dataset in
              .object(
                JSONObject([
                  ("group", .string(dataset.group)), ("role", .string(dataset.role)), ("file", .string(dataset.path)),
                  ("path", .string(dataset.place)), ("type", .string(dataset.type)), ("shape", numbers(dataset.shape)),
                  ("layout", .string(dataset.layout)), ("chunk", dataset.chunk.map(numbers)),
                  ("filters", .array(dataset.filters.map(JSONValue.string))),
                  ("bytesStored", .integer(dataset.storedBytes)), ("bytesDecoded", .integer(Int(dataset.decodedBytes))),
                  ("source", .string(dataset.source.rawValue)),
                  ("decodesPerEpoch", dataset.decodes.map(JSONValue.number)),
                  ("proposedChunkRows", .integer(dataset.proposedRows)),
                ]))
            })
        ),
        (
          "findings",
          .array(
            findings.map { finding in
              .object(
                JSONObject([
                  ("sentence", .string(finding.sentence)),
                  ("mends", .array(finding.mends.map { .string(command($0)) })),
                ]))
            })
        ),
      ]))
  }
}
