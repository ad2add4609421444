import DataParallel
import Foundations

/// What ranks tell each other after a round of a measurement.
struct RoundNote: Codable {
  /// How long it took.
  var seconds: Double
  /// The step at which the training diverged, if it did.
  var divergedStep: Int?
}

extension Communicator {
  /// Rank 0's seconds, and the first step at which the training diverged on any rank.
  ///
  /// - Throws: `RankFailure`.
  func agree(on note: RoundNote) throws -> RoundNote {
    let notes = try gathered(note)
    return RoundNote(seconds: notes[0].seconds, divergedStep: notes.compactMap(\.divergedStep).min())
  }

  /// The most bytes and the most messages that any rank has sent.
  ///
  /// - Throws: `RankFailure`.
  func most(of traffic: Traffic) throws -> Traffic {
    let counts = try gathered([traffic.bytes, traffic.messages])
    return Traffic(bytes: counts.map { $0[0] }.max() ?? 0, messages: counts.map { $0[1] }.max() ?? 0)
  }
}

extension TrainingMemory {
  /// The digest of the parameters, which all ranks have.
  package var parametersDigest: String { Digest(of: UnsafeRawBufferPointer(parameters.elements)).description }
}
