import Foundation
import Foundations

extension CheckpointDirectory {
  /// Finds out before a run begins whether its checkpoints can be saved: whether a file can be made in the directory,
  /// and whether its disk has room for those that will stay and for one that is being written beside them.
  ///
  /// - Parameters:
  ///   - staying: How many checkpoints stay.
  ///   - size: The bytes of one.
  /// - Throws: `TrainerError` with code `.usage` if the directory cannot be written to or the room does not suffice.
  package func requireRoom(forStaying staying: Int, size: Int) throws {
    do {
      try fileSystem.makeDurableDirectory(path)
      let probe = "\(path)/.step-probe.\(getpid())\(AtomicFile.temporarySuffix)"
      let file = try fileSystem.retryingWhenInterrupted { try fileSystem.openForWriting(creating: probe) }
      try fileSystem.withFile(file) { _ in try fileSystem.remove(probe) }
    } catch let error as FileError {
      throw TrainerError(
        .usage,
        "\(path): the directory for checkpoints cannot be written to: \(error.reason)",
        remedy: .init("output", "change its permissions or choose another directory"))
    }
    let free: Int?
    let present: Int
    do {
      free = try fileSystem.freeSpace(at: path)
      present = try steps().reduce(0) { try $0 + (fileSystem.status(of: self.path(ofStep: $1))?.size ?? 0) }
    } catch let error as FileError {
      throw TrainerError(.usage, "\(path): the room for checkpoints cannot be found out: \(error.reason)")
    }
    guard let free else { return }
    let (bytes, overflow) = (max(1, staying) + 1).multipliedReportingOverflow(by: size)
    // Present checkpoints are among those that stay, or make room when they are removed.
    let needed = overflow ? .max : max(size, bytes - present)
    guard free >= needed else {
      throw TrainerError(
        .usage,
        "\(path): there is no room for the run's checkpoints: found \(ByteText.text(free)) free, expected "
          + "\(ByteText.text(needed)), for \(staying) that stay and one being written, of \(ByteText.text(size)) each",
        remedy: .init(
          "output", "free some space, let fewer stay by checkpoints.keep, or choose another directory"))
    }
  }
}
