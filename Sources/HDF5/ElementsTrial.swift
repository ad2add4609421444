import Foundation
import Foundations

/// Trying a dataset's elements in the helper's process: what that may take, and how it is done.
struct ElementsTrial {
  private static let blockByteCount = 1 << 24
  /// Chunks that are read at once; the library takes 7 kB of notes for each.
  private static let chunksOfBlock = 1 << 10
  /// Chunks that are read in a second, at least, and what each takes in a file's index, at least.
  private static let (chunksPerSecond, bytesOfChunk) = (50_000.0, 16.0)
  /// What the library keeps of indexes, for each chunk that they list and in all.
  private static let (roomOfChunk, roomOfIndexes) = (400.0, Double(48 << 20))
  /// Variable-length texts that are read at once.
  private static let textsOfBlock = 1 << 14
  /// What elements whose size the type says may take beside a block and its chunks, which are counted for themselves.
  private static let room = 64 << 20

  private let dataset: Dataset
  private let rows: Range<Int>?
  private let isOfStored: Bool
  private var blockByteCount = ElementsTrial.blockByteCount
  /// The most seconds of computing.
  let seconds: Double
  /// The most bytes above what the process took before.
  let byteCount: Int

  /// - Parameters:
  ///   - rows: Those that are tried; `nil` for all.
  ///   - isOfStored: Whether they are tried as they are stored, whatever their type.
  init(of dataset: Dataset, rows: Range<Int>?, asStored isOfStored: Bool, in file: File) throws {
    (self.dataset, self.rows, self.isOfStored) = (dataset, rows, isOfStored)
    let space = try dataset.dataspace
    var room = Double(Self.room)
    var storedChunks = 0.0
    // The library notes where each chunk of a block is.
    if let chunk = try dataset.chunkShape {
      let chunks = zip(space.shape, chunk).reduce(1.0) { $0 * (Double($1.0) / Double(max(1, $1.1))).rounded(.up) }
      storedChunks = min(chunks, Double(try file.byteCount) / Self.bytesOfChunk)
      let (bytes, overflow) = chunk.reduce(into: (dataset.datatype.byteCount, false)) { product, extent in
        let next = product.0.multipliedReportingOverflow(by: max(1, extent))
        product = (next.partialValue, product.1 || next.overflow)
      }
      if !overflow { blockByteCount = min(blockByteCount, max(1, bytes) * Self.chunksOfBlock) }
    }
    if try isOfStored ? !dataset.datatype.isOfFixedSize : dataset.datatype.holdsVariableLength() {
      blockByteCount = min(blockByteCount, Self.textsOfBlock * dataset.datatype.byteCount)
      // What such texts take is known from the file's size at most.
      room = Double(TrialServer.room) + 3 * Double(min(try file.byteCount, TrialServer.addressSpace))
    }
    let blockRows = Double(try dataset.rowsOfBlock(ofAbout: blockByteCount))
    let width = Double(max(8, dataset.datatype.byteCount))
    let all = space.shape.first ?? 1
    let rowBytes = width * Double(space.count / max(1, all))
    // Where chunks are is found out whichever of them are read.
    seconds =
      storedChunks / Self.chunksPerSecond + rowBytes * Double(rows?.count ?? all) / TrialServer.bytesPerSecond
    room += min(storedChunks * Self.roomOfChunk, Self.roomOfIndexes)
    // A chunk is there packed, unpacked, and while it is unpacked with what it may grow into.
    var chunk = Double(dataset.datatype.byteCount)
    for extent in try dataset.chunkShape ?? [0] { chunk *= Double(extent) }
    byteCount = Int(min(room + 4 * blockRows * rowBytes + 3 * chunk, 1e15))
  }

  /// Reads all elements in blocks, and lets go of them.
  func read() throws {
    try dataset.forEachBlock(ofAbout: blockByteCount, rows: rows) { selection in
      if isOfStored {
        try dataset.tryStored(selecting: selection)
      } else if dataset.datatype.isNumeric {
        try dataset.withElements(selecting: selection) { _ in }
      } else if try dataset.datatype.isCompound() {
        for member in try dataset.datatype.members() {
          if case .string = member.datatype.kind {
            _ = try dataset.readStrings(member: [member.name], selecting: selection)
          } else if member.datatype.isNumeric {
            _ = try dataset.read(member: [member.name], as: Double.self, selecting: selection)
          }
        }
      } else {
        _ = try dataset.readStrings(selecting: selection)
      }
    }
  }
}

extension Dataset {
  /// Of datasets with more bytes than this only those rows are tried that are wanted, with the chunks that they are in: of
  /// data larger than memory that may be a few.
  private static var mostTriedWhole: Double { 256e6 }

  /// Has the elements of a transfer read in trial.
  func tryElements(_ action: ReadingTrial.Action, of plan: Transfer) throws {
    let shape = plan.space.shape
    guard let count = shape.first, Double(plan.space.count) * Double(datatype.byteCount) > Self.mostTriedWhole else {
      try file.attempt(action, path)
      return
    }
    let chunk = max(1, try chunkShape?.first ?? 1)
    var rows = RangeSet<Int>()
    for piece in plan.pieces where !piece.memory.isEmpty {
      guard let slab = piece.slab, slab.count[0] > 0 else {
        rows.insert(contentsOf: 0..<count)
        break
      }
      let last = slab.start[0] + (slab.count[0] - 1) * slab.stride[0] + slab.block[0] - 1
      rows.insert(contentsOf: slab.start[0] / chunk * chunk..<min(count, (last / chunk + 1) * chunk))
    }
    try file.attempt(action, path, rows: rows)
  }

  /// Reads elements as they are stored, and lets go of them.
  func tryStored(selecting selection: Selection) throws {
    let count = try transfer(selection).count
    var bytes = [UInt8](repeating: 0, count: count * datatype.byteCount)
    try bytes.withUnsafeMutableBytes { buffer in
      if case .range(let rows) = selection {
        try readStored(into: buffer, rows: rows)
      } else {
        try readStored(into: buffer, rows: nil)
      }
      try releaseStored(buffer)
    }
  }
}
