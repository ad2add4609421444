import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import TestSupport
import Testing

/// Rows that are fetched and decoded, compared with those that libhdf5 reads of a dataset without chunks and filters. The
/// files are made by h5py (Tests/Fixtures/README.md).
@Suite struct StreamedRowsTests {
  static let folder = "\(Fixture.directory)/chunks"

  private static func names(_ file: String) throws -> [String] {
    let root = try HDF5.File.open(at: "\(folder)/\(file).h5", isTrusted: true).root
    return try root.group("train").memberNames().filter { !$0.hasPrefix("plain") }
  }

  /// The dataset that holds the same numbers.
  private static func plain(_ name: String) -> String {
    name.split(separator: ":").dropFirst().first.map { "plain:\($0)" } ?? "plain"
  }

  private func compare<Scalar: KernelElement & NativeScalar>(
    _ file: String, _ name: String, _ type: Scalar.Type, isChunked: Bool = true
  ) throws {
    let reader = try DatasetReader(path: "\(Self.folder)/\(file).h5")
    let expected: RowSource<Scalar> = try reader.rows(of: Self.plain(name), in: "train")
    let streamed: StreamedRows<Scalar> = try reader.streamedRows(of: name, in: "train")
    #expect((streamed.rows is ChunkedRows<Scalar>) == isChunked, "\(file) \(name)")
    #expect(streamed.rowShape == expected.rowShape && streamed.affine == nil)
    for range in ranges(expected.rows) {
      let found = try decoded(streamed.rows, range)
      #expect(found == range.flatMap { expected.row($0) }.map(\.bitPattern), "\(file) \(name) \(range)")
    }
  }

  @Test(arguments: ["bytes", "numbers", "indices-earliest", "indices-latest"])
  func everyChainOfFiltersGivesTheRows(_ file: String) throws {
    for name in try Self.names(file) {
      try compare(file, name, Float.self)
    }
  }

  /// Of what is fetched, any filter and type: memory was made before.
  @Test(.enabled(if: allocationsAreCounted), arguments: ["bytes", "numbers", "types", "indices-latest"])
  func decodingAllocatesNothing(_ file: String) throws {
    let reader = try DatasetReader(path: "\(Self.folder)/\(file).h5")
    var bands = 0
    for name in try Self.names(file) where !name.contains("f8") {
      let streamed: StreamedRows<Float> = try reader.streamedRows(of: name, in: "train")
      // What libhdf5 decodes is only copied.
      guard let rows = streamed.rows as? ChunkedRows<Float> else { continue }
      let scratch = DecodingScratch(byteCount: rows.scratchByteCount, codecs: rows.codecs)
      try forEachFetchedBand(of: rows, 0..<rows.rowCount) { band, stored, out in
        guard let base = out.baseAddress else { return }
        var fault: DecodingFault?
        let count = allocations { fault = rows.decode(stored, rows: band, into: base, scratch: scratch) }
        #expect(fault == nil)
        // The first may make what lasts, such as a library that is opened.
        guard band.lowerBound > 0 else { return }
        #expect(count == 0, "\(file) \(name) \(band)")
        bands += 1
      }
    }
    #expect(bands > 10)
  }

  @Test func everyTypeGivesTheNumbersOfRowsInMemory() throws {
    for name in try Self.names("types") {
      let isChunked = name != "half:half"
      // float64 beyond float32 is refused, as in memory.
      if !name.contains("f8") { try compare("types", name, Float.self, isChunked: isChunked) }
      try compare("types", name, Double.self, isChunked: isChunked)
    }
  }
}

/// All rows, each alone at the ends, and others at random.
private func ranges(_ count: Int) -> [Range<Int>] {
  var generator = SystemRandomNumberGenerator()
  let random = (0..<12).map { _ in
    let first = Int.random(in: 0..<count, using: &generator)
    return first..<Int.random(in: first + 1...count, using: &generator)
  }
  return [0..<count, 0..<1, count - 1..<count] + random
}

/// What is decoded of some rows, as the bits of the same numbers in double precision.
func decoded<Scalar: KernelElement>(
  _ rows: any FetchedRows<Scalar>, _ range: Range<Int>, scratch: DecodingScratch? = nil
) throws -> [UInt64] {
  let scratch = scratch ?? DecodingScratch(byteCount: rows.scratchByteCount, codecs: rows.codecs)
  var result: [UInt64] = []
  try forEachFetchedBand(of: rows, range) { band, stored, out in
    guard let base = out.baseAddress else { return }
    var fault: DecodingFault?
    withoutSubnormals { fault = rows.decode(stored, rows: band, into: base, scratch: scratch) }
    if let fault { throw rows.error(fault, rows: band) }
    if rows.holdsBytes {
      result += out.map { Double($0).bitPattern }
    } else {
      result += out.bindMemory(to: Scalar.self).map { Double($0).bitPattern }
    }
  }
  return result
}

/// Fetches some rows, band by band, and hands on what is stored of each, with room for what it is decoded to.
private func forEachFetchedBand<Scalar: KernelElement>(
  of rows: any FetchedRows<Scalar>, _ range: Range<Int>,
  _ body: (_ band: Range<Int>, _ stored: UnsafeRawBufferPointer, _ out: UnsafeMutableRawBufferPointer) throws -> Void
) throws {
  var first = range.lowerBound
  while first < range.upperBound {
    let band = first..<min(range.upperBound, rows.endOfBand(first))
    #expect(!band.isEmpty && band.count <= rows.mostRowsOfBand)
    // Of exactly the sizes that are asked for, so that a sanitizer sees what goes beyond.
    let fetched = UnsafeMutableRawBufferPointer.allocate(byteCount: rows.fetchedByteCount(band), alignment: 1)
    let out = UnsafeMutableRawBufferPointer.allocate(byteCount: band.count * rows.rowByteCount, alignment: 16)
    defer {
      fetched.deallocate()
      out.deallocate()
    }
    try rows.fetch(band, into: fetched)
    try body(band, UnsafeRawBufferPointer(fetched), out)
    first = band.upperBound
  }
}
