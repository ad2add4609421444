import Checkpoints
import Foundation
import Foundations
import TestSupport
import Testing

/// The machine's files, of which one call always fails.
struct FailingFileSystem: FileSystem {
  private let base = SystemFileSystem()
  private let call: String
  private let number: Int32

  init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  private func check(_ name: String, _ path: String = "") throws {
    if name == call { throw FileError(operation: name, path: path, number: number) }
  }

  func openForReading(_ path: String) throws -> Int32 {
    try check("open", path)
    return try base.openForReading(path)
  }
  func openForWriting(creating path: String) throws -> Int32 { try base.openForWriting(creating: path) }
  func openForAppending(_ path: String) throws -> Int32 { try base.openForAppending(path) }
  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try base.read(file, into: buffer)
  }
  func write(_ file: Int32, _ bytes: RawSpan) throws -> Int {
    try check("write")
    return try base.write(file, bytes)
  }
  func truncate(_ path: String, to length: Int) throws { try base.truncate(path, to: length) }
  func synchronize(_ file: Int32) throws { try base.synchronize(file) }
  func close(_ file: Int32) throws { try base.close(file) }
  func synchronizeDirectory(_ path: String) throws { try base.synchronizeDirectory(path) }
  func rename(_ path: String, to newPath: String) throws { try base.rename(path, to: newPath) }
  func remove(_ path: String) throws {
    try check("remove", path)
    try base.remove(path)
  }
  func removeDirectory(_ path: String) throws { try base.removeDirectory(path) }
  func makeDirectory(_ path: String) throws {
    try check("mkdir", path)
    try base.makeDirectory(path)
  }
  func list(_ directory: String) throws -> [String] {
    try check("list", directory)
    return try base.list(directory)
  }
  func status(of path: String) throws -> FileStatus? { try base.status(of: path) }
  func freeSpace(at path: String) throws -> Int? { try base.freeSpace(at: path) }
}

private func withDirectory(_ body: (CheckpointDirectory) throws -> Void) throws {
  try withScratchDirectory { try body(CheckpointDirectory($0 + "/runs/checkpoints")) }
}

private func names(in directory: CheckpointDirectory) throws -> [String] {
  try SystemFileSystem().list(directory.path)
}

@Suite struct CheckpointDirectoryTests {
  @Test func namesAreStepsOfNineDigits() throws {
    try withDirectory { directory in
      #expect(try directory.steps() == [])
      #expect(try directory.newestValid().found == nil)
      let saved = try directory.save(makeCheckpoint(step: 235))
      #expect(saved.path == directory.path + "/step-000000235.h5")
      #expect(saved.removed.isEmpty && saved.notRemoved.isEmpty)
      _ = try directory.save(makeCheckpoint(step: 1_234_567_890))
      for other in ["step-235.h5", "step-000000235.h5.damaged", "step-00000023x.h5", "step--00000235.h5", "note.txt"] {
        try Data().write(to: URL(filePath: "\(directory.path)/\(other)"))
      }
      #expect(try directory.steps() == [235, 1_234_567_890])
      let found = try #require(try directory.newestValid().found)
      #expect(found.checkpoint == makeCheckpoint(step: 1_234_567_890))
      #expect(found.path == directory.path + "/step-1234567890.h5")
    }
  }

