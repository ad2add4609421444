import HDF5
import TestSupport
import Testing

@Suite struct SelectionTests {
  /// A 6 x 4 dataset whose element at (row, column) is 10 row + column.
  private static func makeGrid(_ properties: PropertyList? = nil) throws -> Dataset {
    let values = (0..<6).flatMap { row in (0..<4).map { Int32(10 * row + $0) } }
    return try File.inMemory().root.createDataset("grid", shape: [6, 4], values: values, properties: properties)
  }

  @Test func hyperslabs() throws {
    let grid = try Self.makeGrid()
    func read(_ slab: Hyperslab) throws -> [Int32] { try grid.read(selecting: .hyperslab(slab)) }
    #expect(try read(Hyperslab(start: [1, 2], count: [2, 2])) == [12, 13, 22, 23])
    #expect(try read(Hyperslab(start: [0, 1], count: [3, 2], stride: [2, 2])) == [1, 3, 21, 23, 41, 43])
    #expect(
      try read(Hyperslab(start: [0, 0], count: [2, 1], stride: [3, 1], block: [2, 1])) == [0, 10, 30, 40])
    #expect(try read(Hyperslab(start: [6, 0], count: [0, 4])) == [])
  }

  @Test(arguments: [false, true]) func rows(chunked: Bool) throws {
    let grid = try Self.makeGrid(chunked ? .datasetCreation(chunk: [2, 3], deflate: 1) : nil)
    #expect(try grid.read(as: Int.self, selecting: .range(4..<6)) == [40, 41, 42, 43, 50, 51, 52, 53])
    let list = [5, 0, 1, 1, 3]
    #expect(
      try grid.read(as: Int.self, selecting: .rows(list)) == list.flatMap { row in (0..<4).map { 10 * row + $0 } })
    #expect(try grid.read(as: Int.self, selecting: .rows([])) == [])
    #expect(try grid.read(as: Int.self, selecting: .range(2..<2)) == [])
  }

  @Test func readsIntoMemory() throws {
    let grid = try Self.makeGrid()
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 8)
    defer { buffer.deallocate() }
    try grid.read(into: buffer, selecting: .rows([2, 0]))
    #expect(Array(buffer) == [20, 21, 22, 23, 0, 1, 2, 3])
    let error = try #require(throws: HDF5Error.self) { try grid.read(into: buffer, selecting: .rows([2])) }
    #expect(error.message.hasSuffix("4 elements are selected, and there are 8 in memory"))
  }

  @Test func writesParts() throws {
    let grid = try Self.makeGrid()
    try grid.write([-1, -2, -3, -4, -5, -6, -7, -8], selecting: .rows([5, 1]))
    try grid.write([UInt8(0), 1], selecting: .hyperslab(Hyperslab(start: [0, 3], count: [2, 1])))
    #expect(try grid.read(as: Int.self, selecting: .rows([0, 1, 5])) == [0, 1, 2, 0, -5, -6, -7, 1, -1, -2, -3, -4])
  }

  @Test func selectionsOutsideAreRefused() throws {
    let grid = try Self.makeGrid()
    let outside: [Selection] = [
      .rows([0, 6]), .rows([-1]), .range(5..<7), .hyperslab(Hyperslab(start: [0, 3], count: [1, 2])),
      .hyperslab(Hyperslab(start: [0], count: [1])),
      .hyperslab(Hyperslab(start: [0, 0], count: [2, 1], stride: [1, 1], block: [2, 1])),
      .hyperslab(Hyperslab(start: [-1, 0], count: [1, 1])),
    ]
    for selection in outside {
      let error = #expect(throws: HDF5Error.self, "\(selection)") { try grid.read(as: Int.self, selecting: selection) }
      #expect(error?.reason == .shape)
    }
    let scalar = try File.inMemory().root.createDataset("scalar", shape: [], values: [1])
    #expect(throws: HDF5Error.self) { try scalar.read(as: Int.self, selecting: .range(0..<1)) }
    #expect(try scalar.read(as: Int.self) == [1])
  }

  @Test func dataspaces() throws {
    #expect(try Dataspace([]).description == "scalar")
    #expect(try Dataspace([3, 4]).count == 12)
    #expect(try Dataspace([3, 4]).description == "3 x 4")
    #expect(try Dataspace([3, 4], maximumShape: [nil, 4]).maximumShape == [nil, 4])
    #expect(throws: HDF5Error.self) { try Dataspace([-1]) }
    #expect(throws: HDF5Error.self) { try Dataspace([1 << 40, 1 << 40]) }
    #expect(throws: HDF5Error.self) { try Dataspace([1], maximumShape: [1, 2]) }
  }

  @Test func datasetsGrow() throws {
    let dataset = try File.inMemory().root.createDataset(
      "x", shape: [2], type: .number(.int16), maximumShape: [nil], properties: .datasetCreation(chunk: [4]))
    try dataset.write([1, 2])
    try dataset.resize(to: [5])
    #expect(try dataset.shape == [5])
    #expect(try dataset.read(as: Int.self) == [1, 2, 0, 0, 0])
    #expect(throws: HDF5Error.self) { try dataset.resize(to: [5, 5]) }
  }
}
