import Foundations

/// The settings of the observer `csv`: there are none.
public struct CSVSettings: ObserverSettings {
  public static let type = "csv"

  /// Creates the settings.
  public init() {}
  /// Reads the settings, of which there are none.
  public init(from settings: Settings) throws {}
  /// Empty.
  public var json: JSONObject { [:] }
  /// Makes the observer of one run.
  public func makeObserver() -> any RunObserver { CSVObserver() }
}

/// Writes a run's `metrics.csv`: a row for each report, a column for each measure of each group.
///
/// A run that goes on from a checkpoint cuts a torn row and every row that is later than the checkpoint, as `MetricsFile`
/// does.
package final class CSVObserver: RunObserver {
  private let fileSystem: any FileSystem
  private var file: AppendedFile?
  private var stepsPerEpoch = Int.max
  private var hasParameters = false
  private var measures: [String] = []

  /// Creates the observer; the file is found or made when the run starts.
  ///
  /// - Parameter fileSystem: A file layer that tests make fail.
  package init(fileSystem: any FileSystem = SystemFileSystem()) { self.fileSystem = fileSystem }

  /// Writes the event's row, if it has one.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be used when a run begins, or not be written when it
  ///   ends.
  package func observe(_ event: RunEvent) throws {
    switch event {
    case .started(let run): try begin(run)
    case .epoch(let report):
      append(
        [String(report.step), String(report.epoch)], report.train, report.evaluations,
        [report.learningRate, report.samplesPerSecond, report.seconds], report.parameters)
    case .step(let report):
      append(
        [String(report.step), String(report.step / stepsPerEpoch)], report.train, report.evaluations,
        [report.learningRate, nil, nil], report.parameters)
    case .finished, .stopped: try file?.flush()
    case .saved, .warning: break
    }
  }

  /// The work of putting all rows on the disk.
  package func workBeforeSave() -> (@Sendable () throws -> Void)? {
    guard let file else { return nil }
    return { try file.flush() }
  }

  private func begin(_ run: RunDescription) throws {
    let path = try run.directory(for: CSVSettings.type, "metrics.csv").csvPath
    stepsPerEpoch = run.hasEpochs ? run.stepsPerEpoch : .max
    hasParameters = !run.fewParameterNames.isEmpty
    measures = run.measures
    let header = Self.header(of: run)
    do {
      let length = try kept(path, after: run.resumedStep ?? 0, header)
      file = AppendedFile(path, length: length, contents: "the metrics", fileSystem: fileSystem)
      if length ?? 0 == 0 { file?.append { Array((header + "\n").utf8) } }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the metrics cannot be written: \(error.reason)")
    }
  }

  /// Cuts the file behind a step.
  ///
  /// - Returns: The bytes that stay; `nil` if there is no file.
  private func kept(_ path: String, after step: Int, _ header: String) throws -> Int? {
    guard try fileSystem.status(of: path) != nil else { return nil }
    let bytes = try fileSystem.contents(of: path)
    var length = 0
    while let end = bytes[length...].firstIndex(of: UInt8(ascii: "\n")) {
      let line = bytes[length..<end]
      if length == 0 {
        if !line.elementsEqual(header.utf8) { break }
      } else {
        let first = String(decoding: line.prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)
        guard let rowStep = Int(first), rowStep <= step else { break }
      }
      length = end + 1
    }
    // A file that begins otherwise is somebody else's: metrics.csv is a likely name.
    guard length > 0 || (header + "\n").utf8.starts(with: bytes) else {
      throw TrainerError(
        .usage,
        "\(path): its first line is not that of this run's metrics; move the file away, or choose another directory")
    }
    if step == 0 { length = 0 }
    try fileSystem.retryingWhenInterrupted { try fileSystem.truncate(path, to: length) }
    return length
  }

  private static func header(of run: RunDescription) -> String {
    let groups = run.samples.isEmpty ? ["train"] : run.samples.map(\.group)
    let columns =
      ["step", "epoch"] + groups.flatMap { group in run.measures.map { "\(group).\($0)" } }
      + ["learningRate", "samplesPerSecond", "seconds"] + run.fewParameterNames
    return columns.map(quoted).joined(separator: ",")
  }

  private static func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }

  private func append(
    _ place: [String], _ train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)],
    _ numbers: [Double?], _ parameters: [(name: String, shape: [Int], values: [Double])]
  ) {
    // A metric of whole groups is not measured while training.
    let measured = ([train] + evaluations.map(\.measurement)).flatMap { measurement in measures.map { measurement[$0] }
    }
    let values = measured + numbers + (hasParameters ? parameters.flatMap(\.values) : [])
    let row = (place + values.map { $0.map { "\($0)" } ?? "" }).joined(separator: ",") + "\n"
    file?.append { Array(row.utf8) }
  }
}