  @Test func damagedNewestAreSetAsideAndTheNextIsTaken() throws {
    try withDirectory { directory in
      for step in [1, 2, 3] { _ = try directory.save(makeCheckpoint(step: step)) }
      try SystemFileSystem().truncate(directory.path(ofStep: 3), to: 700)
      try Data().write(to: URL(filePath: directory.path(ofStep: 3) + ".damaged"))
      try SystemFileSystem().truncate(directory.path(ofStep: 2), to: 100)
      let (found, damaged) = try directory.newestValid()
      #expect(found?.checkpoint.step == 1)
      #expect(damaged.map(\.path) == [3, 2].map { directory.path(ofStep: $0) })
      #expect(
        damaged.map(\.keptAs) == [
          directory.path(ofStep: 3) + ".damaged-2", directory.path(ofStep: 2) + ".damaged",
        ])
      #expect(damaged.first?.reason.contains("it ends after 700 of its") == true)
      #expect(try directory.steps() == [1])
      #expect(try directory.newestValid().damaged == [])
    }
  }

  @Test func whatMayBeWholeIsNotPassedOver() throws {
    try withDirectory { directory in
      _ = try directory.save(makeCheckpoint(step: 1))
      let unreadable = CheckpointDirectory(directory.path, fileSystem: FailingFileSystem("open", EACCES))
      let error = #expect(throws: TrainerError.self) { _ = try unreadable.newestValid() }
      #expect(error?.message == "\(directory.path(ofStep: 1)): the checkpoint cannot be read: Permission denied")
      #expect(try directory.steps() == [1])
      let unlistable = CheckpointDirectory(directory.path, fileSystem: FailingFileSystem("list", EIO))
      #expect(
        #expect(throws: TrainerError.self) { try unlistable.steps() }?.message
          == "\(directory.path): the directory with checkpoints cannot be read: Input/output error")
    }
  }

  @Test func retentionKeepsTheLastTheBestAndThoseOfEpochs() throws {
    try withDirectory { directory in
      // Ten steps an epoch, a checkpoint every five steps: step 15 has one completed epoch, like step 10.
      for step in stride(from: 5, through: 60, by: 5) {
        let checkpoint = makeCheckpoint(step: step, epoch: step / 10)
        _ = try directory.save(checkpoint, keeping: .init(last: 2, everyEpochs: 2), best: [15])
      }
      #expect(try directory.steps() == [15, 20, 40, 55, 60])
    }
  }

  @Test func retentionCountsWithoutEpochs() throws {
    try withDirectory { directory in
      for step in 1...3 { _ = try directory.save(makeCheckpoint(step: step), keeping: .init(last: 2)) }
      #expect(try directory.steps() == [2, 3])
      // A run that goes on from an older checkpoint leaves the newer ones alone.
      _ = try directory.save(makeCheckpoint(step: 1), keeping: .init(last: 1))
      #expect(try directory.steps() == [1, 2, 3])
    }
  }

  @Test func nothingIsRemovedUnlessTheSaveSucceeds() throws {
    try withDirectory { directory in
      for step in 1...2 { _ = try directory.save(makeCheckpoint(step: step)) }
      let full = CheckpointDirectory(directory.path, fileSystem: FailingFileSystem("write", ENOSPC))
      #expect(throws: TrainerError.self) { try full.save(makeCheckpoint(step: 3), keeping: .init(last: 1)) }
      #expect(try names(in: directory) == ["step-000000001.h5", "step-000000002.h5"])
      let unmade = CheckpointDirectory(directory.path + "/sub", fileSystem: FailingFileSystem("mkdir", EROFS))
      #expect(
        #expect(throws: TrainerError.self) { try unmade.save(makeCheckpoint()) }?.message
          == "\(directory.path)/sub: the directory for checkpoints cannot be made: Read-only file system")
    }
  }

  @Test func aFailedRemovalIsReportedAndTheSaveStands() throws {
    try withDirectory { directory in
      _ = try directory.save(makeCheckpoint(step: 1))
      let clinging = CheckpointDirectory(directory.path, fileSystem: FailingFileSystem("remove", EPERM))
      let saved = try clinging.save(makeCheckpoint(step: 2), keeping: .init(last: 1))
      #expect(saved.notRemoved == ["remove \(directory.path(ofStep: 1)): Operation not permitted"])
      #expect(try directory.steps() == [1, 2])
    }
  }

  @Test func roomIsRequiredForWhatStays() throws {
    try withDirectory { directory in
      for step in [1, 2] { _ = try directory.save(makeCheckpoint(step: step)) }
      let present = try [1, 2].reduce(0) { try $0 + (CheckpointFile.summary(of: directory.path(ofStep: $1)).size) }
      func message(free: Int, staying: Int, size: Int) -> String? {
        let disk = CheckpointDirectory(
          directory.path,
          fileSystem: InstrumentedFileSystem { event in
            if case .freeSpace = event { .free(free) } else { .proceed }
          })
        do {
          try disk.requireRoom(forStaying: staying, size: size)
          return nil
        } catch {
          #expect((error as? TrainerError)?.code == .usage)
          return "\(error)"
        }
      }
      // Three that stay and one being written; two are there.
      let needed = 4 * 20_000_000 - present
      #expect(message(free: needed, staying: 3, size: 20_000_000) == nil)
      #expect(
        message(free: needed - 1, staying: 3, size: 20_000_000)
          == "\(directory.path): there is no room for the run's checkpoints: found 80.0 MB free, expected 80.0 MB, for 3 "
          + "that stay and one being written, of 20.0 MB each; free some space, let fewer stay by checkpoints.keep, or "
          + "choose another directory")
      // However many are there already, one is written before another is removed.
      #expect(message(free: 5000, staying: 1, size: 6000)?.contains("found 5.00 kB free, expected 6.00 kB") == true)
      #expect(message(free: 6000, staying: 1, size: 6000) == nil)
      #expect(message(free: .max - 1, staying: .max / 2, size: 1 << 40) != nil, "a product beyond all bounds")
      #expect(try names(in: directory) == ["step-000000001.h5", "step-000000002.h5"], "nothing is left behind")
    }
  }

  @Test func theSizeIsEstimatedFromAbove() throws {
    let checkpoint = makeCheckpoint()
    let size = try CheckpointFile.encode(checkpoint).reduce(0) { $0 + $1.count }
    let estimate = CheckpointFile.estimatedSize(of: checkpoint)
    #expect(estimate >= size && estimate < 4 * size, "\(estimate) for \(size)")
  }

  @Test func aDirectoryThatCannotBeWrittenToIsFoundOutBeforehand() throws {
    try withDirectory { directory in
      for (call, number, reason) in [
        ("create", EACCES, "Permission denied"), ("makeDirectory", EROFS, "Read-only file system"),
      ] {
        let closed = CheckpointDirectory(
          directory.path + call,
          fileSystem: InstrumentedFileSystem { event in
            if event.name == call { throw FileError(operation: call, path: "", number: number) }
            return .proceed
          })
        let error = #expect(throws: TrainerError.self) { try closed.requireRoom(forStaying: 1, size: 1) }
        #expect(
          error
            == TrainerError(
              .usage,
              "\(directory.path)\(call): the directory for checkpoints cannot be written to: \(reason)",
              remedy: .init("output", "change its permissions or choose another directory")))
      }
    }
  }

  @Test func leftoversOfAKilledProcessAreRemoved() throws {
    try withDirectory { directory in
      _ = try directory.save(makeCheckpoint(step: 1))
      try Data([1]).write(to: URL(filePath: "\(directory.path)/.step-000000002.h5.99-1\(AtomicFile.temporarySuffix)"))
      try directory.removeLeftovers()
      #expect(try names(in: directory) == ["step-000000001.h5"])
    }
  }
}

