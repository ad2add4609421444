import CHDF5
import Foundations

/// A named field of a compound type.
public struct CompoundMember: Sendable {
  /// The field's name.
  public let name: String
  /// The type of one of its elements.
  public let datatype: Datatype
  /// The extents of an array in each element of the dataset; empty for a single value.
  public let shape: [Int]

  /// The values that the field has in each element of the dataset.
  public var count: Int { shape.reduce(1, *) }
}

extension Datatype {
  /// Whether an element consists of named fields.
  ///
  /// - Throws: `HDF5Error` if the library cannot tell.
  public func isCompound() throws -> Bool {
    guard case .other = kind else { return false }
    let id = try handle.id
    return Library.value { H5Tget_class(id) == H5T_COMPOUND }
  }

  /// Whether elements lie elsewhere in the file, in any number of bytes: texts of variable length, and fields that are such.
  ///
  /// - Throws: `HDF5Error` if the library cannot tell.
  func holdsVariableLength() throws -> Bool {
    if case .string(isVariableLength: true, _) = kind { return true }
    return try members().contains { try $0.datatype.holdsVariableLength() }
  }

  /// The fields of a compound type in their order; none for other types.
  ///
  /// - Throws: `HDF5Error` if the library cannot tell.
  public func members() throws -> [CompoundMember] {
    guard try isCompound() else { return [] }
    let id = try handle.id
    let count = Library.value { Int(H5Tget_nmembers(id)) }
    return try (0..<max(0, count)).map { index in
      let name = Library.value {
        let pointer = H5Tget_member_name(id, UInt32(index))
        defer { H5free_memory(pointer) }
        return pointer.map { String(cString: $0) } ?? ""
      }
      let type = try Datatype(label: "'\(name)' in \(handle.label)") { H5Tget_member_type(id, UInt32(index)) }
      guard type.kind == .other("array") else { return CompoundMember(name: name, datatype: type, shape: []) }
      let typeID = try type.handle.id
      let shape = Library.value {
        var extents = [hsize_t](repeating: 0, count: max(0, Int(H5Tget_array_ndims(typeID))))
        H5Tget_array_dims2(typeID, &extents)
        return extents.map(Int.init(clamping:))
      }
      let element = try Datatype(label: "'\(name)' in \(handle.label)") { H5Tget_super(typeID) }
      return CompoundMember(name: name, datatype: element, shape: shape)
    }
  }

  /// Finds a field, that of a field of compound type by several names.
  ///
  /// - Throws: `HDF5Error` that lists the fields if there is none of that name.
  public func member(_ path: [String]) throws -> CompoundMember {
    var (type, found): (Datatype, CompoundMember?) = (self, nil)
    for name in path {
      let members = try type.members()
      guard let member = members.first(where: { $0.name == name }) else {
        throw HDF5Error(
          .notFound, "\(handle.label) has no member '\(name)'; it has \(listed(members.map(\.name), of: members.count))"
        )
      }
      (type, found) = (member.datatype, member)
    }
    guard let found else { throw HDF5Error(.notFound, "a member of \(handle.label) must have a name") }
    return found
  }
}

/// A type in memory that has one field of a compound type, so that nothing else is converted.
struct MemberType {
  let handle: Handle

  /// - Parameters:
  ///   - path: The field's name, behind those of fields that it is in.
  ///   - make: Makes the type that the field's value has in memory; part of a locked call.
  init(_ path: [String], label: String, _ make: () -> hid_t) throws {
    let id = try Library.call("make a type for '\(path.joined(separator: "/"))' of \(label)") {
      var id = make()
      for name in path.reversed() where id >= 0 {
        let outer = H5Tcreate(H5T_COMPOUND, H5Tget_size(id))
        let result = outer < 0 ? -1 : H5Tinsert(outer, name, 0, id)
        H5Tclose(id)
        if result < 0, outer >= 0 { H5Tclose(outer) }
        id = result < 0 ? -1 : outer
      }
      return id
    }
    handle = Handle(id, label: "a type in memory")
  }

  /// For numbers.
  init(_ path: [String], of type: NumberType, shape: [Int], label: String) throws {
    try self.init(path, label: label) {
      guard !shape.isEmpty else { return H5Tcopy(type.nativeIdentifier) }
      return H5Tarray_create2(type.nativeIdentifier, UInt32(shape.count), shape.map(hsize_t.init))
    }
  }

  /// Reads numbers of a field as `T` by way of a wide type that holds all of its values, where `T` may not.
  ///
  /// - Parameters:
  ///   - type: The field's own type.
  ///   - read: Reads as the type of its argument.
  static func exact<T: NativeScalar>(
    _ member: CompoundMember, label: String, read: (any NativeScalar.Type) throws -> any Sendable
  ) throws -> [T] {
    func narrow<Wide: NativeScalar & CustomStringConvertible>(_ values: [Wide], _ convert: (Wide) -> T?) throws -> [T] {
      try values.map { value in
        guard let result = convert(value) else {
          throw HDF5Error(.datatype, "cannot read '\(member.name)' of \(label): \(value) does not fit \(T.numberType)")
        }
        return result
      }
    }
    guard member.datatype.isNumeric else {
      throw HDF5Error(.datatype, "'\(member.name)' of \(label) holds \(member.datatype), not numbers")
    }
    let wide: any NativeScalar.Type =
      if T.numberType.isFloatingPoint || member.datatype.numberType == T.numberType {
        T.self
      } else {
        switch member.datatype.numberType {
        case .int8, .int16, .int32, .int64: Int64.self
        case .uint8, .uint16, .uint32, .uint64: UInt64.self
        case .float32, .float64, nil: Double.self
        }
      }
    switch try read(wide) {
    case let values as [T]: return values
    case let values as [Int64]: return try narrow(values) { T(exactly: $0) }
    case let values as [UInt64]: return try narrow(values) { T(exactly: $0) }
    case let values as [Double]: return try narrow(values) { T(exactly: $0) }
    default: throw HDF5Error(.datatype, "cannot read '\(member.name)' of \(label) as \(T.numberType)")
    }
  }
}

