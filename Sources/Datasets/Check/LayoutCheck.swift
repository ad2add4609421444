import Foundations
import HDF5

/// How well the layout of a dataset suits training: where its rows would come from, how often chunks would be decoded, what a
/// window of the order of samples takes, and whether rows of one class lie together.
package struct LayoutCheck: Sendable {
  /// How the data are going to be trained on.
  package struct Plan: Sendable {
    /// The order of the samples.
    package var order: SampleOrder
    /// The samples of a batch; `nil` for all.
    package var batchSize: Int?
    /// The slices of a batch, each with a lane of its own.
    package var shards: Int
    /// The bytes of a number in memory.
    package var numberBytes: Int
    /// The most bytes of memory that the program may take; `nil` for what there is.
    package var memory: Int?

    /// Creates a plan.
    package init(order: SampleOrder, batchSize: Int? = 32, shards: Int = 2, numberBytes: Int = 4, memory: Int? = nil) {
      (self.order, self.batchSize, self.shards, self.numberBytes, self.memory) = (
        order, batchSize, shards, numberBytes, memory
      )
    }
  }

  /// Where rows come from.
  package enum Source: String, Sendable {
    /// All of them are read before training.
    case memory = "in memory"
    /// Where they lie in the file.
    case mapped = "mapped"
    /// Chunk by chunk, while others are trained on.
    case streamed = "streamed"
  }

  /// What mends a finding.
  package enum Mend: Sendable, Equatable {
    /// Storing a file in other chunks: of so many rows; with `nil` of those that suit each dataset.
    case rechunk(path: String, rows: Int?)
    /// Storing the rows of a file in a random order.
    case shuffle(path: String)
    /// A setting of the config, in words.
    case setting(String)
  }

  /// What costs more than it should.
  package struct Finding: Sendable, Equatable {
    /// A sentence, without a full stop.
    package let sentence: String
    /// What mends it, any of these.
    package fileprivate(set) var mends: [Mend]
  }

  /// The file, or the first of several.
  package let path: String
  /// What the check was made for.
  package let plan: Plan
  /// The datasets, the training group's first.
  package let datasets: [Stored]
  /// The bytes that all of it takes in memory, and those that can be had.
  package let need: Double, limit: Int
  /// Whether all of it is read into memory.
  package let source: Source
  /// What the windows of all lanes take; `nil` for another order.
  package let windowBytes: Double?
  /// How rows of one class lie; `nil` where targets are no classes.
  package let runs: ClassRuns?
  /// What costs more than it should; empty where the layout suits training.
  package let findings: [Finding]

  /// Looks at a dataset; of its elements the targets of the training group are read.
  ///
  /// - Parameters:
  ///   - inputs: The name of the inputs.
  ///   - targets: That of the targets; `nil` if there are none.
  /// - Throws: `TrainerError` with code `.data` if it cannot be read.
  package init(_ reader: DatasetReader, inputs: String, targets: String?, plan: Plan) throws {
    path = reader.files.first?.path ?? reader.path
    self.plan = plan
    let names = [("inputs", inputs)] + (targets.map { [("targets", $0)] } ?? [])
    let limit = MemoryLimit.$budget.withValue(plan.memory) { Int(MemoryLimit.forData) }
    var need = 0.0
    for group in reader.groups {
      for (_, name) in names {
        need +=
          try plan.numberBytes == 4
          ? reader.byteCount(of: name, in: group, as: Float.self)
          : reader.byteCount(of: name, in: group, as: Double.self)
      }
    }
    let fits = need <= Double(limit)
    let found = try reader.groups.flatMap { group in
      try names.flatMap { role, name in
        try DatasetReader.translating(reader.path) {
          try reader.storedDatasets(of: name, in: group).map {
            try Stored($0, group: group, role: role, fits: fits, plan: plan)
          }
        }
      }
    }
    let train = reader.groups.contains("train") ? "train" : reader.groups.first ?? "train"
    let runs = try targets.flatMap { try ClassRuns(of: $0, in: train, reader) }
    let (rows, rowShape) = try reader.inputShape(of: inputs, in: train)
    let isBytes = found.first { $0.group == train && $0.role == "inputs" }?.type == "uint8"
    let rowBytes = rowShape.reduce(Double(isBytes ? 1 : plan.numberBytes)) { $0 * Double($1) }
    datasets = found
    (self.need, self.limit, self.runs) = (need, limit, runs)
    source =
      fits
      ? .memory
      : found.filter { $0.group == train && $0.role == "inputs" }.allSatisfy { $0.source == .mapped }
        ? .mapped : .streamed
    var findings = found.filter { $0.group == train || $0.decodes == nil || $0.source == .memory }.compactMap {
      $0.finding(plan: plan)
    }
    if case .blocks(let block, let window) = plan.order {
      let bytes = Windows.bytes(shards: plan.shards, window: window, block: block, rows: rows, rowBytes: rowBytes)
      windowBytes = bytes
      if !fits, bytes > Double(limit) / 2 {
        findings.append(
          Finding(
            sentence: "the windows take \(ByteText.text(bytes)), of \(ByteText.text(limit)) that can be had",
            mends: [
              .setting(
                "smaller blocks or windows: \"shuffle\": {\"block\": \(max(1, block / 2)), \"window\": \(max(1, window / 2))} in data"
              )
            ]))
      }
    } else {
      windowBytes = nil
    }
    if let finding = runs?.finding(plan: plan, rows: rows, rowBytes: rowBytes, limit: limit, path: path) {
      findings.append(finding)
    }
    self.findings = Self.joiningRechunks(findings)
  }

  /// A file is stored anew once, for all of its datasets: with the rows that suit its inputs, if these have a finding.
  private static func joiningRechunks(_ findings: [Finding]) -> [Finding] {
    var rows: [String: Int] = [:]
    for case .rechunk(let path, let wanted?) in findings.flatMap(\.mends) where rows[path] == nil {
      rows[path] = wanted
    }
    return findings.map { finding in
      var finding = finding
      finding.mends = finding.mends.map { mend in
        guard case .rechunk(let path, nil) = mend else { return mend }
        return .rechunk(path: path, rows: rows[path])
      }
      return finding
    }
  }
}

/// What the windows of an order of blocks take.
enum Windows {
  /// The bytes of two windows for each lane: one that is being read from, and the next.
  static func bytes(shards: Int, window: Int, block: Int, rows: Int, rowBytes: Double) -> Double {
    2 * Double(shards) * min(Double(window) * Double(block), Double(rows) / Double(shards)) * rowBytes
  }
}
