import Foundations
import HDF5

/// How rows of one class lie in the training group: mixed, or one after another.
package struct ClassRuns: Sendable, Equatable {
  /// The rows.
  package let rows: Int
  /// The different classes; `nil` for targets that are numbers.
  package let classes: Int?
  /// The rows that follow each other with one class, on average; of sorted numbers all rows.
  package let meanRun: Double
  /// What that would be in an order that is drawn.
  package let drawnRun: Double

  /// More different values are no classes.
  static let mostClasses = 1000

  /// Whether rows lie together that a drawn order would part.
  package var areSorted: Bool { meanRun >= 8 && meanRun > 4 * drawnRun }

  /// Reads the targets of a group.
  ///
  /// - Returns: `nil` for targets that are neither one number nor one text a row.
  init?(of name: String, in group: String, _ reader: DatasetReader) throws {
    let found = try DatasetReader.translating(reader.path) { () -> Counter? in
      let rows = try reader.plainRows(name, in: group)
      guard try rows.elementsOfRow() == 1, try rows.isNumeric || rows.values == .texts else { return nil }
      var counter = Counter()
      let count = try rows.shape.first ?? 0
      let part = WorkProgress.begin("reading \(group)/\(name)", of: count, "rows")
      defer { part?.end() }
      for stretch in RowStretches(0..<count, of: max(1 << 16, try rows.blockRows())) {
        defer { part?.add(stretch.count) }
        if rows.isNumeric {
          for value in try rows.read(Double.self, rows: stretch) { counter.add(value) }
        } else {
          for text in try rows.readTexts(rows: stretch) { counter.add(text) }
        }
      }
      return counter
    }
    guard let found, found.rows > 0 else { return nil }
    self.init(found)
  }

  private init(_ counter: Counter) {
    rows = counter.rows
    if counter.counts.count > Self.mostClasses {
      classes = nil
      let share = Double(counter.ascents) / Double(max(1, counter.rows - 1))
      // Numbers that nearly always rise, or fall.
      meanRun = share > 0.95 || share < 0.05 ? Double(counter.rows) : 1
      drawnRun = 1
      return
    }
    classes = counter.counts.count
    meanRun = Double(counter.rows) / Double(counter.runs)
    let squares = counter.counts.values.reduce(0) {
      $0 + (Double($1) / Double(counter.rows)) * (Double($1) / Double(counter.rows))
    }
    drawnRun = 1 / max(1 - squares, 1 / Double(counter.rows))
  }

  private struct Counter {
    var rows = 0
    var runs = 0
    var ascents = 0
    var counts: [AnyHashable: Int] = [:]
    private var last: AnyHashable?
    private var lastNumber = 0.0

    mutating func add(_ value: Double) {
      if rows > 0, value >= lastNumber { ascents += 1 }
      lastNumber = value
      add(AnyHashable(value))
    }

    mutating func add(_ value: AnyHashable) {
      rows += 1
      if last != value { runs += 1 }
      last = value
      if counts.count <= ClassRuns.mostClasses { counts[value, default: 0] += 1 }
    }
  }

  /// What mends it where rows are not mixed by an order: the order is to draw from as many runs at once as a batch has
  /// samples.
  func finding(plan: LayoutCheck.Plan, rows: Int, rowBytes: Double, limit: Int, path: String) -> LayoutCheck.Finding? {
    guard areSorted else { return nil }
    let shuffle = LayoutCheck.Mend.shuffle(path: path)
    let how =
      classes == nil
      ? "the targets are sorted" : "rows of one class follow each other, \(Int(meanRun.rounded())) on average"
    switch plan.order {
    case .rows: return nil
    case .none:
      return LayoutCheck.Finding(
        sentence: "\(how), and they are trained on as they are stored",
        mends: [.setting("\"shuffle\": \"rows\" in data"), shuffle])
    case .blocks(let block, let window):
      let wanted = min(plan.batchSize ?? rows, rows)
      /// From how many runs the lanes draw at once.
      func mixed(_ window: Int) -> Double {
        Double(plan.shards * window) * max(1, Double(block) / meanRun)
      }
      guard mixed(window) < Double(wanted) else { return nil }
      var enough = window
      while mixed(enough) < Double(wanted), Double(plan.shards) * Double(enough) * Double(block) < Double(rows) {
        enough *= 2
      }
      let bytes = Windows.bytes(shards: plan.shards, window: enough, block: block, rows: rows, rowBytes: rowBytes)
      var mends = [shuffle]
      if mixed(enough) >= Double(wanted), bytes <= Double(limit) / 2 {
        mends.insert(
          .setting(
            "a window of \(enough) blocks, which takes \(ByteText.text(bytes)): \"shuffle\": {\"block\": \(block), \"window\": \(enough)} in data"
          ),
          at: 0)
      }
      return LayoutCheck.Finding(
        sentence:
          "\(how), and a batch of \(wanted) draws from \(Int(mixed(window).rounded())) of them at once: \(plan.shards) shards with "
          + "windows of \(window) blocks of \(block) rows", mends: mends)
    }
  }
}
