import CHDF5

/// A folder of groups and datasets.
public final class Group: Object {
  /// What a member is.
  public enum MemberKind: String, Sendable {
    /// A group.
    case group
    /// A dataset.
    case dataset
    /// A type stored under a name.
    case datatype = "named datatype"
    /// A link to something that is not there.
    case danglingLink = "dangling link"
    /// Something that this version of the library cannot open: damaged, or of a newer format.
    case unreadable = "unreadable object"
  }

  /// A name in a group and what it stands for.
  public struct Member: Sendable, Equatable {
    /// The name, without a path.
    public let name: String
    /// What it is.
    public let kind: MemberKind
  }

  /// The file that holds it.
  public let file: File
  /// The path from the root, `/` for the root itself.
  public let path: String
  /// The open identifier.
  public let reference: ObjectReference

  /// Opens the group with that absolute path.
  init(opening path: String, of file: File) throws {
    let id = try file.handle.id
    let label = "group '\(path)' of '\(file.name)'"
    let group = try Library.call("open \(label)") { H5Gopen2(id, path, chdf5_property_default()) }
    self.file = file
    self.path = path
    reference = ObjectReference(handle: Handle(group, label: label, owner: file.handle))
  }

  /// The members in alphabetical order.
  public func members() throws -> [Member] {
    try memberNames().map { Member(name: $0, kind: try kind(of: $0)) }
  }

