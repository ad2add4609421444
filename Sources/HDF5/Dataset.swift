import CHDF5
import Foundations
import Synchronization

/// An array of elements of one type in a file.
public final class Dataset: Object {
  /// The file that holds it.
  public let file: File
  /// The path from the root.
  public let path: String
  /// The open identifier.
  public let reference: ObjectReference
  /// The type of an element in the file.
  public let datatype: Datatype
  /// Whether every element was found to be where it should.
  private let reachable = Atomic(false)
  /// What it was created with, once it was asked for.
  let createdWith = Mutex<CreationFacts?>(nil)

  var isReachable: Bool { reachable.load(ordering: .acquiring) }
  func noteReachable() { reachable.store(true, ordering: .releasing) }

  init(path: String, of file: File, _ verb: String, _ open: () -> hid_t) throws {
    let label = "dataset '\(path)' of '\(file.name)'"
    try file.attempt(.dataset, path)
    let id = try file.tellingVersions { try Library.call("\(verb) \(label)", open) }
    self.file = file
    self.path = path
    reference = ObjectReference(handle: Handle(id, label: label, owner: file.handle))
    datatype = try Datatype(label: label) { H5Dget_type(id) }
    try checkStorage()
  }

  /// The extents as they are now.
  public var dataspace: Dataspace {
    get throws {
      // The library looks into a virtual dataset's sources for its extents.
      if try layout == .virtual { try requireReachableElements() }
      let id = try handle.id
      return try Dataspace(label: handle.label) { H5Dget_space(id) }
    }
  }

  /// The extents as they are now, outermost first; empty for a scalar.
  public var shape: [Int] {
    get throws { try dataspace.shape }
  }

  /// Sets new extents within the maximum shape; elements beyond them are lost, new ones are zero.
  public func resize(to shape: [Int]) throws {
    let id = try handle.id
    guard shape.count == (try self.shape.count), shape.allSatisfy({ $0 >= 0 }) else {
      throw HDF5Error(.shape, "\(handle.label) cannot take the shape \(shape)")
    }
    try Library.call("resize \(handle.label)") { H5Dset_extent(id, shape.map(hsize_t.init)) }
  }

  /// Closes the dataset before its file; only needed where many are opened.
  public func close() throws { try handle.close(H5Dclose) }

  // MARK: Numbers

  /// Reads elements into a new array, in row-major order of the selection, converting to `T`.
  ///
  /// - Throws: `HDF5Error` if the elements are no numbers, or `T` is an integer type and a value has no equal in it.
  ///   Floating-point results are the nearest value.
  public func read<T: NativeScalar>(as type: T.Type = T.self, selecting selection: Selection = .all) throws -> [T] {
    try read(transfer(selection))
  }

