import CHDF5

/// What can be asked of an enumeration, such as the booleans that h5py and PyTables write.
extension Datatype {
  /// A value of an enumeration and its name.
  public struct EnumerationMember: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The value; one of 64 unsigned bits by its bit pattern.
    public let value: Int64

    /// Names a value.
    public init(name: String, value: Int64) {
      self.name = name
      self.value = value
    }
  }

  /// The members of an enumeration in the order of their values; empty for any other type.
  ///
  /// - Throws: `HDF5Error` if the library does not give them, or a name is no UTF-8.
  public var enumerationMembers: [EnumerationMember] {
    get throws {
      guard case .enumeration(let isSigned) = kind else { return [] }
      let id = try handle.id
      var members: [(name: [UInt8], value: Int64)] = []
      try Library.call("read the members of \(handle.label)") { () -> Int32 in
        guard let found = EnumerationFields.members(id, isSigned: isSigned) else { return -1 }
        members = found
        return 0
      }
      return try members.map { name, value in
        guard let name = String(validating: name, as: UTF8.self) else {
          throw HDF5Error(.datatype, "cannot read \(handle.label): a name in it is not UTF-8")
        }
        return EnumerationMember(name: name, value: value)
      }.sorted { isSigned ? $0.value < $1.value : UInt64(bitPattern: $0.value) < UInt64(bitPattern: $1.value) }
    }
  }

  /// Whether this is an enumeration of two members called false, with the value 0, and true, with the value 1.
  ///
  /// - Throws: What ``enumerationMembers`` throws.
  public var isBoolean: Bool {
    get throws {
      guard case .enumeration = kind else { return false }
      return try enumerationMembers.map { EnumerationMember(name: $0.name.lowercased(), value: $0.value) }
        == [EnumerationMember(name: "false", value: 0), EnumerationMember(name: "true", value: 1)]
    }
  }

  /// An enumeration of bytes with these names.
  ///
  /// - Precondition: Names and values are different.
  public static func enumeration(_ members: [EnumerationMember]) throws -> Datatype {
    try Datatype(label: "enumeration") {
      let id = H5Tenum_create(chdf5_native_int8())
      for member in members where id >= 0 {
        var value = Int8(truncatingIfNeeded: member.value)
        if H5Tenum_insert(id, member.name, &value) < 0 { return -1 }
      }
      return id
    }
  }
}

/// The parts of an enumeration. Its functions are part of a locked call.
enum EnumerationFields {
  /// The kind of an enumeration: such whose values are integers that programs compute with can be read.
  static func kind(_ id: hid_t) -> Datatype.Kind {
    let base = H5Tget_super(id)
    guard base >= 0 else { return .other("enumeration without a type of its values") }
    defer { H5Tclose(base) }
    guard H5Tget_class(base) == H5T_INTEGER else { return .other("enumeration of something else than integers") }
    if let fault = NumberFields.integerFault(base) { return .other("enumeration of \(fault)") }
    guard H5Tget_size(base) == H5Tget_size(id) else { return .other("enumeration of another size than its values") }
    return .enumeration(signed: H5Tget_sign(base) != H5T_SGN_NONE)
  }

  /// The names and values in the order in which they were defined; `nil` if the library does not give them.
  static func members(_ id: hid_t, isSigned: Bool) -> [(name: [UInt8], value: Int64)]? {
    let count = H5Tget_nmembers(id)
    let base = H5Tget_super(id)
    guard count >= 0, base >= 0 else { return nil }
    defer { H5Tclose(base) }
    var members: [(name: [UInt8], value: Int64)] = []
    for index in 0..<UInt32(count) {
      // Room for the widest integer: values are converted in place.
      var value: Int64 = 0
      guard let name = H5Tget_member_name(id, index) else { return nil }
      defer { H5free_memory(name) }
      let native = isSigned ? chdf5_native_int64() : chdf5_native_uint64()
      guard H5Tget_member_value(id, index, &value) >= 0,
        H5Tconvert(base, native, 1, &value, nil, chdf5_property_default()) >= 0
      else { return nil }
      members.append((UnsafeBufferPointer(start: name, count: strlen(name)).map { UInt8(bitPattern: $0) }, value))
    }
    return members
  }
}

/// Names for types that this module does not read. Its functions are part of a locked call.
enum UnreadableType {
  /// A compound as people call it: complex numbers are two floating-point numbers of one size, called `r` and `i` by h5py and
  /// PyTables.
  static func compoundName(_ id: hid_t) -> String {
    guard H5Tget_nmembers(id) == 2 else { return "compound" }
    var names: [String] = []
    for index in 0..<UInt32(2) {
      guard H5Tget_member_class(id, index) == H5T_FLOAT, let name = H5Tget_member_name(id, index) else {
        return "compound"
      }
      defer { H5free_memory(name) }
      names.append(String(cString: name).lowercased())
    }
    guard [["r", "i"], ["real", "imag"], ["re", "im"]].contains(names) else { return "compound" }
    return "complex\(8 * H5Tget_size(id))"
  }

  /// Opaque elements with their size and the tag that their program has put to them.
  static func opaqueName(_ id: hid_t) -> String {
    var tag = ""
    if let text = H5Tget_tag(id) {
      tag = String(
        decoding: UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      H5free_memory(text)
    }
    return "opaque (\(H5Tget_size(id)) bytes\(tag.isEmpty ? "" : ", tag '\(tag)'"))"
  }
}
