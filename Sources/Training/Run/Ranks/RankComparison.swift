import DataParallel
import Foundation
import Foundations
import Kernels

/// What must be the same on all ranks for them to compute the same bits.
package struct RankFacts: Codable, Equatable, Sendable {
  /// The program: its version and what its file holds.
  package var build: String
  /// The instruction set of the kernels.
  package var instructionSet: String
  /// The kind of processor.
  package var processor: String
  /// The resolved config without the places of files, as text; empty where a checkpoint's is used, which comes from rank 0.
  package var configuration: String
  /// The fingerprint of the data; empty before they are read, and without any.
  package var data = ""

  /// Creates the value.
  package init(build: String, instructionSet: String, processor: String, configuration: String = "", data: String = "")
  {
    self.build = build
    self.instructionSet = instructionSet
    self.processor = processor
    self.configuration = configuration
    self.data = data
  }

  /// The facts of this process.
  static func own(_ configuration: RunConfiguration?) throws -> RankFacts {
    RankFacts(
      build: try build, instructionSet: InstructionSet.best.name, processor: Provenance.processor,
      configuration: configuration.map { settingsOfRanks($0.resolved).compactText } ?? "")
  }

  /// Two files of one version need not compute the same: the compiler may have been another one.
  private static var build: String {
    get throws {
      let files = SystemFileSystem()
      var digest = Digest.Stream()
      try files.withFile(files.openForReading("/proc/self/exe")) { file in
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while case let count = try files.readAll(file, into: piece), count > 0 {
          digest.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
      }
      return "\(Program.version) (\(digest.digest.description.prefix(23)))"
    }
  }

  /// What of a config decides what ranks do together: all but places, and what one host grants.
  private static func settingsOfRanks(_ resolved: JSONValue) -> JSONValue {
    guard case .object(var object) = resolved else { return resolved }
    object["output"] = nil
    if case .object(var data)? = object["data"] {
      for key in ["path", "externalFiles", "memory"] { data[key] = nil }
      object["data"] = .object(data)
    }
    return .object(object)
  }

  /// The first rank that differs from rank 0, in one sentence; `nil` if none does.
  ///
  /// - Parameter hosts: Each rank's host.
  package static func mismatch(_ facts: [RankFacts], hosts: [String]) -> TrainerError? {
    guard let first = facts.first else { return nil }
    for (rank, other) in facts.enumerated() where other != first {
      let (here, there) = (RankName.text(0, on: hosts[0]), RankName.text(rank, on: hosts[rank]))
      func error(_ other: String, _ own: String, _ advice: String, code: ExitCode = .usage) -> TrainerError {
        TrainerError(code, "\(there) has \(other), and \(here) has \(own); \(advice)")
      }
      let oneKind = "they may compute different bits, so start all ranks on hosts of one kind"
      if other.build != first.build {
        return error("the build \(other.build)", "\(first.build)", "install the same one on all hosts")
      }
      if other.instructionSet != first.instructionSet {
        return error("\(other.instructionSet) kernels", "\(first.instructionSet) kernels", oneKind)
      }
      if other.processor != first.processor {
        return error("the processor '\(other.processor)'", "'\(first.processor)'", oneKind)
      }
      if other.configuration != first.configuration {
        return TrainerError(
          .usage,
          "the configs of \(there) and \(here) differ (\(configurationLines(first, other, rank))); "
            + "give all ranks the same one")
      }
      return error(
        "data with the fingerprint \(other.data)", "data with \(first.data)", "give all hosts the same file",
        code: .data)
    }
    return nil
  }

  private static func configurationLines(
    _ first: RankFacts, _ other: RankFacts, _ rank: Int
  ) -> String {
    do {
      let lines = ConfigurationDifference.lines(
        try JSONDocument(text: other.configuration, source: "").root,
        try JSONDocument(text: first.configuration, source: "").root, ("on rank \(rank)", "on rank 0"))
      return lines.joined(separator: "; ")
    } catch {
      // They were written as JSON just before.
      return "in a way that cannot be shown"
    }
  }
}

extension Communicator {
  /// Refuses ranks that would compute other bits than rank 0, or do other things.
  ///
  /// - Parameter configuration: The config that each rank has read; `nil` where all have rank 0's.
  /// - Throws: `SharedError` with code `.usage`, `RankFailure`.
  func requireSameProgram(_ configuration: RunConfiguration? = nil) throws {
    guard rankCount > 1 else { return }
    let own = try together { try RankFacts.own(configuration) }
    if let error = RankFacts.mismatch(try gathered(own), hosts: hosts) { throw SharedError(error: error) }
  }

  /// Refuses ranks that have read other data than rank 0.
  ///
  /// - Parameter fingerprint: That of this rank's data; `nil` if there are none.
  /// - Throws: `SharedError` with code `.data`, `RankFailure`.
  func requireSameData(_ fingerprint: Digest?) throws {
    guard rankCount > 1 else { return }
    let own = RankFacts(
      build: "", instructionSet: "", processor: "", data: fingerprint?.description ?? "")
    if let error = RankFacts.mismatch(try gathered(own), hosts: hosts) { throw SharedError(error: error) }
  }
}