  private func read<T: NativeScalar>(_ plan: Transfer) throws -> [T] {
    try Dataspace.checkMemory(count: plan.count, byteCount: MemoryLayout<T>.stride, label: handle.label)
    return try [T](unsafeUninitializedCapacity: plan.count) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).preferLargePages()
      try read(into: UnsafeMutableBufferPointer(rebasing: buffer[0..<plan.count]), plan)
      count = plan.count
    }
  }

  /// Reads elements into memory of exactly the selection's size, converting to `T`. Throws like `read(as:)`.
  public func read<T: NativeScalar>(
    into buffer: UnsafeMutableBufferPointer<T>, selecting selection: Selection = .all
  ) throws {
    try read(into: buffer, transfer(selection))
  }

  /// Writes elements in row-major order of the selection, converting from `T`.
  ///
  /// - Throws: `HDF5Error` if the number of elements is not the selection's, or the dataset holds integers and `T` is a
  ///   floating-point type or a value is out of range.
  public func write<T: NativeScalar>(_ values: [T], selecting selection: Selection = .all) throws {
    try values.withUnsafeBufferPointer { try write($0, selecting: selection) }
  }

  /// Writes elements from memory of exactly the selection's size. Throws like `write(_:)`.
  public func write<T: NativeScalar>(_ values: UnsafeBufferPointer<T>, selecting selection: Selection = .all) throws {
    try write(bytes: UnsafeRawBufferPointer(values), of: T.numberType, selecting: selection)
  }

  /// Writes elements that lie in memory as bytes of a number type in this machine's order. Throws like `write(_:)`.
  public func write(
    bytes: UnsafeRawBufferPointer, of type: NumberType, selecting selection: Selection = .all
  ) throws {
    let plan = try transfer(selection)
    try requireNumbers()
    try check(bytes.count / type.byteCount, plan)
    if case .enumeration = datatype.kind {
      // The library has no conversion from integers.
      guard type == datatype.numberType, datatype.isNative else {
        throw HDF5Error(.datatype, "cannot write \(type) to \(handle.label), which holds \(datatype)")
      }
      let typeID = try datatype.handle.id
      return try runBytes("write", plan) { id, memory, file, properties, offset in
        H5Dwrite(id, typeID, memory, file, properties, bytes.baseAddress?.advanced(by: offset))
      }
    }
    let isInteger = datatype.kind != .floatingPoint
    guard !isInteger || !type.isFloatingPoint else {
      throw HDF5Error(.datatype, "cannot write \(type) to \(handle.label), which holds \(datatype)")
    }
    try run("write", plan, refusingLossyConversions: isInteger && type != datatype.numberType) {
      id, memory, file, properties, first in
      H5Dwrite(
        id, type.nativeIdentifier, memory, file, properties,
        bytes.baseAddress?.advanced(by: first * type.byteCount))
    }
  }

  // MARK: Text

  /// Reads texts in row-major order of the selection.
  public func readStrings(selecting selection: Selection = .all) throws -> [String] {
    let plan = try transfer(selection)
    return try StringTransfer(type: datatype, space: plan.space, label: handle.label).read(count: plan.count) {
      memoryType, buffer in
      try reading(plan) {
        try runBytes("read", plan) { id, memory, file, properties, offset in
          H5Dread(id, memoryType, memory, file, properties, buffer.advanced(by: offset))
        }
      }
    }
  }

  /// Reads fixed-length texts as the bytes that they have in the file, `datatype.byteCount` each, in row-major order of the
  /// selection.
  ///
  /// - Throws: `HDF5Error` for anything else than such texts.
  public func readTextBytes(selecting selection: Selection = .all) throws -> [UInt8] {
    guard case .string(isVariableLength: false, _) = datatype.kind else {
      throw HDF5Error(.datatype, "\(handle.label) holds \(datatype), not text of fixed length")
    }
    let plan = try transfer(selection)
    try Dataspace.checkMemory(count: plan.count, byteCount: datatype.byteCount, label: handle.label)
    var bytes = [UInt8](repeating: 0, count: plan.count * datatype.byteCount)
    let type = try datatype.handle.id
    try bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      try reading(plan) {
        try runBytes("read", plan) { id, memory, file, properties, offset in
          H5Dread(id, type, memory, file, properties, base.advanced(by: offset))
        }
      }
    }
    return bytes
  }

  /// Writes texts in row-major order of the selection.
  public func writeStrings(_ texts: [String], selecting selection: Selection = .all) throws {
    let plan = try transfer(selection)
    try check(texts.count, plan)
    try StringTransfer(type: datatype, space: plan.space, label: handle.label).write(texts) { memoryType, buffer in
      try runBytes("write", plan) { id, memory, file, properties, offset in
        H5Dwrite(id, memoryType, memory, file, properties, buffer.advanced(by: offset))
      }
    }
  }

  // MARK: Transfers

  /// A selection resolved against the extents of this moment.
  struct Transfer {
    let space: Dataspace
    let pieces: [Selection.Piece]
    var count: Int { pieces.reduce(0) { $0 + $1.memory.count } }
  }

  /// One call of the library: dataset, memory space, file space, properties, and the first element in memory.
  typealias Move = (hid_t, hid_t, hid_t, hid_t, Int) -> herr_t

  func transfer(_ selection: Selection) throws -> Transfer {
    let space = try dataspace
    return Transfer(space: space, pieces: try selection.pieces(in: space, of: handle.label))
  }

  private func requireNumbers() throws {
    guard datatype.isNumeric else { throw HDF5Error(.datatype, "\(handle.label) holds \(datatype), not numbers") }
  }

  private func check(_ count: Int, _ plan: Transfer) throws {
    guard count == plan.count else {
      throw HDF5Error(.shape, "\(handle.label): \(plan.count) elements are selected, and there are \(count) in memory")
    }
  }

  private func read<T: NativeScalar>(into buffer: UnsafeMutableBufferPointer<T>, _ plan: Transfer) throws {
    try requireNumbers()
    try check(buffer.count, plan)
    if datatype.kind == .floatingPoint, !T.numberType.isFloatingPoint {
      // The library's own path from big-endian floating point to integers calls whole numbers truncated.
      let wide: [Double] = try read(plan)
      for (index, value) in wide.enumerated() {
        guard let exact = T(exactly: value) else {
          throw HDF5Error(.datatype, "cannot read \(handle.label): \(value) does not fit \(T.numberType)")
        }
        buffer[index] = exact
      }
      return
    }
    let isExact = T.numberType == datatype.numberType || T.numberType.isFloatingPoint
    try reading(plan) {
      try run("read", plan, refusingLossyConversions: !isExact) { id, memory, file, properties, offset in
        H5Dread(id, T.numberType.nativeIdentifier, memory, file, properties, buffer.baseAddress?.advanced(by: offset))
      }
    }
  }

  /// Makes sure of what reading needs, and lets the error for a missing filter say so.
  func reading(
    _ plan: Transfer, inTrial action: ReadingTrial.Action = .elements, _ body: () throws -> Void
  ) throws {
    try requireReachableElements()
    try requireUsualChunks()
    if try !isPlain { try tryElements(action, of: plan) }
    do {
      try body()
    } catch let error as HDF5Error where error.reason == .library {
      throw try missingFilterError() ?? error
    }
  }

  private func runBytes(_ verb: String, _ plan: Transfer, _ move: Move) throws {
    let width = datatype.byteCount
    try run(verb, plan, refusingLossyConversions: false) { move($0, $1, $2, $3, $4 * width) }
  }

  /// Makes the calls of a transfer, one for each piece.
  func run(_ verb: String, _ plan: Transfer, refusingLossyConversions: Bool, _ move: Move) throws {
    let properties = try PropertyList.transfer(refusingLossyConversions: refusingLossyConversions)
    let (id, fileID) = (try handle.id, try plan.space.handle.id)
    try properties.handle.use { propertiesID in
      var memory = try Dataspace([0])
      for piece in plan.pieces where !piece.memory.isEmpty {
        let first = piece.memory.lowerBound
        guard let slab = piece.slab else {
          try Library.call("\(verb) \(handle.label)") {
            move(id, chdf5_space_all(), chdf5_space_all(), propertiesID, first)
          }
          continue
        }
        // With as many axes as the file's: between spaces of different rank the library goes element by element.
        let extents = zip(slab.count, slab.block).map(*)
        if memory.shape != extents { memory = try Dataspace(extents) }
        try memory.handle.use { memoryID in
          _ = try Library.call("\(verb) \(handle.label)") {
            slab.select(in: fileID) < 0 ? -1 : move(id, memoryID, fileID, propertiesID, first)
          }
        }
      }
    }
  }
}
