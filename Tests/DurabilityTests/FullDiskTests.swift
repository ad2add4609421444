import Checkpoints
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// A real small file system that fills up.
@Suite struct FullDiskTests {
  /// Runs the body with a file system of 400 kB; not at all where that cannot be mounted.
  private func withSmallDisk(_ body: (String) throws -> Void) throws {
    try withScratchDirectory { directory in
      guard Tool.path(of: "mount") != nil,
        try Tool.run("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", directory]).status == 0
      else {
        print("SKIPPED: a full disk, because no small file system can be mounted here (that needs root)")
        return
      }
      defer {
        do {
          let end = try Tool.run("umount", [directory])
          #expect(end.status == 0, "\(end.output)")
        } catch {
          Issue.record("\(error)")
        }
      }
      try body(directory)
    }
  }

  /// Takes all space that is left.
  private func fill(_ disk: String) throws {
    let files = SystemFileSystem()
    let file = try files.openForWriting(creating: disk + "/other")
    try files.withFile(file) { file in
      let page = [UInt8](repeating: 1, count: 4096)
      do {
        while true { try files.writeAll(file, page.span.bytes) }
      } catch let error as FileError where error.number == ENOSPC {
        // That is what is wanted.
      }
    }
  }

  @Test func aDiskThatFillsUpAndIsClearedCostsNothing() throws {
    try withSmallDisk { disk in
      let whole = try withMemoryDirectory { try SmallRun.train(in: $0) }
      var saves = 0
      let warnings = Warnings { event in
        if case .saved = event {
          saves += 1
          if saves == 1 { try fill(disk) }
        }
        if case .epoch(let report) = event, report.epoch == 3 { try SystemFileSystem().remove(disk + "/other") }
      }
      #expect(try SmallRun.train(in: disk + "/run", observer: warnings) == whole)
      #expect(warnings.sentences.first?.contains("No space left on device; training goes on") == true)
      #expect(warnings.sentences.last?.hasPrefix("checkpoints are saved again") == true)
      #expect(try SmallRun.train(in: disk + "/run") == whole, "it is finished")
    }
  }

  @Test func aDiskThatStaysFullLeavesTheLastGoodCheckpoint() throws {
    try withSmallDisk { disk in
      let whole = try withMemoryDirectory { try SmallRun.train(in: $0) }
      var saves = 0
      let filler = Warnings { event in
        guard case .saved = event else { return }
        saves += 1
        if saves == 1 { try fill(disk) }
      }
      let error = try trainerError { try SmallRun.train(in: disk + "/run", observer: filler) }
      #expect(error?.code == .checkpoint)
      #expect(error?.message.contains("No space left on device; the last good checkpoint is \(disk)/run/") == true)
      let newest = try CheckpointDirectory(disk + "/run/checkpoints").newestValid()
      #expect(newest.found != nil && newest.damaged.isEmpty)
      try SystemFileSystem().remove(disk + "/other")
      #expect(try SmallRun.train(in: disk + "/run") == whole)
    }
  }

  @Test func aDiskThatIsTooSmallIsRefusedBeforehand() throws {
    try withSmallDisk { disk in
      let configuration = try SmallRun.configuration(output: disk + "/run", keep: 100, every: 1)
      let error = try trainerError { try train(configuration) }
      #expect(error?.code == .usage && error?.message.contains("there is no room for the run's checkpoints") == true)
    }
  }
}
