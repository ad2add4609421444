import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

/// Bytes that are there already, and can be read at any place or only one after the other.
final class TestBytes: ByteSource {
  let name = "'x.npy'"
  let largestLength: Int?
  private let bytes: [UInt8]
  private let canSeek: Bool
  private var at = 0

  init(_ bytes: [UInt8], canSeek: Bool = true, knowsLength: Bool = true) {
    (self.bytes, self.canSeek, largestLength) = (bytes, canSeek, knowsLength ? bytes.count : nil)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let part = bytes[at..<min(bytes.count, at + buffer.count)]
    buffer.copyBytes(from: part)
    at += part.count
    return part.count
  }

  func seek(to offset: Int) throws -> Bool {
    guard canSeek else { return false }
    at = min(offset, bytes.count)
    return true
  }
}

@Suite struct NPYFileTests {
  private static let fixture = Result { try Fixture.read("arrays") }

  private func cases(_ key: String) throws -> [JSONValue] { try Self.fixture.get().member(key).elements ?? [] }

  private func bits(_ values: [Double]) -> [UInt64] { values.map { $0.isNaN ? 1 : $0.bitPattern } }

  @Test func everyTypeAndOrderIsReadAsNumPyWritesIt() throws {
    let arrays = try cases("arrays")
    #expect(arrays.count == 48)
    for array in arrays {
      let name = try array.member("name").text ?? ""
      let bytes = try array.member("bytes").hexadecimalBytes
      for (canSeek, rows) in [(true, nil), (true, 1), (true, 2), (false, nil), (false, 1)] {
        let file = try NPYFile(TestBytes(bytes, canSeek: canSeek, knowsLength: canSeek))
        file.wholeSize = rows == 2 ? 1 << 20 : 0
        #expect(file.header.shape == array.shape, "\(name)")
        var found: [Double] = []
        var firstRows: [Int] = []
        try file.forEachBlock(of: rows) { values, row in
          found += values
          firstRows.append(row)
        }
        #expect(bits(found) == bits(array.values), "\(name)")
        #expect(rows != 1 || firstRows == Array(0..<array.shape[0]), "\(name)")
      }
    }
  }

  @Test func textsAreRead() throws {
    for array in try cases("texts") {
      let file = try NPYFile(TestBytes(array.member("bytes").hexadecimalBytes))
      guard case .texts(let shape, let texts) = try file.values() else {
        Issue.record("no texts")
        continue
      }
      #expect(texts == array["texts"]?.elements?.compactMap(\.text) && shape == [texts.count])
      #expect(throws: TrainerError(.data, "'x.npy' holds texts, expected numbers")) {
        try file.forEachBlock { _, _ in }
      }
    }
  }

  @Test func whatNeedsPythonOrHasNoMeaningHereIsRefused() throws {
    let phrases = [
      "objects": "holds Python objects (dtype object), which are not read", "records": "records of several fields",
      "complex": "complex numbers", "times": "holds times", "long": "numbers of type <f16", "void": "records",
    ]
    for array in try cases("refused") {
      let name = try array.member("name").text ?? ""
      let bytes = try array.member("bytes").hexadecimalBytes
      let error = #expect(throws: TrainerError.self, "\(name)") { try NPYFile(TestBytes(bytes)) }
      #expect(error?.code == .data && error?.message.contains(phrases[name] ?? "?") == true, "\(error?.message ?? "")")
    }
  }

  /// A file of version 1 with that dictionary.
  private func file(_ dictionary: String, _ data: [UInt8] = []) -> [UInt8] {
    let text = Array(dictionary.utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 255), UInt8(text.count >> 8)] + text + data
  }

  @Test(arguments: [
    ("{'descr': '<f8', 'fortran_order': False}", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'x': 1}", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (2", "its header is no dictionary"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (\(String(repeating: "(", count: 40000))", "its header is no"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 3)}", "elements"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9223372036854775807)}", "elements"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}", "elements"),
    ("{'descr': '<U0', 'fortran_order': False, 'shape': (1099511627776,)}", "texts without characters"),
    ("{'descr': '<i3', 'fortran_order': False, 'shape': (2,)}", "has elements of type '<i3'"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "is truncated: 3 elements have 24 bytes"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "goes on behind them"),
  ])
  func damagedHeadersAreRefused(dictionary: String, phrase: String) {
    let error = #expect(throws: TrainerError.self) {
      try NPYFile(TestBytes(file(dictionary, [UInt8](repeating: 0, count: 16)))).forEachBlock { _, _ in }
    }
    #expect(error?.code == .data && error?.message.contains(phrase) == true, "\(error?.message ?? "")")
  }

  @Test func oldHeadersAreRead() throws {
    // As Python 2 wrote a long whole number.
    let bytes = file("{'descr': '<u1', \"fortran_order\": False, 'shape': (2L, 1L), }  \n", [7, 8])
    #expect(try NPYFile(TestBytes(bytes)).header.shape == [2, 1])
  }

  @Test func everyCutIsOneSentence() throws {
    let bytes = try #require(try cases("arrays").last).member("bytes").hexadecimalBytes
    for length in 0..<bytes.count {
      for knowsLength in [true, false] {
        let error = #expect(throws: TrainerError.self) {
          try NPYFile(TestBytes(Array(bytes[..<length]), knowsLength: knowsLength)).forEachBlock { _, _ in }
        }
        #expect(error?.code == .data)
      }
    }
  }

  @Test func blocksAreSmallWhateverTheArray() throws {
    try withScratchDirectory { directory in
      let path = directory + "/x.npy"
      for order in ["True", "False"] {
        let header = file("{'descr': '<f4', 'fortran_order': \(order), 'shape': (300000, 2)}")
        try Data(header).write(to: URL(filePath: path))
        // Zeros that lie nowhere.
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: UInt64(header.count + 2_400_000))
        try handle.close()
        let array = try NPYFile(path: path)
        array.wholeSize = 0
        var counts: [Int] = []
        try array.forEachBlock { values, _ in counts.append(values.count) }
        #expect(counts == [262_144, 262_144, 75_712])
      }
    }
  }
}
