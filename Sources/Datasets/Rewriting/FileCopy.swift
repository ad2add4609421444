import Foundations
import HDF5

/// Copies what is in a file to another, object by object: groups, datasets and attributes in the same places. An object with
/// several names has them in the copy too.
final class FileCopy {
  /// How a dataset comes into the other file: makes it there, with its elements; `nil` if it is left out.
  typealias CopyDataset = (_ dataset: HDF5.Dataset, _ parent: HDF5.Group, _ name: String) throws -> HDF5.Dataset?

  /// An object and what is done to it, which may differ from group to group.
  private struct Copied: Hashable {
    let identity: ObjectIdentity
    let treatment: String
  }

  /// The file that is read, for messages.
  let path: String
  /// The bytes of memory that moving rows may take.
  let room: Int
  /// Those that rows in an order of their own may take of these.
  let roomOfRows: Int
  let progress: RewritingProgress
  /// What a user should know, each said once.
  private(set) var notes: [String] = []
  /// Datasets of which something was never written.
  private var unwritten: [String] = []
  private var copies: [Copied: any Object] = [:]

  /// More groups within each other are made to harm.
  private static let mostDepth = 200

  /// - Parameters:
  ///   - path: The file that is read.
  ///   - total: The bytes that are going to be moved.
  /// - Throws: `TrainerError` with code `.usage` if there is too little memory.
  init(path: String, total: Double, _ options: Rewriting) throws {
    self.path = path
    room = try options.room()
    roomOfRows = options.roomOfRows ?? room / 2
    progress = RewritingProgress(path, total: total)
  }

  /// All that a user should know.
  var allNotes: [String] {
    guard !unwritten.isEmpty else { return notes }
    return notes + [
      "of \(listed(unwritten, atMost: 5)) all or a part was never written, and is the fill value, mostly 0; did the program "
        + "that made the file end too early?"
    ]
  }

  func note(_ sentence: String) {
    if !notes.contains(sentence) { notes.append(sentence) }
  }

  /// Runs `body`, turning errors of reading into errors about the file.
  func reading<Result>(_ body: () throws -> Result) throws -> Result {
    try Rewriting.reading(path, body)
  }

  /// Copies the attributes of an object, but those that refer to objects of its file.
  func copyAttributes(of object: some Object, to copy: some Object) throws {
    for name in try reading({ try object.attributeNames() }) {
      let attribute = try reading { try object.attribute(name) }
      guard try reading({ try attribute.copy(to: copy) }) else {
        note("attributes that refer to other objects, such as '\(name.onOneLine)' of \(object.path), are left out")
        continue
      }
    }
  }

  /// Copies what is in a group.
  ///
  /// - Parameters:
  ///   - treatment: What tells this way to copy datasets from others.
  ///   - skipped: Members that are not copied.
  func copyMembers(
    of group: HDF5.Group, to target: HDF5.Group, treatment: String = "", skipping skipped: Set<String> = [],
    depth: Int = 0, _ copyDataset: CopyDataset
  ) throws {
    guard depth < Self.mostDepth else {
      throw TrainerError(.data, "\(path): \(group.path.shortened) lies in more than \(Self.mostDepth) groups")
    }
    if depth == 0 { copies[try key(group, treatment)] = target }
    for name in try reading({ try group.memberNames() }) where !skipped.contains(name) {
      let place = group.absolute(name).onOneLine
      guard !name.contains("\u{FFFD}") else {
        note("\(place), whose name is not UTF-8, is left out")
        continue
      }
      switch try reading({ try group.kind(of: name) }) {
      case .group:
        let member = try reading { try group.group(name) }
        if try linked(member, treatment, target, name) { continue }
        let copy = try target.createGroup(name)
        copies[try key(member, treatment)] = copy
        try copyAttributes(of: member, to: copy)
        try copyMembers(of: member, to: copy, treatment: treatment, depth: depth + 1, copyDataset)
      case .dataset, .unreadable:
        let member = try reading { try group.dataset(name) }
        if try linked(member, treatment, target, name) { continue }
        guard let copy = try copyDataset(member, target, name) else { continue }
        copies[try key(member, treatment)] = copy
        try copyAttributes(of: member, to: copy)
      case .datatype: note("\(place), a type under a name, is left out")
      case .danglingLink: note("\(place), a link that leads nowhere, is left out")
      case .externalLink:
        let link = try reading { try group.description(of: name) }
        guard !link.hasSuffix("not allowed here") else { throw Rewriting.refused("\(path): \(place) is \(link)") }
        note("\(place), \(link), is left out")
      }
    }
  }

  private func key(_ object: some Object, _ treatment: String) throws -> Copied {
    Copied(identity: try reading { try object.identity() }, treatment: treatment)
  }

  /// Gives the copy of an object that was met before one more name.
  private func linked(
    _ object: some Object, _ treatment: String, _ target: HDF5.Group, _ name: String
  ) throws -> Bool {
    guard let copy = copies[try key(object, treatment)] else { return false }
    try target.link(name, to: copy)
    return true
  }

