import Datasets
import Foundation
import Foundations
import HDF5
import TestSupport
import Testing

@Suite struct ArrayImportTests {
  private static let fixture = Result { try Fixture.read("arrays") }

  private func archive(_ name: String) throws -> JSONValue {
    try #require(try Self.fixture.get().member("archives").elements?.first { $0["name"]?.text == name })
  }

  private func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

  /// The bytes of an array of this machine's own numbers.
  private func npy<Value: NativeScalar>(_ descr: String, _ shape: [Int], _ values: [Value]) -> [UInt8] {
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    let text = Array("{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + values.withUnsafeBytes(Array.init)
  }

  private func inputs(_ group: DatasetWriter.Group) throws -> NumberTable {
    guard case .array(let table) = group.inputs else { throw TrainerError(.data, "no array") }
    return table
  }

  @Test(arguments: ["stored", "deflated", "zip64"])
  func archivesHaveTheirGroups(name: String) throws {
    try withScratchDirectory { directory in
      let archive = try archive(name)
      let path = directory + "/a"
      try write(archive.member("bytes").hexadecimalBytes, path)
      let importer = try ImporterRegistry.standard.importer(of: path)
      let samples = try importer.read()
      #expect(importer is NPZImport && samples.groups.map(\.name) == ["train", "test"])
      #expect(samples.groups.map(\.inputs.rowCount) == [12, 8] && samples.classes == ["0", "1", "2"])
      let tables = try samples.groups.map(inputs)
      #expect(tables.allSatisfy { $0.type == .float32 && $0.shape[1...] == [3] })
      let found = tables.flatMap { $0.type.doubles($0.bytes) }
      #expect(try found.map { Float($0) } == archive.member("x").values.map { Float($0) })
      #expect(samples.groups.flatMap { $0.targets.type.doubles($0.targets.bytes) } == (0..<20).map { Double($0 % 3) })
    }
  }

  @Test func arraysAreFoundByNamesOfAnySize() throws {
    try withScratchDirectory { directory in
      let path = directory + "/a.npz"
      try write(archive("one group").member("bytes").hexadecimalBytes, path)
      var importer = NPZImport(path: path)
      let summary = try importer.write(to: directory + "/a.h5")
      #expect("\(summary)" == "17 train + 3 test samples of 3 inputs in 3 classes")
      (importer.inputs, importer.targets) = ("X", "labels")
      let error = #expect(throws: TrainerError.self) { try importer.read() }
      #expect(error?.message == "'\(path)' has no array 'labels', but 'X', 'y', 'note'")
      importer.targets = nil
      #expect(throws: TrainerError.self) { try importer.read() }
      (importer.inputs, importer.targets) = ("note", "y")
      #expect(throws: TrainerError.self) { try importer.read() }
    }
  }

  @Test func otherPackingIsRefused() throws {
    try withScratchDirectory { directory in
      let path = directory + "/a.npz"
      try write(archive("bzip2").member("bytes").hexadecimalBytes, path)
      let error = #expect(throws: TrainerError.self) { try NPZImport(path: path).read() }
      #expect(
        error?.message
          == "'\(path)': the array 'x' is packed by method 12, and members that are stored or deflated are read; save it "
          + "with numpy.savez")
    }
  }

  /// Each byte changed and each cut is an error of one sentence, or gives the same numbers: names, times and such.
  @Test(arguments: ["stored", "deflated", "zip64"])
  func damagedArchivesAreNotReadWrong(name: String) throws {
    let bytes = try archive(name).member("bytes").hexadecimalBytes
    let whole = try samples(bytes)
    for place in bytes.indices {
      for flip in [UInt8(1), 0x80, 0xFF] {
        var damaged = bytes
        damaged[place] ^= flip
        do {
          let found = try samples(damaged)
          // A name that is no usual one any more leaves a group out, and the others are as they were.
          #expect(found.allSatisfy(whole.contains), "byte \(place)")
        } catch let error as TrainerError {
          #expect(error.code == .data)
        }
      }
      #expect(throws: TrainerError.self) { try samples(Array(bytes[..<place])) }
    }
  }

  private func samples(_ bytes: [UInt8]) throws -> [NumberTable] {
    let archive = try ZIPArchive(TestBytes(bytes))
    return try archive.members.filter { $0.name.hasSuffix(".npy") }.map { member in
      guard case .numbers(let table) = try NPYFile(archive.open(member, name: member.name)).values() else {
        throw TrainerError(.data, "texts")
      }
      return table
    }
  }

