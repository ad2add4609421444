import HDF5
import TestSupport
import Testing

/// Write, close, reopen, read: every number type in both byte orders, converted to every other.
@Suite struct NumberTests {
  private static func roundTrip<T: NativeScalar & Equatable>(_ values: [T], _ order: Datatype.ByteOrder) throws {
    try withScratchDirectory { directory in
      let path = directory + "/numbers.h5"
      let file = try File.create(at: path)
      let dataset = try file.root.createDataset(
        "x", shape: [values.count], type: .number(T.numberType, order: order))
      try dataset.write(values)
      try dataset.makeAttribute("a", type: .number(T.numberType, order: order), space: Dataspace([values.count]))
        .write(values)
      try dataset.setAttribute("scalar", to: values[0])
      try dataset.setAttribute("array", to: values)
      try file.close()

      let again = try File.open(at: path).root.dataset("x")
      #expect(again.datatype == (try .number(T.numberType, order: order)))
      #expect(again.datatype.byteOrder == order)
      #expect(try again.read(as: T.self) == values, "\(T.self) \(order)")
      #expect(try again.attribute("a").read(as: T.self) == values, "\(T.self) \(order)")
      #expect(try again.attribute("array").read(as: T.self) == values)
      #expect(try again.attribute("scalar").readScalar(as: T.self) == values[0])
      #expect(try again.attribute("scalar").shape == [])
      #expect(try again.storageSize == values.count * MemoryLayout<T>.size)
    }
  }

  @Test(arguments: Datatype.ByteOrder.allCases) func everyTypeSurvives(order: Datatype.ByteOrder) throws {
    try Self.roundTrip([Int8.min, -1, 0, 1, .max], order)
    try Self.roundTrip([Int16.min, -1, 0, 258, .max], order)
    try Self.roundTrip([Int32.min, -1, 0, 0x0102_0304, .max], order)
    try Self.roundTrip([Int64.min, -1, 0, 0x0102_0304_0506_0708, .max], order)
    try Self.roundTrip([Int.min, -1, 0, .max], order)
    try Self.roundTrip([UInt8.min, 1, 200, .max], order)
    try Self.roundTrip([UInt16.min, 1, 258, .max], order)
    try Self.roundTrip([UInt32.min, 1, 0x0102_0304, .max], order)
    try Self.roundTrip([UInt64.min, 1, 0x0102_0304_0506_0708, .max], order)
    try Self.roundTrip(
      [Float.pi, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity], order)
    try Self.roundTrip(
      [Double.pi, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity], order)
  }

  @Test(arguments: NumberType.allCases, Datatype.ByteOrder.allCases)
  func readingConverts(type: NumberType, order: Datatype.ByteOrder) throws {
    let dataset = try File.inMemory().root.createDataset("x", shape: [3], type: .number(type, order: order))
    try dataset.write([UInt8(0), 7, 100])
    #expect(try dataset.read(as: Int8.self) == [0, 7, 100])
    #expect(try dataset.read(as: Int16.self) == [0, 7, 100])
    #expect(try dataset.read(as: Int32.self) == [0, 7, 100])
    #expect(try dataset.read(as: Int64.self) == [0, 7, 100])
    #expect(try dataset.read(as: UInt8.self) == [0, 7, 100])
    #expect(try dataset.read(as: UInt16.self) == [0, 7, 100])
    #expect(try dataset.read(as: UInt32.self) == [0, 7, 100])
    #expect(try dataset.read(as: UInt64.self) == [0, 7, 100])
    #expect(try dataset.read(as: Float.self) == [0, 7, 100])
    #expect(try dataset.read(as: Double.self) == [0, 7, 100])
  }

  /// The file's bytes are what the type says: read back raw at the reported offset.
  @Test func byteOrderIsTheFiles() throws {
    let file = try File.inMemory()
    let dataset = try file.root.createDataset("x", shape: [1], type: .number(.uint32, order: .bigEndian))
    try dataset.write([UInt32(0x0102_0304)])
    let offset = try #require(try dataset.offset)
    #expect(try Array(file.image()[offset..<offset + 4]) == [1, 2, 3, 4])
    #expect(!dataset.datatype.isNative)
    #expect(dataset.datatype.description == "uint32 big-endian")
  }

  @Test(arguments: Datatype.ByteOrder.allCases) func integersAreNeverClipped(order: Datatype.ByteOrder) throws {
    let root = try File.inMemory().root
    let wide = try root.createDataset("wide", shape: [2], type: .number(.int32, order: order))
    try wide.write([Int32(1), 300])
    let error = try #require(throws: HDF5Error.self) { try wide.read(as: UInt8.self) }
    #expect(error.reason == .datatype)
    #expect(
      error.message
        == "cannot read dataset '/wide' of 'a file in memory': a value does not fit the other number type")
    let negative = try root.createDataset("negative", shape: [1], type: .number(.int16, order: order))
    try negative.write([Int64(-1)])
    #expect(throws: HDF5Error.self) { try negative.read(as: UInt64.self) }
    let fraction = try root.createDataset("fraction", shape: [2], type: .number(.float64, order: order))
    try fraction.write([1, Float(2.5)])
    #expect(throws: HDF5Error.self) { try fraction.read(as: Int.self) }
    let bytes = try root.createDataset("bytes", shape: [1], type: .number(.uint16, order: order))
    #expect(throws: HDF5Error.self) { try bytes.write([65536]) }
    #expect(throws: HDF5Error.self) { try bytes.write([Float(1)]) }
    try root.setAttribute("a", to: 300)
    #expect(throws: HDF5Error.self) { try root.attribute("a").read(as: Int8.self) }
    try root.setAttribute("a", to: 2.5)
    #expect(throws: HDF5Error.self) { try root.attribute("a").readScalar(as: Int.self) }
    #expect(try root.attribute("a").readScalar(as: Float.self) == 2.5)
  }

  @Test func floatsNarrowToTheNearest() throws {
    let dataset = try File.inMemory().root.createDataset("x", shape: [4], values: [0.1, 1e300, -.infinity, .nan])
    let values = try dataset.read(as: Float.self)
    #expect(values[0...2] == [0.1, .infinity, -.infinity])
    #expect(values[3].isNaN)
  }

  @Test func typesTellNumbersFromText() throws {
    let root = try File.inMemory().root
    let text = try root.createDataset("text", text: "seven")
    let error = try #require(throws: HDF5Error.self) { try text.read(as: Int.self) }
    #expect(error.message.hasSuffix("holds string (variable length, UTF-8), not numbers"))
    let numbers = try root.createDataset("numbers", shape: [1], values: [7])
    #expect(throws: HDF5Error.self) { try numbers.readStrings() }
    #expect(throws: HDF5Error.self) { try numbers.write([1, 2]) }
  }
}