  /// The members' names in alphabetical order.
  public func memberNames() throws -> [String] {
    let id = try handle.id
    let label = handle.label
    var info = H5G_info_t()
    try Library.call("list \(label)") { H5Gget_info(id, &info) }
    return try (0..<info.nlinks).map { index in
      func name(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
        H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, chdf5_property_default())
      }
      let length = try Library.call("list \(label)") { name(nil, 0) }
      return String(decoding: Library.value { readingText(length: length, name) }, as: UTF8.self)
    }
  }

  /// Whether a path of names separated by `/` leads from here to an object.
  public func exists(_ path: String) throws -> Bool {
    var prefix = ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty ? part : "/" + part
      guard try hasLink(prefix), try kind(of: prefix) != .danglingLink else { return false }
    }
    return true
  }

  /// What a member is.
  ///
  /// - Throws: `HDF5Error` that lists the members present if there is none of that name.
  public func kind(of name: String) throws -> MemberKind {
    try requireLink(name)
    let id = try handle.id
    // Opening follows soft and external links; the library's own test for existence does not.
    return Library.value {
      let object = H5Oopen(id, name, chdf5_property_default())
      if object < 0 { return H5Oexists_by_name(id, name, chdf5_property_default()) > 0 ? .unreadable : .danglingLink }
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_GROUP: return .group
      case H5I_DATASET: return .dataset
      default: return .datatype
      }
    }
  }

  /// Opens a group below this one.
  ///
  /// - Throws: `HDF5Error` that lists the members present if there is none of that name.
  public func group(_ name: String) throws -> Group {
    try require(name, .group)
    return try Group(opening: absolute(name), of: file)
  }

  /// Opens a dataset below this group.
  ///
  /// - Throws: `HDF5Error` that lists the members present if there is none of that name.
  public func dataset(_ name: String) throws -> Dataset {
    try require(name, .dataset)
    let id = try handle.id
    return try Dataset(path: absolute(name), of: file, "open") { H5Dopen2(id, name, chdf5_property_default()) }
  }

  /// Creates a group, and those on the way to it that are missing.
  @discardableResult
  public func createGroup(_ name: String) throws -> Group {
    try requireFree(name)
    let id = try handle.id
    let path = absolute(name)
    try withIntermediateGroups { links in
      _ = try Library.call("create group '\(path)' of '\(file.name)'") {
        let group = H5Gcreate2(id, name, links, chdf5_property_default(), chdf5_property_default())
        return group < 0 ? -1 : H5Gclose(group)
      }
    }
    return try Group(opening: path, of: file)
  }

  /// Creates a dataset, and the groups on the way to it that are missing.
  ///
  /// - Parameters:
  ///   - name: the name or path below this group.
  ///   - shape: the extents, outermost first; empty for a scalar.
  ///   - type: the type of an element in the file.
  ///   - maximumShape: up to where a chunked dataset may grow; nil in it is without bound.
  ///   - properties: the storage; contiguous if left out.
  public func createDataset(
    _ name: String, shape: [Int], type: Datatype, maximumShape: [Int?]? = nil, properties: PropertyList? = nil
  ) throws -> Dataset {
    try requireFree(name)
    let space = try Dataspace(shape, maximumShape: maximumShape)
    let creation = try properties ?? .datasetCreation()
    let (id, typeID) = (try handle.id, try type.handle.id)
    return try withIntermediateGroups { links in
      try space.handle.use { spaceID in
        try creation.handle.use { creationID in
          try Dataset(path: absolute(name), of: file, "create") {
            H5Dcreate2(id, name, typeID, spaceID, links, creationID, chdf5_property_default())
          }
        }
      }
    }
  }

  /// Creates a dataset of the values' own type in this machine's byte order and writes them.
  @discardableResult
  public func createDataset<T: NativeScalar>(
    _ name: String, shape: [Int], values: [T], properties: PropertyList? = nil
  ) throws -> Dataset {
    let dataset = try createDataset(name, shape: shape, type: .number(T.numberType), properties: properties)
    try dataset.write(values)
    return dataset
  }

  /// Creates a scalar dataset of one text of variable length in UTF-8.
  @discardableResult
  public func createDataset(_ name: String, text: String) throws -> Dataset {
    let dataset = try createDataset(name, shape: [], type: .variableLengthString())
    try dataset.writeStrings([text])
    return dataset
  }

  /// Removes a member. Its space in the file is not given back.
  public func remove(_ name: String) throws {
    try requireLink(name)
    let id = try handle.id
    try Library.call("remove '\(absolute(name))' of '\(file.name)'") { H5Ldelete(id, name, chdf5_property_default()) }
  }

  /// Closes the group before its file; only needed where many are opened.
  public func close() throws { try handle.close(H5Gclose) }

  // MARK: Helpers

  private func absolute(_ name: String) -> String { path == "/" ? "/" + name : path + "/" + name }

  private func hasLink(_ name: String) throws -> Bool {
    let id = try handle.id
    return try Library.call("look for '\(name)' in \(handle.label)") { H5Lexists(id, name, chdf5_property_default()) }
      > 0
  }

  /// The library fails, rather than answers no, where a group on the way is missing: so each part is asked for.
  private func requireLink(_ name: String) throws {
    var parent = ""
    for part in name.split(separator: "/") {
      let prefix = parent.isEmpty ? String(part) : parent + "/" + part
      guard try hasLink(prefix) else {
        let holder = parent.isEmpty ? self : try group(parent)
        let names = try holder.memberNames()
        let present = names.isEmpty ? "is empty" : "holds \(names.map { "'\($0)'" }.joined(separator: ", "))"
        throw HDF5Error(.notFound, "\(holder.handle.label) has no member '\(part)'; it \(present)")
      }
      parent = prefix
    }
    guard !parent.isEmpty else { throw HDF5Error(.notFound, "a member of \(handle.label) must have a name") }
  }

  private func require(_ name: String, _ kind: MemberKind) throws {
    let found = try self.kind(of: name)
    // What is unreadable is opened all the same: the library's error says why.
    guard found == kind || found == .unreadable else {
      throw HDF5Error(
        .wrongKind, "'\(absolute(name))' of '\(file.name)' is a \(found.rawValue), and a \(kind.rawValue) is needed")
    }
  }

  private func requireFree(_ name: String) throws {
    if try exists(name) {
      throw HDF5Error(.alreadyExists, "'\(absolute(name))' of '\(file.name)' exists already")
    }
  }

  private func withIntermediateGroups<Result>(_ body: (hid_t) throws -> Result) throws -> Result {
    let links = try Library.call("make link properties") {
      let links = H5Pcreate(chdf5_property_link_create())
      return links >= 0 && H5Pset_create_intermediate_group(links, 1) < 0 ? -1 : links
    }
    return try Handle(links, label: "link properties").use(body)
  }
}
