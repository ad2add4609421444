import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// Files whose checksums fit, and whose contents no run has written.
@Suite struct ResealedCheckpointTests {
  /// The message of reading a checkpoint whose block has these numbers in place of its own, behind the file's name.
  private func message(
    length: UInt64? = nil, step: UInt64? = nil, epoch: UInt64? = nil, _ edit: ((HDF5.Group) throws -> Void)? = nil
  ) throws -> String {
    let pieces = try CheckpointFile.encode(makeCheckpoint())
    return try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      var image = pieces[1]
      if let edit {
        try Data(image).write(to: URL(filePath: path))
        let file = try HDF5.File.open(at: path, writable: true)
        try edit(file.root)
        try file.close()
        image = Array(try Data(contentsOf: URL(filePath: path)))
      }
      var block = Array(pieces[0][..<480])
      func put(_ number: UInt64, at offset: Int) {
        for index in 0..<8 { block[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
      }
      put(length ?? UInt64(image.count), at: 16)
      block.replaceSubrange(24..<56, with: Digest(of: image).bytes)
      if let step { put(step, at: 56) }
      if let epoch { put(epoch, at: 64) }
      block += Digest(of: block).bytes
      try Data(block + image).write(to: URL(filePath: path))
      guard let error = try trainerError({ try CheckpointFile.read(path) }) else { return "no error" }
      #expect(error.code == .checkpoint)
      #expect(try CheckpointFile.damage(in: path) == error.message)
      return error.message.replacing("\(path): the checkpoint is damaged: ", with: "")
    }
  }

  @Test(arguments: [0, 1, 1 << 63 - 513, 1 << 63 - 512, 1 << 63 - 1, 1 << 63, .max] as [UInt64])
  func aLengthThatIsNotTheFilesIsRefused(length: UInt64) throws {
    #expect(try message(length: length) != "no error")
  }

  @Test func stepsAndEpochsThatNobodyCompletedAreRefused() throws {
    #expect(try message(step: 1 << 63).hasPrefix("its first block says 9223372036854775808 completed steps"))
    #expect(try message(epoch: .max).hasPrefix("its first block says 230 completed steps and 18446744073709551615"))
    #expect(
      try message(step: 231).hasPrefix(
        "its first block says step 231 and epoch 10, and its attributes step 230 and epoch 10"))
    #expect(try message(epoch: 9).contains("its attributes step 230 and epoch 10"))
  }

  @Test(arguments: ["format", "version", "step", "epoch", "seed", "digest"])
  func rootAttributesAreWhatTheyAre(name: String) throws {
    #expect(try message { try $0.removeAttribute(name) } != "no error")
    #expect(try message { try $0.setAttribute(name, to: [1, 2]) } != "no error")
    #expect(try message { try $0.setAttribute(name, to: "else") } != "no error")
    #expect(try message { try $0.setAttribute(name, to: Double.nan) } != "no error")
    #expect(try message { try $0.setAttribute(name, to: UInt64.max) } != "no error")
  }

  @Test(arguments: ["parameters", "optimizer", "preprocessing", "history", "progress", "config"])
  func everySectionIsThere(name: String) throws {
    #expect(try message { try $0.remove(name) } != "no error")
  }

  @Test func parametersLieWithoutGaps() throws {
    func offset(_ value: Int) throws -> String {
      try message { try $0.dataset("parameters/output/bias").setAttribute("offset", to: value) }
    }
    for value in [5, 7, -1, .max, .min] { #expect(try offset(value).contains("has offset"), "\(value)") }
    #expect(
      try message { try $0.dataset("parameters/output/bias").removeAttribute("offset") }.contains("attribute 'offset'"))
  }

  @Test func tensorsAreStoredWhole() throws {
    // A chunked dataset of any size, none of which is stored.
    let large = try message {
      let dataset = try $0.createDataset(
        "optimizer/large", shape: [1 << 40], type: .number(.float32), properties: .datasetCreation(chunk: [1024]))
      try dataset.setAttribute("offset", to: 0)
    }
    #expect(large.contains("/optimizer/large has 1099511627776 elements, of which 0 bytes are stored"))
    let integers = try message {
      try $0.createDataset("history/x", shape: [2], values: [1, 2]).setAttribute("offset", to: 0)
    }
    #expect(integers.contains("/history/x holds int64, expected float32 or float64"))
  }
}