  /// Makes a dataset for the rows of another.
  ///
  /// - Parameter rows: How many rows it has; `nil` for as many.
  /// - Returns: `nil` for one that cannot be copied, which is noted.
  func makeDataset(
    _ name: String, in parent: HDF5.Group, for dataset: HDF5.Dataset, rows: Int? = nil, storage: RowStorage
  ) throws -> HDF5.Dataset? {
    guard try reading({ try !dataset.datatype.holdsReferences }) else {
      note("\(dataset.path.onOneLine), whose elements refer to other objects, is left out")
      return nil
    }
    if try reading({ try dataset.unwritten }) != nil { unwritten.append(dataset.path) }
    let (space, shape) = try reading { (try dataset.dataspace, try dataset.shape) }
    if storage.deflate == nil, !space.isNull {
      try requireSpace(
        shape.dropFirst().reduce(Double(rows ?? shape.first ?? 1)) { $0 * Double($1) }
          * Double(dataset.datatype.byteCount), for: dataset.path, in: parent.file.name)
    }
    let isExtendable = storage.chunk != nil && space.maximumShape.first == .some(nil)
    return try parent.createDataset(
      name, like: dataset, shape: space.isNull ? nil : rows.map { [$0] + shape.dropFirst() } ?? shape,
      isExtendable: isExtendable, properties: storage.properties)
  }

  /// Refuses elements for which there is no space on the disk, before they are written.
  private func requireSpace(_ bytes: Double, for place: String, in output: String) throws {
    guard bytes > 1e9 else { return }
    let free: Int?
    do { free = try SystemFileSystem().freeSpace(at: directory(of: output)) } catch _ { return }
    guard let free, bytes > Double(free) else { return }
    throw TrainerError(
      .usage,
      "directory '\(directory(of: output))': \(place.onOneLine) takes \(ByteText.text(bytes)) uncompressed, and the disk has "
        + "\(ByteText.text(free)) free; compress it, or take another disk")
  }

  /// Copies a dataset with its elements in their order.
  func copy(_ dataset: HDF5.Dataset, to parent: HDF5.Group, _ name: String, storage: RowStorage) throws
    -> HDF5.Dataset?
  {
    guard let copy = try makeDataset(name, in: parent, for: dataset, storage: storage) else { return nil }
    let space = try reading { try dataset.dataspace }
    guard space.count > 0, try reading({ try dataset.unwritten != .all }) else { return copy }
    guard !space.shape.isEmpty else {
      var bytes = [UInt8](repeating: 0, count: dataset.datatype.byteCount)
      try bytes.withUnsafeMutableBytes { buffer in
        try reading { try dataset.readStored(into: buffer, rows: nil) }
        let written = Result { try copy.writeStored(UnsafeRawBufferPointer(buffer), rows: nil) }
        try dataset.releaseStored(buffer)
        try written.get()
      }
      return copy
    }
    let isFixed = try dataset.datatype.isOfFixedSize
    let reader = try reading {
      try RowStretchReader(
        dataset, path: path, room: room / 3, multipleOf: isFixed ? 1 : storage.chunk?.first ?? 1)
    }
    var appender = try RowAppender(copy)
    try reader.forEach { rows, bytes in
      if isFixed {
        try appender.append(UnsafeRawBufferPointer(bytes))
      } else {
        // What elements refer to is there only now.
        try copy.writeStored(UnsafeRawBufferPointer(bytes), rows: rows)
      }
      progress.add(bytes.count)
    }
    try appender.flush()
    return copy
  }

  /// Copies a dataset as it is.
  func copyAsItIs(_ dataset: HDF5.Dataset, to parent: HDF5.Group, _ name: String) throws -> HDF5.Dataset? {
    let storage = try reading {
      try dataset.isNull || dataset.shape.contains(0) ? RowStorage() : RowStorage(like: dataset)
    }
    return try copy(dataset, to: parent, name, storage: storage)
  }

  /// The decoded bytes of all datasets in a group and below, each counted once.
  static func byteCount(of group: HDF5.Group, path: String) throws -> Double {
    var seen: Set<ObjectIdentity> = [try group.identity()]
    func count(_ group: HDF5.Group, _ depth: Int) throws -> Double {
      guard depth < mostDepth else { return 0 }
      var bytes = 0.0
      for name in try group.memberNames() where !name.contains("\u{FFFD}") {
        switch try group.kind(of: name) {
        case .group:
          let member = try group.group(name)
          if seen.insert(try member.identity()).inserted { bytes += try count(member, depth + 1) }
        case .dataset:
          let member = try group.dataset(name)
          guard seen.insert(try member.identity()).inserted else { continue }
          bytes += Double(try member.dataspace.count) * Double(member.datatype.byteCount)
        case .datatype, .danglingLink, .externalLink, .unreadable: break
        }
      }
      return bytes
    }
    return try DatasetReader.translating(path) { try count(group, 0) }
  }
}