@Suite struct CheckpointTextTests {
  @Test func infoNamesEverything() {
    let info = makeCheckpoint().info
    #expect(
      info == """
        step                      230
        epoch                     10
        seed                      -7
        digest                    \(makeCheckpoint().digest)
        cpu                       x86-64 AVX2 ©
        programVersion            0.1.0
        progress/bestLoss         inf
        progress/measure          none yet
        progress/notImproved      3
        parameters                10 values in 3 tensors
          output/weight           2 x 3 float32
          output/bias             3 float32
          alpha                   scalar float32
        optimizer                 6 values in 2 tensors
          adam                    0 float64
          momentum/output/weight  2 x 3 float32
        preprocessing             2 values in 1 tensors
          standardize1/mean       2 float64
        history                   2 values in 1 tensors
          train/loss              2 float64

        """)
  }

  @Test func equalCheckpointsHaveNoDifference() {
    var other = makeCheckpoint()
    #expect(CheckpointDifference(makeCheckpoint(), other).isEmpty)
    other.provenance["cpu"] = nil
    other.history = []
    let difference = CheckpointDifference(makeCheckpoint(), other)
    #expect(difference.isEmpty)
    #expect(
      difference.text == """
        equal: step, parameters and all state have the same bits
        note: history/train/loss: only in the first
        note: cpu: x86-64 AVX2 © and absent
        """)
  }

  @Test func whatChangesNoBitIsOnlyNoted() {
    var one = makeCheckpoint()
    var other = one
    one.config = #"{"seed": 7, "output": "/one", "name": "one"}"#
    other.config = #"{"seed": 7, "output": "/other", "checkpoints": {"keep": 2}}"#
    one.progress["seconds"] = .number(1.5)
    other.progress["seconds"] = .number(2)
    let difference = CheckpointDifference(one, other)
    #expect(difference.isEmpty)
    #expect(
      difference.notes == [
        "progress/seconds: 1.5 and 2.0", "config: name, output, checkpoints or where the data lie differ",
      ])
    other.config = #"{"seed": 8, "output": "/one", "name": "one"}"#
    #expect(CheckpointDifference(one, other).lines == ["config: the settings differ"])
  }

  @Test func differencesAreNamed() {
    var other = makeCheckpoint(step: 231)
    other.seed = 8
    other.config = #"{"seed": 8}"#
    other.parameters[0] = CheckpointTensor(
      name: "output/weight", shape: [2, 3], values: .float32([0.1, 0, .infinity, 1, 2, 3]))
    other.parameters[1] = CheckpointTensor(name: "output/bias", shape: [3], offset: 6, values: .float32([1, 2.5, 7]))
    other.parameters[2] = CheckpointTensor(name: "beta", shape: [], offset: 9, values: .float32([4]))
    other.optimizer[0] = CheckpointTensor(name: "adam", shape: [1], values: .float64([0]))
    other.progress["notImproved"] = .integer(4)
    other.progress["new"] = .number(1.5)
    #expect(
      CheckpointDifference(makeCheckpoint(), other).lines == [
        "step: 230 and 231", "seed: -7 and 8", "config: the settings differ",
        "parameters/output/weight: 4 of 6 elements differ, by at most nan, first at [0, 1]: -0.0 and 0.0",
        "parameters/output/bias: 2 of 3 elements differ, by at most 4.0, first at [1]: 2.0 and 2.5",
        "parameters/alpha: only in the first", "parameters/beta: only in the second",
        "optimizer/adam: 0 float64 and 1 float64", "progress/new: absent and 1.5", "progress/notImproved: 3 and 4",
      ])
  }
}
