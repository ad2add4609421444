import Foundation
import Foundations

/// Which checkpoints of a run stay. The newest always does.
public struct CheckpointRetention: Sendable, Equatable {
  /// How many of the newest stay; `nil` keeps all.
  public var last: Int?
  /// Of each so many epochs the checkpoint at their end stays; `nil` keeps none on that ground.
  public var everyEpochs: Int?

  /// Creates a rule.
  ///
  /// - Precondition: both are positive.
  public init(last: Int? = nil, everyEpochs: Int? = nil) {
    precondition(last ?? 1 > 0 && everyEpochs ?? 1 > 0)
    self.last = last
    self.everyEpochs = everyEpochs
  }
}

/// The checkpoints of one run: files `step-NNNNNNNNN.h5` in one directory.
package struct CheckpointDirectory: Sendable {
  /// A checkpoint that could not be read, and the name that it was given so that nothing takes it for a good one.
  package struct Damaged: Sendable, Equatable {
    /// Where it was.
    package let path: String
    /// Where it is now, for whoever wants to look at it.
    package let keptAs: String
    /// One sentence: what is wrong with it.
    package let reason: String
  }

  /// What came of a save.
  package struct Saved: Sendable, Equatable {
    /// The new checkpoint.
    package let path: String
    /// The steps of the checkpoints that were removed.
    package let removed: [Int]
    /// Old checkpoints that should have been removed and could not be, with the reason; the save is good all the same.
    package let notRemoved: [String]
  }

  /// The directory's path.
  package let path: String
  let fileSystem: any FileSystem

  /// Creates the value; the directory itself is made by the first save.
  package init(_ path: String, fileSystem: any FileSystem = SystemFileSystem()) {
    self.path = path
    self.fileSystem = fileSystem
  }

  /// The path of a step's checkpoint, whether it exists or not.
  package func path(ofStep step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(0, 9 - digits.count)))\(digits).h5"
  }

  /// The steps that have a checkpoint, ascending; none if there is no directory.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if the directory cannot be read.
  package func steps() throws -> [Int] {
    try names().compactMap { name -> Int? in
      guard name.hasPrefix("step-"), name.hasSuffix(".h5"), let step = Int(name.dropFirst(5).dropLast(3)),
        fileName(of: path(ofStep: step)) == name
      else { return nil }
      return step
    }.sorted()
  }

  /// Reads the newest checkpoint that is whole. Damaged ones that are newer are renamed to end in `.damaged`.
  ///
  /// - Returns: the checkpoint and its path, or `nil` if there is none; and the damaged ones, newest first.
  /// - Throws: `TrainerError` with code `.checkpoint` if one cannot be read for another reason than damage: it may be
  ///   whole, so going on from an older one would be wrong.
  package func newestValid() throws -> (found: (checkpoint: Checkpoint, path: String)?, damaged: [Damaged]) {
    var damaged: [Damaged] = []
    for step in try steps().reversed() {
      let path = path(ofStep: step)
      do {
        return ((try CheckpointFile.load(path, fileSystem), path), damaged)
      } catch let fault as CheckpointFault {
        let error = fault.error(path: path)
        guard case .damaged = fault else { throw error }
        damaged.append(Damaged(path: path, keptAs: try setAside(path), reason: error.message))
      }
    }
    return (nil, damaged)
  }

  /// Saves a checkpoint and then removes those that `retention` does not keep.
  ///
  /// - Parameters:
  ///   - best: steps whose checkpoints stay in any case, such as that of the best metric so far.
  /// - Throws: `TrainerError` with code `.checkpoint` if it could not be saved; nothing is removed then.
  package func save(
    _ checkpoint: Checkpoint, keeping retention: CheckpointRetention = CheckpointRetention(), best: Set<Int> = []
  ) throws -> Saved {
    let path = path(ofStep: checkpoint.step)
    do {
      try fileSystem.makeDurableDirectory(self.path)
    } catch let error as FileError {
      throw TrainerError(.checkpoint, "\(self.path): the directory for checkpoints cannot be made: \(error.reason)")
    }
    try CheckpointFile.write(checkpoint, to: path, fileSystem: fileSystem)
    var removed: [Int] = []
    var notRemoved: [String] = []
    let superfluous: [Int]
    do {
      superfluous = try self.superfluous(to: checkpoint.step, retention, best)
    } catch let error as TrainerError {
      return Saved(path: path, removed: [], notRemoved: [error.message])
    }
    for step in superfluous {
      do {
        try fileSystem.remove(self.path(ofStep: step))
        removed.append(step)
      } catch let error as FileError {
        notRemoved.append(error.description)
      }
    }
    return Saved(path: path, removed: removed, notRemoved: notRemoved)
  }

  /// Removes temporary files that a killed process has left; only for the one process that writes here.
  ///
  /// - Throws: `TrainerError` with code `.checkpoint` if the directory cannot be changed.
  package func removeLeftovers() throws {
    for name in try names() where name.hasPrefix(".step-") && name.hasSuffix(AtomicFile.temporarySuffix) {
      do {
        try fileSystem.remove("\(path)/\(name)")
      } catch let error as FileError {
        throw TrainerError(.checkpoint, "\(path)/\(name): a leftover file cannot be removed: \(error.reason)")
      }
    }
  }

  private func names() throws -> [String] {
    do {
      return try fileSystem.status(of: path) == nil ? [] : fileSystem.list(path)
    } catch let error as FileError {
      throw TrainerError(.checkpoint, "\(path): the directory with checkpoints cannot be read: \(error.reason)")
    }
  }

  private func superfluous(to saved: Int, _ retention: CheckpointRetention, _ best: Set<Int>) throws -> [Int] {
    guard let last = retention.last else { return [] }
    // What lies beyond the saved step is of a future that this run has left; it counts for nothing and stays.
    let steps = try steps().filter { $0 <= saved }
    let old = steps.dropLast(last).filter { !best.contains($0) }
    guard let period = retention.everyEpochs, !old.isEmpty else { return old }
    var endOfEpoch: [Int: Int] = [:]
    for step in steps {
      do {
        let epoch = try CheckpointFile.summary(of: path(ofStep: step), fileSystem: fileSystem).epoch
        // Of checkpoints with as many completed epochs, the first is the one at the end of the last of them.
        if epoch > 0, epoch % period == 0, endOfEpoch[epoch] == nil { endOfEpoch[epoch] = step }
      } catch is TrainerError {
        // One that cannot be read is no checkpoint to keep for its epoch.
      }
    }
    let kept = Set(endOfEpoch.values)
    return old.filter { !kept.contains($0) }
  }

  private func setAside(_ path: String) throws -> String {
    do {
      var name = path + ".damaged"
      var number = 2
      while try fileSystem.status(of: name) != nil {
        name = "\(path).damaged-\(number)"
        number += 1
      }
      try fileSystem.retryingWhenInterrupted { try fileSystem.rename(path, to: name) }
      try fileSystem.retryingWhenInterrupted { try fileSystem.synchronizeDirectory(self.path) }
      return name
    } catch let error as FileError {
      throw TrainerError(.checkpoint, "\(path): the checkpoint is damaged and cannot be renamed: \(error.reason)")
    }
  }
}
