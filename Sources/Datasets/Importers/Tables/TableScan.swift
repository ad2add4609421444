import Dispatch
import Foundation
import Foundations
import HDF5
import Synchronization

/// How the columns of a table are read.
struct ReadingPlan {
  /// The inputs whose numbers are kept as texts, as those of categories are.
  var asTexts: Set<Int> = []
  /// The inputs of which all texts are kept, however many there are.
  var wholly: Set<Int> = []
}

/// What is kept of the tables of an import while they are read: what their columns are like, the different texts, and the
/// rows as cells, in a spool.
///
/// Pieces of a file are read by several threads, each into rows of its own (``CellRows``). Then columns are dealt to the
/// threads, and each looks at all pieces of its columns in their order, so that nothing has to be put together. What is
/// found is the same for any number of threads.
final class TableScan {
  /// Text of more different values is no category unless it is set to be one.
  private static let mostTexts = DistinctCounter.limit
  /// Text of fewer different values is kept even if it differs in most rows.
  private static let fewTexts = 256
  /// Bytes of the texts of a column that are kept unless it is set to be a category.
  private static let mostTextBytes = 1 << 20
  /// More categories than this are not kept.
  static let mostCategories = 1 << 20
  /// More than there can be classes; numbers to predict come in any count.
  private static let mostTargetTexts = 1 << 12

  /// Rows of a file, one behind the other.
  struct Segment {
    let rowCount: Int
    /// Whether the inputs are bytes, and behind those of all rows come the targets' cells; else all are cells.
    let areBytes: Bool
    /// Whether missing inputs are left out (``TablePiece``).
    let isSparse: Bool
    let place: RowSpool.Place
  }

  let plan: ReadingPlan
  let fields: FieldValues
  let threads: Int
  let spool: RowSpool
  /// What the inputs are like, but for their texts.
  private var profiles: [ColumnProfile] = []
  private(set) var pool = TextPool()
  /// For each file, what lies in the spool.
  private(set) var segments: [[Segment]] = []
  /// For each file, the targets that are kept as numbers alone.
  private(set) var targets: [TargetProfile] = []
  private(set) var rowCounts: [Int] = []
  /// Whether a file's target is kept as numbers alone.
  private(set) var keepsTargetNumbersAlone: [Bool] = []

  private(set) var inputCount = 0
  /// For each input, and for the target of each file, how many texts there are beside those of missing values, and how
  /// many bytes.
  private var textCounts: [Int] = []
  private var textBytes: [Int] = []
  private var asTexts: [Bool] = []
  /// For each input, whether no more texts of it are kept.
  private(set) var isDirect: [Bool] = []
  private var isWhole: [Bool] = []
  /// For each input, whether there were numbers that were taken as such.
  private(set) var tookNumbers: [Bool] = []

  /// Creates one without files.
  init(plan: ReadingPlan, fields: FieldValues, threads: Int?, spool: RowSpool) {
    (self.plan, self.fields, self.spool) = (plan, fields, spool)
    self.threads = max(
      1, threads ?? (ThreadSupply.current.isScarce ? 1 : ProcessInfo.processInfo.activeProcessorCount))
  }

  /// Begins the next file, whose columns are known.
  func begin(_ columns: CSVColumns) -> CellRows {
    if segments.isEmpty {
      inputCount = columns.inputs.count
      profiles = [ColumnProfile](repeating: ColumnProfile(values: fields), count: inputCount)
      let areCategories = columns.inputs.indices.map { columns.kind(ofInput: $0) == .category }
      asTexts = areCategories.enumerated().map { $1 || plan.asTexts.contains($0) }
      isWhole = areCategories.enumerated().map { $1 || plan.wholly.contains($0) }
      isDirect = [Bool](repeating: false, count: inputCount)
      tookNumbers = isDirect
      (textCounts, textBytes) = (isDirect.map { _ in 0 }, isDirect.map { _ in 0 })
    }
    for place in profiles.indices { profiles[place].source = segments.count }
    segments.append([])
    targets.append(TargetProfile(fields: fields))
    rowCounts.append(0)
    keepsTargetNumbersAlone.append(false)
    textCounts.append(0)
    textBytes.append(0)
    var rows = CellRows(source: segments.count - 1, fields: fields, asTexts: asTexts + [true])
    restart(&rows)
    return rows
  }

  /// The texts of a file's target in the order of their first rows, by their places.
  func targetTexts(of source: Int) -> [Int] {
    pool.entries.indices.filter { Int(pool.entries[$0].column) == inputCount + source && pool.entries[$0].count > 0 }
  }

  private func restart(_ rows: inout CellRows) {
    rows.restart(
      known: pool, asTexts: asTexts + [true], isDirect: isDirect + [keepsTargetNumbersAlone[rows.source]])
  }

  // MARK: Pieces