  @Test func theLastColumnOfATableIsItsTarget() throws {
    try withScratchDirectory { directory in
      let path = directory + "/t.npy"
      var numbers = (0..<18).map { Float($0) }
      for place in stride(from: 2, to: 18, by: 3) { numbers[place] += 0.5 }
      try write(npy("<f4", [6, 3], numbers), path)
      let samples = try NPYImport(path: path).read()
      #expect(samples.groups.map(\.inputs.rowCount) == [5, 1] && samples.classes == nil)
      let expected: [Float] = [0, 1, 3, 4, 6, 7, 9, 10, 15, 16]
      #expect(try inputs(samples.groups[0]) == NumberTable(shape: [5, 2], values: expected))
      #expect(samples.groups[1].targets == NumberTable(shape: [1], values: [14.5] as [Float]))
      let first = try NPYImport(path: path, targets: nil, target: .number(1), task: .regression, split: .none).read()
      #expect(first.groups[0].targets == NumberTable(shape: [6], values: [0, 3, 6, 9, 12, 15] as [Float]))
      for column in [CSVImport.Column.number(4), .number(0), .name("x")] {
        #expect(throws: TrainerError.self) { try NPYImport(path: path, targets: nil, target: column).read() }
      }
    }
  }

  @Test func targetsAreClassesOrNumbers() throws {
    try withScratchDirectory { directory in
      let (x, y) = (directory + "/x.npy", directory + "/y.npy")
      try write(npy("|u1", [4, 2, 2], Array(UInt8(0)..<16)), x)
      func read(_ bytes: [UInt8], _ task: CSVImport.LearningTask = .automatic) throws -> ImportedSamples {
        try write(bytes, y)
        return try NPYImport(path: x, targets: y, task: task, split: .none).read()
      }
      let signs = try read(npy("<i8", [4, 1], [-1, 1, 1, -1] as [Int64]))
      #expect(
        signs.classes == ["-1", "1"]
          && signs.groups[0].targets == NumberTable(shape: [4], values: [0, 1, 1, 0] as [UInt8]))
      #expect(try inputs(signs.groups[0]).shape == [4, 2, 2])
      let names = try read(npy("|S1", [4], Array("baab".utf8)))
      #expect(names.classes == ["a", "b"] && names.groups[0].targets.bytes == [1, 0, 0, 1])
      let numbers = try read(npy("<i2", [4], [1, 2, 3, 4] as [Int16]), .regression)
      #expect(numbers.classes == nil && numbers.groups[0].targets.type == .int16)
      for (task, bytes) in [(CSVImport.LearningTask.automatic, [1, 0, 0, 2]), (.classification, [0, 0, 0, 1])] {
        let truths = try read(npy("|b1", [4], bytes.map { UInt8($0) }), task)
        #expect(truths.classes == ["false", "true"])
        #expect(truths.groups[0].targets.bytes == bytes.map { $0 == 0 ? 0 : 1 })
      }
      try write(npy("<f8", [4, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0] as [Double]), y)
      let oneHot = try NPYImport(path: x, targets: y, split: .none).write(to: directory + "/y.h5")
      #expect("\(oneHot)" == "4 train samples of 2 x 2 inputs with 3 numbers as target")
      let several = try read(npy("<f8", [4, 2], [0, 1, 2, 3, 4, 5, 6, 7] as [Double]))
      #expect(several.classes == nil && several.groups[0].targets.shape == [4, 2])
      let refused: [([UInt8], CSVImport.LearningTask, String)] = [
        (
          npy("<f8", [4, 2], [0, 1, 2, 3, 4, 5, 6, 7] as [Double]), .classification, "classes are one for each sample"
        ),
        (npy("<f8", [4], [1, 2, .nan, 4] as [Double]), .automatic, "has nan in row 3"),
        (npy("|S1", [4], Array("baab".utf8)), .regression, "holds texts, and numbers to predict are wanted"),
        (npy("|S1", [4], [97, 0, 97, 97] as [UInt8]), .automatic, "has no text in row 2"),
        (npy("|S1", [4], [97, 0xFF, 97, 97] as [UInt8]), .automatic, "bytes that are no text in row 2"),
        (npy("<i8", [3], [1, 2, 3] as [Int64]), .automatic, "has 4 rows and '\(y)' 3"),
        (npy("<u8", [4], [1, 2, 1 << 60, 1] as [UInt64]), .classification, "too large for the number of a class"),
      ]
      for (bytes, task, phrase) in refused {
        let error = #expect(throws: TrainerError.self) { try read(bytes, task) }
        #expect(error?.code == .data && error?.message.contains(phrase) == true, "\(error?.message ?? "")")
      }
      try write(npy("|u1", [0, 2], [UInt8]()), x)
      #expect(throws: TrainerError(.data, "'\(x)' holds no samples")) { try read(npy("|u1", [0], [UInt8]())) }
    }
  }
}
