import Foundations
import Training

/// Writes a run's `metrics.jsonl`: one JSON object a line, each in one write before training goes on. What was written is
/// forced to the disk before a checkpoint is saved, at the end of the run, and else at most once a second.
///
/// A run that goes on from a checkpoint cuts a torn line and every line that is later than the checkpoint, so that in
/// the end the file is the one of a run that was never interrupted, but for times.
public final class MetricsFile: RunObserver {
  private let fileSystem: any FileSystem
  private var path = ""
  private let now: () -> ContinuousClock.Instant
  /// Lines that are not sure to be on the disk yet.
  private var pending: [UInt8] = []
  /// How many bytes of them are written.
  private var written = 0
  /// The bytes of the file that are sure to be on the disk, whole lines.
  private var length = 0
  /// When it was last forced to the disk.
  private var lastTime: ContinuousClock.Instant
  /// Whether a write has failed, so that the file may have bytes of a torn line.
  private var isTorn = false

  /// Creates the observer; the file is found or made when the run starts.
  public convenience init() { self.init(fileSystem: SystemFileSystem()) }

  /// The same over a file layer that tests make fail.
  ///
  /// - Parameter now: The clock.
  package init(fileSystem: any FileSystem, now: @escaping () -> ContinuousClock.Instant = { .now }) {
    self.fileSystem = fileSystem
    self.now = now
    lastTime = now()
  }

  /// Writes the event's line, if it has one. A line that cannot be written, such as on a full disk, is written with
  /// those after it; until then no checkpoint is saved, and the run cannot end.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be written when a run begins or ends.
  public func observe(_ event: RunEvent) throws {
    switch event {
    case .started(let description):
      guard let directory = description.directory else {
        throw TrainerError(
          .usage, "\(description.name): metrics.jsonl lies in the run directory, but the run has no \"output\"")
      }
      path = RunDirectory(directory).metricsPath
      try explaining { try begin(after: description.resumedStep ?? 0) }
    case .finished, .stopped:
      append(event.metricsLine)
      try prepareForSave()
    default:
      append(event.metricsLine)
      do {
        try write()
        if lastTime.duration(to: now()) >= .seconds(1) { try synchronize() }
      } catch is FileError {
        // Kept in `pending`: `prepareForSave` tells if it cannot be mended by then.
      }
    }
  }

  /// Makes sure that every line is on the disk.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be written.
  public func prepareForSave() throws { try explaining { try synchronize() } }

  private func explaining(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the metrics cannot be written: \(error.reason)")
    }
  }

  /// Makes an empty file, or keeps of the present one the lines up to a step.
  private func begin(after step: Int) throws {
    (pending, written, isTorn, lastTime) = ([], 0, false, now())
    if try fileSystem.status(of: path) == nil {
      try fileSystem.close(fileSystem.retryingWhenInterrupted { try fileSystem.openForWriting(creating: path) })
      try fileSystem.retryingWhenInterrupted { try fileSystem.synchronizeDirectory(directory(of: path)) }
      length = 0
    } else {
      length = try Self.length(of: fileSystem.contents(of: path), upTo: step)
      try fileSystem.retryingWhenInterrupted { try fileSystem.truncate(path, to: length) }
    }
  }

  /// The length in bytes of the whole lines with events up to a step.
  private static func length(of bytes: [UInt8], upTo step: Int) -> Int {
    var length = 0
    while let end = bytes[length...].firstIndex(of: UInt8(ascii: "\n")) {
      guard let line = event(in: Array(bytes[length..<end])), ["epoch", "step"].contains(line["event"]?.text),
        let lineStep = line["step"]?.int, lineStep <= step
      else { break }
      length = end + 1
    }
    return length
  }

  /// The keys whose values depend on the clock.
  private static let timeKeys = ["seconds", "samplesPerSecond", "stallSeconds", "loadingSeconds"]

  /// The lines of a metrics file without what depends on the clock: two trainings of one config have the same.
  ///
  /// - Throws: `TrainerError` with code `.usage` if the file cannot be read or a line is torn.
  public static func timelessLines(of path: String) throws -> [JSONValue] {
    let text: String
    do {
      text = String(decoding: try SystemFileSystem().contents(of: path), as: UTF8.self)
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the metrics cannot be read: \(error.reason)")
    }
    return try text.split(separator: "\n").map { line in
      guard case .object(var object) = try JSONDocument(text: String(line), source: path).root else { return .null }
      for key in timeKeys { object[key] = nil }
      return .object(object)
    }
  }

  private static func event(in line: [UInt8]) -> JSONValue? {
    do {
      return try JSONDocument(line, source: "").root
    } catch {
      // A line that was torn when the machine lost power: it and what follows is cut.
      return nil
    }
  }

  private func append(_ line: JSONObject?) {
    guard let line else { return }
    pending += Array((JSONValue.object(line).compactText + "\n").utf8)
  }

  /// Writes the lines that are not written yet, so that whoever reads the file sees them.
  private func write() throws {
    // Of what was written before a failure nobody knows what has reached the disk: it is written again.
    if isTorn {
      try fileSystem.retryingWhenInterrupted { try fileSystem.truncate(path, to: length) }
      (written, isTorn) = (0, false)
    }
    guard written < pending.count else { return }
    isTorn = true
    let lines = Array(pending[written...])
    try onFile { try fileSystem.writeAll($0, lines.span.bytes) }
    (written, isTorn) = (pending.count, false)
  }

  /// Writes all lines and forces them to the disk.
  private func synchronize() throws {
    try write()
    guard !pending.isEmpty else { return }
    isTorn = true
    try onFile { file in try fileSystem.retryingWhenInterrupted { try fileSystem.synchronize(file) } }
    length += pending.count
    (pending, written, isTorn, lastTime) = ([], 0, false, now())
  }

  private func onFile(_ body: (Int32) throws -> Void) throws {
    let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForAppending(path) }
    try fileSystem.withFile(file, body)
  }
}

