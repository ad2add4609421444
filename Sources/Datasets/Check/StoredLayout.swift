import Foundations
import HDF5

extension LayoutCheck {
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
    let rechunk = LayoutCheck.Mend.rechunk(path: path, rows: role == "inputs" ? proposedRows : nil)
    if case .rows = plan.order, source == .streamed, chunkRows > 1 {
      return LayoutCheck.Finding(
        sentence:
          "\(place) does not fit into memory, and an order of rows decodes each of its chunks \(chunkRows) times in an epoch",
        mends: [
          .setting("an order of blocks: \"shuffle\": {\"block\": \(max(1, proposedRows)), \"window\": 8} in data")
        ])
    }
    if let decodes, decodes > 2, case .blocks(let block, _) = plan.order {
      return LayoutCheck.Finding(
        sentence:
          "each chunk of \(place) is decoded \(Self.text(decodes)) times in an epoch: it has \(chunkRows) rows, and a block "
          + "\(block)", mends: [rechunk])
    }
    if count > 1000, chunkBytes < Self.leastChunkBytes {
      return LayoutCheck.Finding(
        sentence:
          "\(place) has \(Int(count)) chunks of \(ByteText.text(chunkBytes)), which take longer to be found than to be read",
        mends: [rechunk])
    }
    if source == .streamed, chunkBytes > Self.mostChunkBytes {
      return LayoutCheck.Finding(
        sentence: "\(place) has chunks of \(ByteText.text(chunkBytes)), each of which is decoded whole for a few rows",
        mends: [rechunk])
    }
    return nil
  }

  static func text(_ times: Double) -> String {
    times < 9.95 ? "\((times * 10).rounded() / 10)" : "\(Int(times.rounded()))"
  }
}
