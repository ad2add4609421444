import Checkpoints
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

/// A checkpoint with every kind of content, among it numbers whose bits are easily lost.
func makeCheckpoint(step: Int = 230, epoch: Int = 10, weight: Float = 0.1) -> Checkpoint {
  let weights: [Float] = [
    weight, -0.0, .infinity, Float(bitPattern: 0x7FC1_2345), .leastNonzeroMagnitude, Float(bitPattern: 0xFFC0_0001),
  ]
  return Checkpoint(
    step: step, epoch: epoch, seed: -7, config: "{\n  \"name\": \"größe\"\n}",
    parameters: [
      CheckpointTensor(name: "output/weight", shape: [2, 3], offset: 0, values: .float32(weights)),
      CheckpointTensor(name: "output/bias", shape: [3], offset: 6, values: .float32([1, 2, 3])),
      CheckpointTensor(name: "alpha", shape: [], offset: 9, values: .float32([4])),
    ],
    optimizer: [
      CheckpointTensor(name: "momentum/output/weight", shape: [2, 3], offset: 0, values: .float32(weights.reversed())),
      CheckpointTensor(name: "adam", shape: [0], values: .float64([])),
    ],
    preprocessing: [
      CheckpointTensor(
        name: "standardize1/mean", shape: [2], values: .float64([.pi, Double(bitPattern: 0x7FF8_0000_0000_0BAD)]))
    ],
    history: [CheckpointTensor(name: "train/loss", shape: [2], values: .float64([0.5, 0.25]))],
    progress: ["bestLoss": .number(.infinity), "notImproved": .integer(3), "measure": .number(.nan)],
    provenance: ["programVersion": "0.1.0", "cpu": "x86-64 AVX2 ©"])
}

private func bytes(of checkpoint: Checkpoint) throws -> [UInt8] { try CheckpointFile.encode(checkpoint).flatMap { $0 } }

/// Writes bytes as a file and reads it as a checkpoint.
private func reading(_ bytes: some Collection<UInt8>, in directory: String) throws -> Checkpoint {
  let path = "\(directory)/x.h5"
  try Data(bytes).write(to: URL(filePath: path))
  return try CheckpointFile.read(path)
}

@Suite struct CheckpointFileTests {
  @Test func everyBitSurvives() throws {
    try withScratchDirectory { directory in
      let checkpoint = makeCheckpoint()
      let path = "\(directory)/step-000000230.h5"
      try CheckpointFile.write(checkpoint, to: path)
      let read = try CheckpointFile.read(path)
      #expect(read == checkpoint)
      #expect(read.parameters.map(\.name) == ["output/weight", "output/bias", "alpha"])
      #expect(read.progress["measure"] == .number(.nan))
      #expect(read.layout.count == 10)
      #expect(read.digest == checkpoint.digest)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["step-000000230.h5"])
      let size = try #require(try SystemFileSystem().status(of: path)?.size)
      let summary = try CheckpointFile.summary(of: path)
      #expect(summary.step == 230 && summary.epoch == 10 && summary.size == size)
    }
  }

  @Test func equalCheckpointsMakeEqualFiles() throws {
    #expect(try bytes(of: makeCheckpoint()) == bytes(of: makeCheckpoint()))
  }

