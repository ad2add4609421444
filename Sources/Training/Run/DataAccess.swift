import Datasets
import Foundations
import HDF5

/// How a run comes by the rows of its samples. The bits that are trained are the same.
package enum DataAccess: Sendable, Equatable {
  /// All are read before the first step.
  case inMemory
  /// Some are mapped into memory, or read while the run goes on, as the text says.
  case fromFile(String)
}

/// Where the rows of a run's datasets are while it goes on.
package enum DataPlacement: Sendable, Equatable {
  /// In memory if they fit, else in the file.
  case bySize
  /// In the file, those of the inputs at least.
  case inFile
  /// The same, and read while the run goes on even if they could be mapped.
  case streamed
}

/// The rows of one dataset of a group.
enum GroupRows<Scalar: TrainingScalar> {
  /// Those that are in memory.
  case gathered(RowSource<Scalar>)
  /// Those that are gathered from where they lie in the file; or read while they are used, beside others that are.
  case mapped(RowSource<Scalar>, orStreamed: () throws -> StreamedRows<Scalar>)
  /// Those that are read while they are used.
  case streamed(StreamedRows<Scalar>)

  var count: Int {
    switch self {
    case .gathered(let source), .mapped(let source, _): source.rows
    case .streamed(let rows): rows.rows.rowCount
    }
  }

  var rowShape: [Int] {
    switch self {
    case .gathered(let source), .mapped(let source, _): source.rowShape
    case .streamed(let rows): rows.rowShape
    }
  }

  /// A column that rounding to `Scalar` leaves little of; of rows in the file by a sample.
  var lostPrecision: LostPrecision? {
    switch self {
    case .gathered(let source), .mapped(let source, _): source.lostPrecision
    case .streamed(let rows): rows.lostPrecision
    }
  }
}

extension SampleGroup {
  /// The samples whose rows have these names in the graph.
  ///
  /// - Throws: `TrainerError` for a fault that the file's headers show.
  init(_ rows: [String: GroupRows<Scalar>]) throws {
    var sources: [String: RowSource<Scalar>] = [:]
    var streamed: [String: StreamedRows<Scalar>] = [:]
    // Samples are found by row or by slot, in all datasets alike.
    let areStreamed = rows.values.contains { if case .streamed = $0 { true } else { false } }
    for (name, rows) in rows {
      switch rows {
      case .gathered(let source): sources[name] = source
      case .mapped(_, let stream) where areStreamed: streamed[name] = try stream()
      case .mapped(let source, _): sources[name] = source
      case .streamed(let rows): streamed[name] = rows
      }
    }
    self.init(count: rows.values.first?.count ?? 0, sources: sources, streamed: streamed)
  }

  /// How its rows are come by, one text for each dataset that is not in memory.
  var accessTexts: Set<String> {
    let texts = Set(streamed.values.map { "streamed, \($0.text)" })
    return sources.values.contains(where: \.isMapped) ? texts.union(["mapped from the file"]) : texts
  }
}

/// Which datasets are read before the first step, and which while the run goes on: all before, where they fit into memory;
/// otherwise those that take more than a share of it are left in the file.
///
/// Targets and weights are few bytes a row beside inputs, and what they are is known only when all have been seen: they are
/// read before in any case.
struct DataPlan<Scalar: TrainingScalar> {
  private struct Place: Hashable {
    let name: String
    let group: String
  }

  private let placement: DataPlacement
  /// The datasets that stay in the file.
  private let inFile: Set<Place>

  /// Of what there is, a dataset that takes at most this share is read before.
  private static var share: Double { 1.0 / 16 }

  /// Decides.
  ///
  /// - Parameters:
  ///   - names: The datasets that are read, in each group.
  ///   - before: Those of them that are read before the first step in any case.
  ///   - copied: Those of them that preprocessing may make a second array of where they are read before.
  ///   - expanded: The columns of those that fitted preprocessing makes other columns of.
  ///   - settings: Those of the data.
  ///   - other: The bytes that are needed beside the data.
  /// - Throws: `TrainerError` with code `.data` for data that do not fit into memory and cannot be left in the file.
  init(
    for names: [String], before: Set<String>, copied: Set<String> = [], expanded: [String: Int] = [:],
    _ settings: DataSettings,
    of reader: DatasetReader, groups: [String], beside other: Double
  ) throws {
    var bytes: [Place: Double] = [:]
    for group in groups {
      for name in names {
        bytes[Place(name: name, group: group)] = try reader.memoryNeed(
          of: name, in: group, copied: copied.contains(name), columns: expanded[name], as: Scalar.self)
      }
    }
    placement = settings.placement
    let canStay = bytes.keys.filter { !before.contains($0.name) }
    if placement != .bySize {
      inFile = Set(canStay)
      return
    }
    let limit = MemoryLimit.forData / Double(MemoryLimit.runsAtOnce)
    let need = other + bytes.values.reduce(0, +)
    if need <= limit || !MemoryLimit.isNoticed(need) {
      inFile = []
      return
    }
    inFile = try Set(
      canStay.filter { try bytes[$0, default: 0] > Self.share * limit && reader.isWritten($0.name, in: $0.group) })
    let least = bytes.reduce(other) { $0 + (inFile.contains($1.key) ? 0 : $1.value) }
    guard inFile.isEmpty || least > limit else { return }
    // What cannot be left in the file may take all that there is.
    try reader.requireMemory(inFile.isEmpty ? need : least, isAll: inFile.isEmpty, beside: other)
  }

  /// The rows of a dataset.
  ///
  /// - Parameters:
  ///   - read: Reads them into memory.
  ///   - map: Finds them in the file, where they lie in one place.
  ///   - stream: Prepares to read them meanwhile.
  func rows(
    of name: String, in group: String, read: () throws -> RowSource<Scalar>,
    map: () throws -> RowSource<Scalar>?, stream: @escaping () throws -> StreamedRows<Scalar>
  ) throws -> GroupRows<Scalar> {
    guard inFile.contains(Place(name: name, group: group)) else { return .gathered(try read()) }
    if placement != .streamed, let mapped = try map() { return .mapped(mapped, orStreamed: stream) }
    return .streamed(try stream())
  }
}

extension RunConfiguration {
  /// The same run with its rows in a certain place, however few they are: what tests compare with.
  package func placing(_ placement: DataPlacement) -> RunConfiguration {
    var configuration = self
    configuration.data?.placement = placement
    return configuration
  }
}
