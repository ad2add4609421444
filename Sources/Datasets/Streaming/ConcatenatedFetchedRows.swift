import Foundations
import HDF5
import Kernels

/// The rows of several files one after another, each fetched and decoded as those of its file are. A band ends where a file
/// does.
package final class ConcatenatedFetchedRows<Scalar: KernelElement>: FetchedRows {
  /// The rows of one file.
  struct Part: Sendable {
    let rows: any FetchedRows<Scalar>
    /// For each column of the whole, which of the file's it is; `nil` where they are the same.
    let columns: [Int]?
  }

  package let columns: Int
  package let holdsBytes: Bool
  package let mostRowsOfBand: Int
  package let scratchByteCount: Int
  package let codecs: ChunkCodecs
  package let fetchingByteCount: Int
  private let parts: [Part]
  /// The first row of each part, and the end of the last.
  private let starts: [Int]
  private let source: StoredPlace

  /// - Parameters:
  ///   - parts: In order; at least one, and each with rows of the same form.
  ///   - source: Where the whole is, for messages about its numbers.
  init(_ parts: [Part], form: RowForm, source: StoredPlace) {
    self.parts = parts
    self.source = source
    columns = form.columns
    holdsBytes = form.holdsBytes
    mostRowsOfBand = parts.map(\.rows.mostRowsOfBand).max() ?? 0
    scratchByteCount = parts.map(\.rows.scratchByteCount).max() ?? 0
    fetchingByteCount = parts.map(\.rows.fetchingByteCount).max() ?? 0
    codecs = parts.reduce(into: []) { $0.formUnion($1.rows.codecs) }
    var starts = [0]
    for part in parts { starts.append(starts[starts.count - 1] + part.rows.rowCount) }
    self.starts = starts
  }

  package var rowCount: Int { starts[parts.count] }
  package var indexByteCount: Int { parts.reduce(0) { $0 + $1.rows.indexByteCount } }

  /// The last part that begins at or before a row.
  private func part(of row: Int) -> Int {
    var (low, high) = (0, parts.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= row { low = middle } else { high = middle - 1 }
    }
    return low
  }

  private func own(_ rows: Range<Int>, of part: Int) -> Range<Int> {
    rows.lowerBound - starts[part]..<rows.upperBound - starts[part]
  }

  package func endOfBand(_ row: Int) -> Int {
    let part = part(of: row)
    return starts[part] + parts[part].rows.endOfBand(row - starts[part])
  }

  package func fetchedByteCount(_ rows: Range<Int>) -> Int {
    let part = part(of: rows.lowerBound)
    return parts[part].rows.fetchedByteCount(own(rows, of: part))
  }

  package func mostFetchedByteCount(rows: Int) -> Int {
    parts.map { $0.rows.mostFetchedByteCount(rows: rows) }.max() ?? 0
  }

  package func fetch(_ rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let part = part(of: rows.lowerBound)
    try parts[part].rows.fetch(own(rows, of: part), into: buffer)
  }

  package func decode(
    _ fetched: UnsafeRawBufferPointer, rows: Range<Int>, into out: UnsafeMutableRawPointer, scratch: DecodingScratch
  ) -> DecodingFault? {
    let part = part(of: rows.lowerBound)
    return parts[part].rows.decode(fetched, rows: own(rows, of: part), into: out, scratch: scratch)
  }

  package func error(_ fault: DecodingFault, rows: Range<Int>) -> TrainerError {
    let part = part(of: rows.lowerBound)
    let first = starts[part]
    // What is said of numbers is said as of rows in memory: with the columns of the whole.
    let whole: DecodingFault
    switch fault {
    case .filter, .checksum, .size: return parts[part].rows.error(fault, rows: own(rows, of: part))
    case .notFinite(let row, let column, let value):
      // Found in the file's order; the others behind what puts the columns in that of the whole.
      let place = parts[part].columns?.firstIndex(of: column) ?? column
      whole = .notFinite(row: first + row, column: place, value: value)
    case .tooGreat(let row, let column, let value):
      whole = .tooGreat(row: first + row, column: column, value: value)
    case .unknownCategory(let row, let column, let value):
      whole = .unknownCategory(row: first + row, column: column, value: value)
    }
    return source.error(whole) { "the chunk \($0)" }
  }
}

extension DatasetReader {
  /// Rows of several files to fetch and decode, and how they are read, for the log.
  ///
  /// A file whose rows become those of the whole by more than another order of columns is read by libhdf5.
  ///
  /// - Parameters:
  ///   - sections: The rows of each file that the group has.
  ///   - form: What the rows of the whole become.
  /// - Throws: `TrainerError` for a fault that a dataset's header shows.
  func concatenated<Scalar: KernelElement & NativeScalar>(
    _ joined: ConcatenatedRows, _ sections: [ConcatenatedRows.Section], of name: String, in group: String,
    _ form: RowForm
  ) throws -> (any FetchedRows<Scalar>, text: String) {
    var parts: [ConcatenatedFetchedRows<Scalar>.Part] = []
    var texts: [String] = []
    var first = 0
    for section in sections {
      let part = joined.parts[section.part]
      let order = part.mapping.columns
      let source = StoredPlace(
        reader: self, path: part.path, name: name, group: group, dataset: part.rows.place, element: Scalar.elementType)
      // Rows of the whole are what libhdf5 is asked for.
      let isPlain =
        !part.mapping.hasCodes && part.rows.numberType == joined.numberType
        && (order.map { $0.count == form.storedColumns } ?? true)
      let (rows, text): (any FetchedRows<Scalar>, String) = try fetched(
        isPlain ? part.rows : joined, selecting: section.rows, in: source,
        isPlain ? form.ofRows(ordered: order) : form, wholeForm: form, groupRows: first..<first + section.count)
      parts.append(ConcatenatedFetchedRows.Part(rows: rows, columns: isPlain ? order : nil))
      if !texts.contains(text) { texts.append(text) }
      first += section.count
    }
    let source = StoredPlace(
      reader: self, path: path, name: name, group: group, dataset: joined.place, element: Scalar.elementType)
    let rows = ConcatenatedFetchedRows(parts, form: form, source: source)
    return (rows, "\(parts.count) \(parts.count == 1 ? "file" : "files"), \(texts.joined(separator: "; "))")
  }
}
