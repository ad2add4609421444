import Foundations
import HDF5
import Kernels

/// Rows of a chunked dataset, whose chunks are read beside libhdf5 and unpacked by any worker; or of one that lies in one
/// place of the file, which is taken as chunks without filters.
///
/// What is fetched are the chunks of a band as they are stored, one behind the other in their order; of chunks without
/// filters only the wanted rows. Their places and sizes are known from the beginning, so that nothing of what is fetched is
/// believed.
package final class ChunkedRows<Scalar: KernelElement & NativeScalar>: FetchedRows {
  package let rowCount: Int
  package let columns: Int
  package let holdsBytes: Bool
  package let mostRowsOfBand: Int
  package let scratchByteCount: Int
  package let codecs: ChunkCodecs

  let source: StoredPlace
  let file: ReadableFile
  /// The file as it was when the places were looked up.
  let stamp: FileStamp
  let places: ChunkPlaces
  /// The most stored bytes of a band of chunks.
  let mostStoredBytes: Int
  let filters: ChunkFilters
  let geometry: ChunkGeometry
  let rowPlaces: RowPlaces
  /// Bytes of a stored element.
  let width: Int
  private let fill: [UInt8]
  /// Whether the dataset lies in one place.
  private let isContiguous: Bool
  private let conversion: ElementConversion<Scalar>
  /// What rows go through that are rearranged, in place of the conversion.
  private let arrangement: (conversion: ElementConversion<Double>, RowArrangement<Scalar>)?
  /// Where in the scratch rows are that are rearranged, and chunks that were never written.
  private let arrangedAt: Int
  private let fillAt: Int

  /// Bytes that are fetched at once, about, of a dataset that lies in one place.
  private static var blockByteCount: Int { 1 << 20 }

  /// - Returns: `nil` for a dataset whose elements cannot be read so: with other filters, in memory, virtual, in other files,
  ///   or of numbers with unusual fields.
  /// - Throws: `HDF5Error` for a damaged dataset.
  init?(
    _ dataset: HDF5.Dataset, rows rowPlaces: RowPlaces, count: Int, form: RowForm, source: StoredPlace
  ) throws {
    let datatype = dataset.datatype
    guard try datatype.hasUsualFields, let type = datatype.numberType else { return nil }
    let shape = try dataset.shape
    width = type.byteCount
    guard !shape.isEmpty, !shape.contains(0) else { return nil }
    let chunk: [Int]
    switch try dataset.layout {
    case .chunked:
      guard let extents = try dataset.chunkShape, try !dataset.leavesPartialChunks, let bytes = try dataset.fillBytes
      else { return nil }
      (chunk, fill, isContiguous) = (extents, bytes, false)
    case .contiguous:
      let rows = max(1, Self.blockByteCount / shape.dropFirst().reduce(width, *))
      (chunk, fill, isContiguous) = ([min(shape[0], rows)] + shape.dropFirst(), [], true)
    case .compact, .virtual: return nil
    }
    guard shape.count == chunk.count, !chunk.contains(0),
      let filters = ChunkFilters(try dataset.filters, plainByteCount: chunk.reduce(width, *)),
      let file = try dataset.readableFile(), let stamp = file.stamp,
      let places = try isContiguous
        ? dataset.blockPlaces(ofRows: chunk[0], in: file) : dataset.chunkPlaces(in: file)
    else { return nil }
    let geometry = ChunkGeometry(shape: shape, chunk: chunk)
    self.geometry = geometry
    mostStoredBytes =
      stride(from: 0, to: places.count, by: geometry.chunksOfBand).map { first in
        (first..<min(places.count, first + geometry.chunksOfBand)).reduce(0) { $0 + (places[$1]?.byteCount ?? 0) }
      }.max() ?? 0
    self.file = file
    (self.stamp, self.places, self.filters) = (stamp, places, filters)
    (self.source, self.rowPlaces) = (source, rowPlaces)
    rowCount = count
    columns = form.columns
    holdsBytes = form.holdsBytes
    codecs = filters.codecs
    let isSwapped = !datatype.isNative
    conversion = ElementConversion(type, isSwapped: isSwapped, affine: form.map)
    arrangement = form.isRearranged ? (ElementConversion(type, isSwapped: isSwapped), RowArrangement(form)) : nil
    // A list may take a row more than once, and from a band more rows than it has.
    if case .list = rowPlaces {
      var (row, most) = (0, 0)
      while row < count {
        let end = rowPlaces.endOfBand(row, rowsOfBand: chunk[0], count: count)
        most = max(most, end - row)
        row = end
      }
      mostRowsOfBand = most
    } else {
      mostRowsOfBand = min(count, chunk[0])
    }
    func rounded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
    arrangedAt = 2 * filters.bufferByteCount
    fillAt =
      arrangedAt + (form.isRearranged ? rounded(mostRowsOfBand * geometry.columns * MemoryLayout<Double>.stride) : 0)
    let hasGaps = (0..<places.count).contains { places[$0] == nil }
    scratchByteCount = fillAt + (hasGaps ? rounded(filters.plainByteCount) : 0)
  }

  package var indexByteCount: Int {
    if case .list(let rows) = rowPlaces {
      places.byteCount + rows.count * MemoryLayout<Int>.stride
    } else {
      places.byteCount
    }
  }

  package func endOfBand(_ row: Int) -> Int {
    rowPlaces.endOfBand(row, rowsOfBand: geometry.rowsOfChunk, count: rowCount)
  }

  // MARK: Decoding

  package func decode(
    _ fetched: UnsafeRawBufferPointer, rows: Range<Int>, into out: UnsafeMutableRawPointer, scratch: DecodingScratch
  ) -> DecodingFault? {
    guard !rows.isEmpty else { return nil }
    // In a region subnormal numbers are zeros, and the bits would not be those of rows in memory.
    return withSubnormals { decodeBand(fetched, rows, out, scratch) }
  }

  private func decodeBand(
    _ fetched: UnsafeRawBufferPointer, _ rows: Range<Int>, _ out: UnsafeMutableRawPointer, _ scratch: DecodingScratch
  ) -> DecodingFault? {
    let bounds = rowPlaces.bounds(rows)
    let first = bounds.lowerBound / geometry.rowsOfChunk * geometry.chunksOfBand
    // Where the whole chunk is wanted as it is, it is unpacked where it shall be.
    let isWhole =
      geometry.hasWholeRows && rows.count == geometry.rowsOfChunk && arrangement == nil
      && (holdsBytes || conversion.isCopy) && rowPlaces.areConsecutive(rows)
    var read = 0
    for index in 0..<geometry.chunksOfBand {
      let chunk = first + index
      let elements: UnsafeRawPointer
      var firstRow = bounds.lowerBound / geometry.rowsOfChunk * geometry.rowsOfChunk
      if let place = places[chunk], let range = stored(chunk, bounds) {
        guard fetched.count - read >= range.count, let base = fetched.baseAddress else {
          return .size(chunk: chunk, expected: filters.plainByteCount)
        }
        let bytes = UnsafeRawBufferPointer(start: base + read, count: range.count)
        read += range.count
        if filters.filters.isEmpty {
          elements = UnsafeRawPointer(base + read - range.count)
          firstRow = bounds.lowerBound
        } else {
          switch filters.undo(
            bytes, mask: place.filterMask, chunk: chunk, scratch: scratch, buffers: scratch.memory,
            into: isWhole ? out : nil)
          {
          case .success(let plain): elements = plain
          case .failure(let fault): return fault
          }
        }
      } else {
        elements = filled(scratch)
      }
      if let fault = copy(elements, firstRow: firstRow, chunk: index, rows, out, scratch) { return fault }
    }
    guard let (_, arrangement) = arrangement else { return nil }
    let stored = (scratch.memory + arrangedAt).assumingMemoryBound(to: Double.self)
    return arrangement.arrange(stored, count: rows.count, first: rows.lowerBound, into: out)
  }

  /// A chunk that was never written.
  private func filled(_ scratch: DecodingScratch) -> UnsafeRawPointer {
    let memory = scratch.memory + fillAt
    for index in 0..<filters.plainByteCount {
      memory.storeBytes(of: fill[index % width], toByteOffset: index, as: UInt8.self)
    }
    return UnsafeRawPointer(memory)
  }

  /// Copies the rows' elements in one chunk to where they belong, converted.
  ///
  /// - Parameter firstRow: The row of the dataset that the chunk's elements begin with.
  private func copy(
    _ elements: UnsafeRawPointer, firstRow: Int, chunk: Int, _ rows: Range<Int>, _ out: UnsafeMutableRawPointer,
    _ scratch: DecodingScratch
  ) -> DecodingFault? {
    let stored = (scratch.memory + arrangedAt).assumingMemoryBound(to: Double.self)
    let rowBytes = geometry.chunkColumns * width
    if geometry.hasWholeRows, conversion.affine == nil, rowPlaces.areConsecutive(rows) {
      let from = elements + (rowPlaces[rows.lowerBound] - firstRow) * rowBytes
      return copy(from, count: rows.count * geometry.columns, row: rows.lowerBound, column: 0, 0, out, stored)
    }
    for row in rows {
      let from = elements + (rowPlaces[row] - firstRow) * rowBytes
      let to = (row - rows.lowerBound) * geometry.columns
      var fault: DecodingFault?
      geometry.forEachRun(chunk: chunk) { place, column, count in
        fault = copy(from + place * width, count: count, row: row, column: column, to + column, out, stored)
        return fault == nil
      }
      if let fault { return fault }
    }
    return nil
  }

  /// Copies elements that follow each other, from one of a row and a column on.
  ///
  /// - Parameter to: The place among the rows' elements.
  @inline(__always)
  private func copy(
    _ from: UnsafeRawPointer, count: Int, row: Int, column: Int, _ to: Int, _ out: UnsafeMutableRawPointer,
    _ stored: UnsafeMutablePointer<Double>
  ) -> DecodingFault? {
    let found: (index: Int, value: Double)?
    if let (conversion, _) = arrangement {
      found = conversion.convert(from, count: count, column: column, into: stored + to).map { ($0.index, $0.value) }
    } else if holdsBytes {
      if from != UnsafeRawPointer(out + to) { (out + to).copyMemory(from: from, byteCount: count) }
      return nil
    } else {
      let target = out.assumingMemoryBound(to: Scalar.self) + to
      found = conversion.convert(from, count: count, column: column, into: target).map { ($0.index, $0.value) }
    }
    guard let found else { return nil }
    let (rows, place) = (column + found.index).quotientAndRemainder(dividingBy: geometry.columns)
    if !found.value.isFinite { return .notFinite(row: row + rows, column: place, value: found.value) }
    let value = conversion.affine?(found.value, column: place) ?? found.value
    return .tooGreat(row: row + rows, column: place, value: value)
  }

  // MARK: Messages

  func text(_ chunk: Int) -> String {
    let band = chunk / geometry.chunksOfBand * geometry.rowsOfChunk
    let last = min(geometry.rows, band + geometry.rowsOfChunk) - 1
    let what = isContiguous ? "the part" : "the chunk \(ChunkIndices.text(chunk, counts: places.counts))"
    return "\(what) with the rows \(band) to \(last) (counted from 0)"
  }

  package func error(_ fault: DecodingFault, rows: Range<Int>) -> TrainerError {
    source.error(fault, chunk: text)
  }
}
