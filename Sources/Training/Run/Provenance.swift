import Checkpoints
import Foundation
import Foundations
import Kernels

/// What a run's numbers depend on beside its config: recorded, so that a resume elsewhere can say that bits may differ.
enum Provenance {
  /// The name of the fingerprint of the data's contents.
  static let dataName = "dataContents"
  /// The name of the fingerprint of the data's file, which earlier versions kept in its place.
  static let dataFileName = "data"
  /// The name of the time at which a checkpoint's state was copied.
  static let timeName = "time"
  /// Now.
  static var time: String { Date.now.formatted(.iso8601) }

  /// The values of this process, for data with that fingerprint.
  static func current(data: Digest?) -> [String: String] {
    var values = [
      "program": "trainer \(Program.version)", "blas": "none (own kernels)", "cpu": processor,
      "instructionSet": InstructionSet.best.name,
      timeName: time,
    ]
    if let commit = Program.commit { values["commit"] = commit }
    if let data { values[dataName] = data.description }
    return values
  }

  /// What the system calls the kind of processor.
  static var processor: String {
    do {
      let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
      let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    } catch {
      // Only a note in the file: a system without this list is no reason to fail.
      return "unknown"
    }
  }

  /// What differs between a checkpoint and this process and may change bits.
  static func differences(_ checkpoint: Checkpoint) -> [String] {
    let now = current(data: nil)
    return ["program", "commit", "blas", "cpu", "instructionSet"].compactMap { key in
      guard let then = checkpoint.provenance[key], let value = now[key], then != value else { return nil }
      return "\(key) was '\(then)' and is '\(value)'"
    }
  }
}