  /// Takes the rows of pieces that follow each other, which are forgotten there.
  ///
  /// - Parameter lines: For each piece, the lines in front of it.
  /// - Throws: What the spool throws.
  func take(_ pieces: inout [CellRows], behind lines: [Int]) throws {
    let all = pieces.indices.filter { pieces[$0].rowCount > 0 }
    // Nobody else may hold the pool, or a change would copy it.
    for place in pieces.indices { pieces[place].forgetKnown() }
    defer { for place in pieces.indices { restart(&pieces[place]) } }
    guard let first = all.first else { return }
    let source = pieces[first].source
    let found = all.map {
      TablePiece(rows: pieces[$0], lines: lines[$0], moves: moves(of: pieces[$0].own, behind: lines[$0]))
    }
    look(at: found, source)
    for (place, piece) in zip(try store(found), found) {
      segments[source].append(
        Segment(
          rowCount: piece.rows.rowCount, areBytes: piece.areBytes && !piece.isSparse, isSparse: piece.isSparse,
          place: place))
      rowCounts[source] += piece.rows.rowCount
    }
    giveUpTexts(source)
  }

  /// The cells of a piece's new texts, which are added to the pool where there is room.
  private func moves(of own: TextPool, behind lines: Int) -> [UInt64] {
    own.entries.map { entry in
      let column = Int(entry.column)
      return own.withText(of: entry) { text in
        if let place = pool.find(text, column: column, hash: entry.hash) { return Cell.text(place) }
        guard entry.isMissing || textCounts[column] < mostTexts(column) else { return Cell.lost }
        textCounts[column] += entry.isMissing ? 0 : 1
        textBytes[column] += text.count
        return Cell.text(pool.add(text, like: entry, behind: lines))
      }
    }
  }

  private func mostTexts(_ column: Int) -> Int {
    guard column < inputCount else { return Self.mostTargetTexts }
    return isWhole[column] ? Self.mostCategories : Self.mostTexts
  }

  private func look(at pieces: [TablePiece], _ source: Int) {
    let parts = min(threads, inputCount + 1)
    profiles.withUnsafeMutableBufferPointer { profiles in
      pool.entries.withUnsafeMutableBufferPointer { entries in
        withUnsafeMutablePointer(to: &targets[source]) { target in
          nonisolated(unsafe) let (profiles, entries, target, pieces) = (profiles, entries, target, pieces)
          let count = inputCount
          let work = { @Sendable (part: Int) in
            for column in (count + 1) * part / parts..<(count + 1) * (part + 1) / parts {
              for piece in pieces {
                if column == count {
                  piece.look(atTarget: &target.pointee, entries)
                } else {
                  piece.look(at: column, &profiles[column], entries)
                }
              }
            }
          }
          if parts > 1 { DispatchQueue.concurrentPerform(iterations: parts, execute: work) } else { work(0) }
        }
      }
    }
  }

  private func store(_ pieces: [TablePiece]) throws -> [RowSpool.Place] {
    let places = Mutex([Result<RowSpool.Place, any Error>?](repeating: nil, count: pieces.count))
    nonisolated(unsafe) let pieces = pieces
    let spool = spool
    @Sendable func work(_ index: Int) {
      let result = Result { try pieces[index].store(in: spool) }
      places.withLock { $0[index] = result }
    }
    if threads > 1, pieces.count > 1 {
      DispatchQueue.concurrentPerform(iterations: pieces.count, execute: work)
    } else {
      for index in pieces.indices { work(index) }
    }
    return try places.withLock { try $0.compactMap { try $0?.get() } }
  }

  /// Keeps no more texts of columns that hold too many.
  private func giveUpTexts(_ source: Int) {
    let rowCount = rowCounts.reduce(0, +)
    for column in isDirect.indices where !asTexts[column] && profiles[column].numberCount > 0 {
      tookNumbers[column] = true
    }
    for column in isDirect.indices where !isDirect[column] {
      let count = textCounts[column]
      // Where no number has come, those that come are texts most likely.
      if count > 0, rowCount >= Self.fewTexts, profiles[column].numberCount == 0 { asTexts[column] = true }
      isDirect[column] =
        isWhole[column]
        ? count >= Self.mostCategories
        : count >= Self.mostTexts || textBytes[column] > Self.mostTextBytes
          || (count > Self.fewTexts && 2 * count > rowCount)
    }
    if textCounts[inputCount + source] >= Self.mostTargetTexts { keepsTargetNumbersAlone[source] = true }
  }

  // MARK: All of it

  /// What the inputs are like by what has been read.
  var profilesSoFar: [ColumnProfile] {
    var profiles = profiles
    for entry in pool.entries where Int(entry.column) < inputCount {
      profiles[Int(entry.column)].append(entry, of: pool)
    }
    return profiles
  }
}