  /// The digest that the contracts define, computed by another program: `sha256sum` of the raw little-endian bytes.
  @Test func digestIsThatOfTheRawValues() {
    let parameters = [
      CheckpointTensor(name: "w", shape: [2], offset: 0, values: .float32([1, -2])),
      CheckpointTensor(name: "b", shape: [], offset: 2, values: .float32([0.5])),
    ]
    let checkpoint = Checkpoint(step: 0, epoch: 0, seed: 0, config: "{}", parameters: parameters)
    #expect(
      checkpoint.digest.description == "sha256:2ce4bdb6b34a50ac7092eb9fee94337a27498e9eb9bae44192f15b88831b2422")
  }

  @Test func tensorsAreCopiedFromAndToMemory() {
    let values: [Double] = [1, 2, 3]
    let tensor = CheckpointTensor(name: "x", shape: [3], type: .float64, copying: values.span.bytes)
    #expect(tensor == CheckpointTensor(name: "x", shape: [3], values: .float64(values)))
    var copy = [Double](repeating: 0, count: 3)
    var elements = copy.mutableSpan
    var bytes = elements.mutableBytes
    tensor.copy(to: &bytes)
    #expect(copy == values)
  }

  // A run copies its state into the same memory for every save.
  @Test func elementsAreReplacedInPlace() {
    var checkpoint = makeCheckpoint()
    // Those of a literal are in the program itself, where nobody writes.
    checkpoint.parameters[1].setElements(copying: [1, 2, 3 as Float].span.bytes)
    let address = checkpoint.parameters[1].withBytes { $0.withUnsafeBytes { $0.baseAddress } }
    let new: [Float] = [7, 8, -0.0]
    checkpoint.parameters[1].setElements(copying: new.span.bytes)
    #expect(checkpoint.parameters[1].withBytes { $0.withUnsafeBytes { $0.baseAddress } } == address)
    #expect(
      checkpoint.parameters[1] == CheckpointTensor(name: "output/bias", shape: [3], offset: 6, values: .float32(new)))
    // A copy that something else still holds is left as it was.
    let held = checkpoint
    checkpoint.parameters[1].setElements(copying: [1, 2, 3 as Float].span.bytes)
    #expect(held.parameters[1].doubles == [7, 8, 0] && checkpoint.parameters[1].doubles == [1, 2, 3])
  }

  @Test func everyTruncationIsAnError() throws {
    let whole = try bytes(of: makeCheckpoint())
    try withScratchDirectory { directory in
      let ends = Array(stride(from: 0, to: whole.count, by: 512)) + [1, 7, 100, 511, 513, whole.count - 1]
      for end in ends {
        let error = #expect(throws: TrainerError.self, "cut at \(end)") { try reading(whole[..<end], in: directory) }
        #expect(error?.code == .checkpoint)
        #expect(error?.message.hasPrefix("\(directory)/x.h5: the checkpoint is damaged: it ") == true)
      }
      #expect(
        #expect(throws: TrainerError.self) { try reading(whole + [0], in: directory) }?.message
          == "\(directory)/x.h5: the checkpoint is damaged: it has 1 bytes behind its end at \(whole.count); "
          + "use another checkpoint of the run")
    }
  }

  @Test func everyFlippedBitIsAnError() throws {
    let whole = try bytes(of: makeCheckpoint())
    var generator = SystemRandomNumberGenerator()
    try withScratchDirectory { directory in
      let bits = (0..<Torture.count(600, 20_000)).map { _ in Int.random(in: 0..<8 * whole.count, using: &generator) }
      for bit in Array(0..<8 * 12) + bits {
        var damaged = whole
        damaged[bit / 8] ^= 1 << (bit % 8)
        let error = #expect(throws: TrainerError.self, "bit \(bit)") { try reading(damaged, in: directory) }
        #expect(error?.code == .checkpoint)
      }
    }
  }

  @Test func anotherVersionIsNamed() throws {
    let whole = try bytes(of: makeCheckpoint())
    var block = Array(whole[..<480])
    block[8] = 2
    block += Digest(of: block).bytes
    try withScratchDirectory { directory in
      let error = #expect(throws: TrainerError.self) { try reading(block + whole[512...], in: directory) }
      #expect(
        error?.message
          == "\(directory)/x.h5: the checkpoint has format version 2, expected 1; use the program version that wrote it"
      )
    }
  }

  @Test func otherFilesAreNamed() throws {
    try withScratchDirectory { directory in
      func message(_ path: String) -> String? {
        let error = #expect(throws: TrainerError.self) { try CheckpointFile.read(path) }
        #expect(#expect(throws: TrainerError.self) { try CheckpointFile.summary(of: path) } == error)
        return error?.message
      }
      #expect(message("\(directory)/none.h5") == "\(directory)/none.h5: there is no such checkpoint")
      #expect(
        message(directory) == "\(directory): the checkpoint cannot be read: it is a directory, "
          + "expected a regular file")
      try Data("hello".utf8).write(to: URL(filePath: "\(directory)/text"))
      #expect(
        message("\(directory)/text")
          == "\(directory)/text: the checkpoint is damaged: it does not begin as a checkpoint of this program; "
          + "use another checkpoint of the run")
      try Data().write(to: URL(filePath: "\(directory)/empty"))
      #expect(
        message("\(directory)/empty")
          == "\(directory)/empty: the checkpoint is damaged: it is empty; use another checkpoint of the run")
    }
  }

  /// The block's checks pass, the tree behind it is not a checkpoint's.
  @Test func aWholeFileWithAnotherTreeIsAnError() throws {
    let tree = try File.inMemory(userBlock: 512)
    try tree.root.setAttribute("format", to: "something")
    let image = try tree.image()
    let whole = try bytes(of: makeCheckpoint())
    var block = Array(whole[..<480])
    for index in 0..<8 { block[16 + index] = UInt8(truncatingIfNeeded: image.count >> (8 * index)) }
    block.replaceSubrange(24..<56, with: Digest(of: image).bytes)
    block += Digest(of: block).bytes
    try withScratchDirectory { directory in
      let error = #expect(throws: TrainerError.self) { try reading(block + image, in: directory) }
      #expect(error?.message.contains("its HDF5 part is no checkpoint") == true)
    }
  }

  @Test func whatCannotBeStoredIsRefused() throws {
    func message(_ checkpoint: Checkpoint) throws -> String? {
      try withScratchDirectory { directory in
        let error = #expect(throws: TrainerError.self) { try CheckpointFile.write(checkpoint, to: "\(directory)/x.h5") }
        try #expect(FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
        return error?.message
      }
    }
    let one = CheckpointTensor(name: "a", shape: [], offset: 0, values: .float64([1]))
    func checkpoint(_ parameters: [CheckpointTensor]) -> Checkpoint {
      Checkpoint(step: 3, epoch: 0, seed: 0, config: "", parameters: parameters)
    }
    #expect(
      try message(checkpoint([one, one]))
        == "the checkpoint of step 3 cannot be stored: the parameter a has offset 0, expected 1")
    let unnamed = CheckpointTensor(name: "a//b", shape: [], offset: 0, values: .float64([1]))
    #expect(
      try message(checkpoint([unnamed]))
        == "the checkpoint of step 3 cannot be stored: the name \"a//b\" in parameters has an empty part")
    var named = checkpoint([one])
    named.provenance["digest"] = "x"
    #expect(
      try message(named) == "the checkpoint of step 3 cannot be stored: \"digest\" is no name for a provenance entry")
    let twin = CheckpointTensor(name: "a", shape: [], offset: 1, values: .float64([1]))
    #expect(try message(checkpoint([one, twin]))?.contains("exists already") == true)
  }

  @Test func aFullDiskIsNamedAndLeavesTheOldFile() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try CheckpointFile.write(makeCheckpoint(), to: path)
      let error = #expect(throws: TrainerError.self) {
        try CheckpointFile.write(makeCheckpoint(step: 231), to: path, fileSystem: FailingFileSystem("write", ENOSPC))
      }
      #expect(
        error
          == TrainerError(
            .checkpoint,
            "\(path): the checkpoint cannot be saved: No space left on device"))
      #expect(try CheckpointFile.read(path) == makeCheckpoint())
    }
  }

  @Test(.enabled(if: Tool.path(of: "h5dump") != nil, "needs hdf5-tools"))
  func otherToolsReadTheFile() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/x.h5"
      try CheckpointFile.write(makeCheckpoint(), to: path)
      let bias = try Tool.run("h5dump", ["-d", "/parameters/output/bias", path])
      #expect(bias.status == 0)
      #expect(bias.output.contains("(0): 1, 2, 3"))
      #expect(bias.output.contains("H5T_IEEE_F32LE"))
      let digest = try Tool.run("h5dump", ["-a", "/digest", path])
      #expect(digest.output.contains("\"\(makeCheckpoint().digest)\""))
      #expect(try Tool.run("h5dump", ["-d", "/config", path]).output.contains("CSET H5T_CSET_UTF8"))
      #expect(try Tool.run("h5dump", ["-B", "-H", path]).output.contains("USERBLOCK_SIZE 512"))
    }
  }
}