extension Dataset {
  /// Reads a field of a compound type, converting to `T`: the elements of the selection in row-major order, each with the
  /// elements of the field's array if it is one.
  ///
  /// - Parameter path: The field's name, behind those of fields that it is in.
  /// - Throws: `HDF5Error` if there is no such field, it holds no numbers, or a value has no equal in the integer type `T`.
  public func read<T: NativeScalar>(
    member path: [String], as type: T.Type = T.self, selecting selection: Selection = .all
  ) throws -> [T] {
    let member = try datatype.member(path)
    return try MemberType.exact(member, label: handle.label) { wide in
      func read<Wide: NativeScalar>(_ type: Wide.Type) throws -> any Sendable {
        try readMember(member, path, as: type, selection)
      }
      return try read(wide)
    }
  }

  private func readMember<T: NativeScalar>(
    _ member: CompoundMember, _ path: [String], as type: T.Type, _ selection: Selection
  ) throws -> [T] {
    let plan = try transfer(selection)
    let (count, overflow) = plan.count.multipliedReportingOverflow(by: member.count)
    try Dataspace.checkMemory(
      count: overflow ? .max : count, byteCount: MemoryLayout<T>.stride, label: handle.label)
    let memoryType = try MemberType(path, of: T.numberType, shape: member.shape, label: handle.label)
    let width = member.count
    return try [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      let base = buffer.baseAddress
      try memoryType.handle.use { memoryTypeID in
        try reading(plan) {
          try run("read", plan, refusingLossyConversions: false) { id, memory, file, properties, first in
            H5Dread(id, memoryTypeID, memory, file, properties, base?.advanced(by: first * width))
          }
        }
      }
      initialized = count
    }
  }

  /// Reads the texts of a field of a compound type, of an array those of its elements. Throws like `read(member:as:selecting:)`.
  public func readStrings(member path: [String], selecting selection: Selection = .all) throws -> [String] {
    let plan = try transfer(selection)
    let (member, label) = (try datatype.member(path), handle.label)
    let width = member.count * member.datatype.byteCount
    let (count, overflow) = plan.count.multipliedReportingOverflow(by: member.count)
    return try StringTransfer(type: member.datatype, space: plan.space, label: label).read(
      count: overflow ? .max : count
    ) { textType, buffer in
      let memoryType = try MemberType(path, label: label) {
        member.shape.isEmpty
          ? H5Tcopy(textType)
          : H5Tarray_create2(textType, UInt32(member.shape.count), member.shape.map(hsize_t.init))
      }
      try memoryType.handle.use { memoryTypeID in
        try reading(plan) {
          try run("read", plan, refusingLossyConversions: false) { id, memory, file, properties, first in
            H5Dread(id, memoryTypeID, memory, file, properties, buffer.advanced(by: first * width))
          }
        }
      }
    }
  }
}

extension Attribute {
  /// Reads a field of a compound type, converting to `T`.
  ///
  /// - Throws: `HDF5Error` if there is no such field, it holds no numbers, or a value has no equal in the integer type `T`.
  public func read<T: NativeScalar>(member name: String, as type: T.Type = T.self) throws -> [T] {
    let member = try datatype.member([name])
    return try MemberType.exact(member, label: label) { wide in
      func read<Wide: NativeScalar>(_ type: Wide.Type) throws -> any Sendable {
        try readElements(
          count: dataspace.count * member.count, of: Wide.self,
          as: MemberType([name], of: Wide.numberType, shape: member.shape, label: label))
      }
      return try read(wide)
    }
  }

  /// Reads the texts of a field of a compound type.
  ///
  /// - Throws: `HDF5Error` if there is no such field, or it holds no texts.
  public func readStrings(member name: String) throws -> [String] {
    let member = try datatype.member([name])
    return try StringTransfer(type: member.datatype, space: dataspace, label: label).read(count: dataspace.count) {
      textType, buffer in
      let memoryType = try MemberType([name], label: label) { H5Tcopy(textType) }
      try memoryType.handle.use { try read(as: $0, into: buffer) }
    }
  }

  /// The paths of the objects that a field of a compound type refers to; `nil` for a reference to nothing.
  ///
  /// - Throws: `HDF5Error` if there is no such field, it holds no references to objects, or one leads nowhere.
  public func readObjectPaths(member name: String) throws -> [String?] {
    let member = try datatype.member([name])
    guard member.datatype.kind == .other("reference"), member.shape.isEmpty else {
      throw HDF5Error(.datatype, "'\(name)' of \(label) holds \(member.datatype), not references to objects")
    }
    let memoryType = try MemberType([name], label: label) { H5Tcopy(chdf5_object_reference()) }
    let references = try readElements(count: dataspace.count, of: UInt64.self, as: memoryType)
    return try references.map { try $0 == 0 ? nil : path(of: $0) }
  }
}
