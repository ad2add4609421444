import Foundations
import TensorBoard

/// The event files of a run, `tensorboard/events.out.tfevents.SECONDS.trainer` in its directory: one for each process that
/// has carried it out. TensorBoard reads them in the order of their names as one.
struct EventFolder {
  /// What the names of these files begin with and end in; others are left alone.
  private static let (prefix, suffix) = ("events.out.tfevents.", ".trainer")

  let path: String
  let fileSystem: any FileSystem

  /// Cuts every event that is later than a step, and what is torn or damaged; at step 0 nothing stays.
  ///
  /// - Returns: Whether events stay, and the name of the next file, behind all others.
  func cut(after step: Int, now: Double) throws -> (hasEvents: Bool, next: String) {
    var seconds = Int(now)
    var hasEvents = false
    if let status = try fileSystem.status(of: path) {
      guard status.isDirectory else {
        throw TrainerError(
          .usage,
          "\(path): events for TensorBoard go into a directory of this name, but it is \(status.kind.phrase); move it away"
        )
      }
      for name in try fileSystem.list(path) {
        guard let time = Self.time(of: name) else { continue }
        seconds = max(seconds, time + 1)
        if try cut("\(path)/\(name)", after: step) { hasEvents = true }
      }
    }
    return (
      hasEvents,
      "\(path)/\(Self.prefix)\(String(repeating: "0", count: max(0, 10 - "\(seconds)".count)))\(seconds)\(Self.suffix)"
    )
  }

  /// - Returns: Whether any event stays but the first, which says only what the file is.
  private func cut(_ file: String, after step: Int) throws -> Bool {
    let bytes = step > 0 ? try fileSystem.contents(of: file) : []
    let kept = RecordFile.records(in: bytes).prefix { record in
      Event.step(of: bytes[record]).map { $0 <= step } ?? false
    }
    guard kept.count > 1, let last = kept.last else {
      try fileSystem.remove(file)
      return false
    }
    let length = RecordFile.end(of: last)
    if length < bytes.count { try fileSystem.retryingWhenInterrupted { try fileSystem.truncate(file, to: length) } }
    return true
  }

  /// The seconds in the name of one of our files; `nil` for other names.
  private static func time(of name: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    return Int(name.dropFirst(prefix.count).dropLast(suffix.count))
  }
}
