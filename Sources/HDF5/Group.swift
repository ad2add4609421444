import CHDF5

/// A folder of groups and datasets.
public final class Group: Object {
  /// The file that holds it.
  public let file: File
  /// The path from the root, `/` for the root itself.
  public let path: String
  /// The open identifier.
  public let reference: ObjectReference

  /// Opens the group with that absolute path.
  convenience init(opening path: String, of file: File) throws {
    try self.init(path, of: file, at: path, from: file.handle)
  }

  /// Opens the group of that name in another.
  package convenience init(opening name: String, in group: Group) throws {
    try self.init(group.absolute(name), of: group.file, at: name, from: group.handle)
  }

  /// Opens the group that is at a place, as seen from an open one or from the file.
  private init(_ path: String, of file: File, at place: String, from start: Handle) throws {
    let (id, links) = (try start.id, try file.linkAccess.id)
    let label = "group '\(path)' of '\(file.name)'"
    try file.attempt(.group, path)
    let group = try file.tellingVersions { try Library.call("open \(label)") { H5Gopen2(id, place, links) } }
    self.file = file
    self.path = path
    reference = ObjectReference(handle: Handle(group, label: label, owner: file.handle))
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
    return try openDataset(name)
  }

  /// Opens a dataset below this group that is known to be one.
  ///
  /// - Throws: `HDF5Error` with the library's reason if it is none.
  package func openDataset(_ name: String) throws -> Dataset {
    let (id, links) = (try handle.id, try file.datasetAccess.id)
    return try Dataset(path: absolute(name), of: file, "open") { H5Dopen2(id, name, links) }
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
    _ = try kind(of: name)
    let id = try handle.id
    try Library.call("remove '\(absolute(name))' of '\(file.name)'") { H5Ldelete(id, name, chdf5_property_default()) }
  }

  /// Closes the group before its file; only needed where many are opened.
  public func close() throws { try handle.close(H5Gclose) }

  // MARK: Helpers

  package func absolute(_ name: String) -> String { path == "/" ? "/" + name : path + "/" + name }

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
