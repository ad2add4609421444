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

  /// What costs more than it should.
  package struct Finding: Sendable, Equatable {
    /// A sentence, without a full stop.
    package let sentence: String
    /// What mends it: commands, or settings of the config.
    package let mends: [String]
  }

  /// One stored dataset.
  package struct Stored: Sendable {
    /// The group of samples.
    package let group: String
    /// What it is for: `inputs` or `targets`.
    package let role: String
    /// Its file and path there.
    package let path: String, place: String
    package let type: String
    package let shape: [Int]
    /// The shape of a chunk; `nil` for no chunks.
    package let chunk: [Int]?
    package let layout: String
    package let filters: [String]
    /// Bytes in the file, and decoded.
    package let storedBytes: Int, decodedBytes: Double
    package let source: Source
    /// How often a chunk is decoded in an epoch, on average; `nil` for none.
    package let decodes: Double?
    /// The rows of a chunk that suits.
    package let proposedRows: Int
    /// The rows of a chunk, along the axis of the samples.
    let chunkRows: Int
    let chunkBytes: Double

    var rowBytes: Double { decodedBytes / Double(max(1, shape.first ?? 1)) }
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
    let limit = MemoryLimit.$budget.withValue(plan.memory) { MemoryLimit.current.bytes }
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
              "smaller blocks or windows: \"shuffle\": {\"block\": \(max(1, block / 2)), \"window\": \(max(1, window / 2))} in data"
            ]))
      }
    } else {
      windowBytes = nil
    }
    if let finding = runs?.finding(plan: plan, rows: rows, rowBytes: rowBytes, limit: limit, path: path) {
      findings.append(finding)
    }
    self.findings = findings
  }
}

/// What the windows of an order of blocks take.
enum Windows {
  /// The bytes of two windows for each lane: one that is being read from, and the next.
  static func bytes(shards: Int, window: Int, block: Int, rows: Int, rowBytes: Double) -> Double {
    2 * Double(shards) * min(Double(window) * Double(block), Double(rows) / Double(shards)) * rowBytes
  }
}

extension LayoutCheck.Stored {
  /// Chunks of fewer bytes take longer to be found than to be decoded.
  private static let leastChunkBytes = 4096.0
  /// Chunks of more bytes are much to hold for a few rows.
  private static let mostChunkBytes = 64e6

  init(
    _ dataset: HDF5.Dataset, group: String, role: String, fits: Bool, plan: LayoutCheck.Plan
  ) throws {
    self.group = group
    self.role = role
    (path, place) = (dataset.file.name, dataset.path)
    type = dataset.datatype.detail
    shape = try dataset.shape
    chunk = try dataset.chunkShape
    layout = try dataset.layout.rawValue
    filters = try dataset.filters.map(\.description)
    storedBytes = try dataset.storageSize
    decodedBytes = Double(try dataset.dataspace.count) * Double(dataset.datatype.byteCount)
    let isMappable = try dataset.layout == .contiguous && dataset.externalFileNames.isEmpty
    source = fits ? .memory : isMappable ? .mapped : .streamed
    chunkRows = chunk?.first ?? 1
    chunkBytes = (chunk ?? []).reduce(Double(dataset.datatype.byteCount)) { $0 * Double($1) }
    let rowBytes = decodedBytes / Double(max(1, shape.first ?? 1))
    switch plan.order {
    case .blocks(let block, _):
      proposedRows = min(max(1, shape.first ?? 1), ChunkProposal.rows(ofRowBytes: rowBytes, block: block))
      decodes =
        chunk == nil
        ? nil
        : source == .streamed ? Self.decodes(rows: shape.first ?? 0, chunk: chunkRows, block: block) : 1
    case .rows, .none:
      proposedRows = min(max(1, shape.first ?? 1), ChunkProposal.rows(ofRowBytes: rowBytes))
      let isDrawn = plan.order == .rows && source == .streamed
      decodes = chunk == nil ? nil : isDrawn ? Double(min(chunkRows, max(1, shape.first ?? 1))) : 1
    }
  }

  /// How often a chunk is decoded where each block is read by itself: once for each block that it has rows of.
  static func decodes(rows: Int, chunk: Int, block: Int) -> Double {
    guard rows > 0, chunk > 0, block > 0 else { return 1 }
    // A block and a chunk that begin together begin so again after a common multiple of both; a million blocks tell enough.
    let blocks = min((rows + block - 1) / block, 1_000_000)
    let end = min(rows, blocks * block)
    var decoded = 0
    for first in stride(from: 0, to: end, by: block) {
      let last = min(end, first + block) - 1
      decoded += last / chunk - first / chunk + 1
    }
    return Double(decoded) / Double((end + chunk - 1) / chunk)
  }

  func finding(plan: LayoutCheck.Plan) -> LayoutCheck.Finding? {
    guard let chunk else { return nil }
    let count = zip(shape, chunk).reduce(1.0) { $0 * (Double($1.0) / Double(max(1, $1.1))).rounded(.up) }
    let command = Self.command(path, rows: role == "inputs" ? proposedRows : nil)
    if case .rows = plan.order, source == .streamed, chunkRows > 1 {
      return LayoutCheck.Finding(
        sentence:
          "\(place) does not fit into memory, and an order of rows decodes each of its chunks \(chunkRows) times in an epoch",
        mends: ["an order of blocks: \"shuffle\": {\"block\": \(max(1, proposedRows)), \"window\": 8} in data"])
    }
    if let decodes, decodes > 2, case .blocks(let block, _) = plan.order {
      return LayoutCheck.Finding(
        sentence:
          "each chunk of \(place) is decoded \(Self.text(decodes)) times in an epoch: it has \(chunkRows) rows, and a block "
          + "\(block)", mends: [command])
    }
    if count > 1000, chunkBytes < Self.leastChunkBytes {
      return LayoutCheck.Finding(
        sentence:
          "\(place) has \(Int(count)) chunks of \(ByteText.text(chunkBytes)), which take longer to be found than to be read",
        mends: [command])
    }
    if source == .streamed, chunkBytes > Self.mostChunkBytes {
      return LayoutCheck.Finding(
        sentence: "\(place) has chunks of \(ByteText.text(chunkBytes)), each of which is decoded whole for a few rows",
        mends: [command])
    }
    return nil
  }

  static func text(_ times: Double) -> String {
    times < 9.95 ? "\((times * 10).rounded() / 10)" : "\(Int(times.rounded()))"
  }

  /// The command that stores a file in other chunks.
  static func command(_ path: String, rows: Int?) -> String {
    "trainer data rechunk \(path.shellWord) -o \(output(path, "rechunked").shellWord)"
      + (rows.map { " --chunk \($0)" } ?? "")
  }

  static func output(_ path: String, _ ending: String) -> String {
    let name = fileName(of: path)
    let stem = name.hasSuffix(".h5") ? String(name.dropLast(3)) : name
    return "\(stem)-\(ending).h5"
  }
}