extension RunEvent {
  /// The event's line in `metrics.jsonl`; `nil` if it has none.
  var metricsLine: JSONObject? {
    switch self {
    case .epoch(let report):
      var line: JSONObject = ["event": "epoch", "epoch": .integer(report.epoch), "step": .integer(report.step)]
      line.append(train: report.train, report.evaluations)
      line["learningRate"] = .number(report.learningRate)
      line["samplesPerSecond"] = .number(report.samplesPerSecond)
      line["seconds"] = .number(report.seconds)
      line.append(parameters: report.parameters)
      return line
    case .step(let report):
      var line: JSONObject = ["event": "step", "step": .integer(report.step)]
      line.append(train: report.train, report.evaluations)
      line["learningRate"] = .number(report.learningRate)
      line.append(parameters: report.parameters)
      return line
    case .finished(let summary):
      var line: JSONObject = [
        "event": "finished", "step": .integer(summary.step), "digest": .string(summary.digest),
        "stallSeconds": .number(summary.stallSeconds),
      ]
      line["loadingSeconds"] = summary.loading.map { .number($0.stallSeconds) }
      line["reason"] = summary.reason.map(JSONValue.string)
      return line
    case .stopped(let step, let reason):
      return ["event": "stopped", "step": .integer(step), "reason": .string(reason)]
    case .started, .saved, .warning:
      return nil
    }
  }
}

extension JSONObject {
  fileprivate mutating func append(train: LossAndMetrics, _ evaluations: [(group: String, measurement: LossAndMetrics)])
  {
    self["train"] = train.json
    for (group, measurement) in evaluations { self[group] = measurement.json }
  }

  fileprivate mutating func append(parameters: [(name: String, shape: [Int], values: [Double])]) {
    guard !parameters.isEmpty else { return }
    var values = JSONObject()
    for parameter in parameters {
      values[parameter.name] = JSONValue(parameter.values[...], shape: parameter.shape[...])
    }
    self["parameters"] = .object(values)
  }
}

extension JSONValue {
  /// Numbers in row-major order as nested arrays.
  fileprivate init(_ values: ArraySlice<Double>, shape: ArraySlice<Int>) {
    guard let extent = shape.first else {
      self = .number(values.first ?? .nan)
      return
    }
    let count = shape.dropFirst().reduce(1, *)
    self = .array(
      (0..<extent).map { row in
        let start = values.startIndex + row * count
        return JSONValue(values[start..<start + count], shape: shape.dropFirst())
      })
  }
}
