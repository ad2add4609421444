import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// The shortcut that a checkpoint's bytes are tried once in a process, against trials of each reading.
@Suite struct TriedOnceTests {
  // In a process of its own, since trials are for all files of a process.
  @Test func whatIsReadDoesNotDependOnHowOftenItIsTried() async {
    await #expect(processExitsWith: .success) {
      try withWorkshop { workshop in
        try workshop.makeDataset()
        let good = try workshop.makeCheckpoint()
        let bad = workshop.path("bad.h5")
        try resealWithoutDigest(good, to: bad)
        // Notes each process that is started to try a file.
        try workshop.write(
          "helper", "#!/bin/sh\necho >> '\(workshop.path("starts"))'\nexec '\(TrainerBinary.path)' \"$@\"\n")
        try #require(chmod(workshop.path("helper"), 0o700) == 0)
        ReadingTrial.enable(
          executable: workshop.path("helper"), arguments: ["read-in-trial"], exitCodes: .init(file: 3, image: 4))
        /// What is found of a file, and in how many processes it was tried.
        func found(_ path: String, isTriedOnce: Bool) throws -> (Checkpoint?, String?, trials: Int) {
          try workshop.write("starts", "")
          var (checkpoint, message): (Checkpoint?, String?)
          do {
            checkpoint = try CheckpointFile.read(path, fileSystem: SystemFileSystem(), isTriedOnce: isTriedOnce)
          } catch let error as TrainerError {
            message = error.message
          }
          let starts = try String(contentsOfFile: workshop.path("starts"), encoding: .utf8)
          return (checkpoint, message, starts.count)
        }
        let first = try found(good, isTriedOnce: true)
        try #require(first.0 != nil && first.trials == 1)
        for (isTriedOnce, trials) in [(true, 0), (false, 1), (true, 0), (false, 1)] {
          let again = try found(good, isTriedOnce: isTriedOnce)
          try #require(again.0 == first.0 && again.1 == nil && again.trials == trials)
        }
        // Under another name it is the same; with other bytes it is not.
        try FileManager.default.copyItem(atPath: good, toPath: workshop.path("copy.h5"))
        try #require(try found(workshop.path("copy.h5"), isTriedOnce: true).trials == 0)
        // What has a fault is tried each time.
        let fault = try found(bad, isTriedOnce: true)
        try #require(fault.0 == nil && fault.1?.contains("the checkpoint is damaged") == true && fault.trials == 1)
        for isTriedOnce in [true, false, true] {
          let again = try found(bad, isTriedOnce: isTriedOnce)
          try #require(again.0 == nil && again.1 == fault.1 && again.trials == 1)
        }
      }
    }
  }
}

/// Writes a checkpoint whose checksums fit, and which lacks an attribute.
private func resealWithoutDigest(_ path: String, to other: String) throws {
  let whole = Array(try Data(contentsOf: URL(filePath: path)))
  try Data(whole[512...]).write(to: URL(filePath: other))
  let file = try HDF5.File.open(at: other, writable: true)
  try file.root.removeAttribute("digest")
  try file.close()
  let image = Array(try Data(contentsOf: URL(filePath: other)))
  var block = Array(whole[..<480])
  block.replaceSubrange(16..<24, with: withUnsafeBytes(of: UInt64(image.count).littleEndian, Array.init))
  block.replaceSubrange(24..<56, with: Digest(of: image).bytes)
  try Data(block + Digest(of: block).bytes + image).write(to: URL(filePath: other))
}
