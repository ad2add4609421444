import CHDF5
import Foundation
import Foundations
import Synchronization

/// An HDF5 file, on disk or in memory.
///
/// Whoever writes calls `close()`, which reports what could not be stored. A file that is merely let go of is closed
/// without a report. Objects keep their file alive.
public final class File: Sendable {
  /// The path, or a name for a file in memory.
  public let name: String
  /// Whether contents in other files are read.
  public let externalFiles: ExternalFiles
  let handle: Handle
  /// Its first block.
  let superblock: Superblock?
  /// Where files are that it names.
  let places: ExternalPlaces
  /// Whether it is opened as libhdf5 opens the sources of a virtual dataset.
  let isSource: Bool
  /// How links are followed to groups and to anything.
  let linkAccess: Handle
  /// How links are followed to datasets.
  let datasetAccess: Handle
  /// Where everything is read first; `nil` for a file that this process made, or where no trials were asked for.
  private let trial: ReadingTrial?

  private init(
    _ id: hid_t, name: String, superblock: Superblock? = nil, externalFiles: ExternalFiles = .refused,
    trial: ReadingTrial? = nil, isSource: Bool = false
  ) throws {
    self.isSource = isSource
    self.name = name
    self.superblock = superblock
    self.externalFiles = externalFiles
    self.trial = trial
    handle = Handle(id, label: "'\(name)'")
    places = ExternalPlaces(path: name)
    linkAccess = try externalFiles.linkAccess(for: .group, places)
    datasetAccess = try externalFiles.linkAccess(for: isSource ? .source : .dataset, places)
  }

  /// Makes sure that reading something of this file ends, and does not end the program.
  ///
  /// - Returns: Whether it was tried.
  @discardableResult
  func attempt(_ action: ReadingTrial.Action, _ path: String, name: String = "", limit: Int = .max) throws -> Bool {
    guard let trial else { return false }
    try trial.attempt(ReadingTrial.Request(action: action, path: path, name: name, limit: limit))
    return true
  }

  /// The same for some rows of a dataset.
  func attempt(_ action: ReadingTrial.Action, _ path: String, rows: RangeSet<Int>) throws {
    try trial?.attempt(ReadingTrial.Request(action: action, path: path), rows: rows)
  }

  /// Has many things read in trial at once, so that they need not be one by one.
  ///
  /// - Parameter requests: Makes them; not called where nothing is tried.
  func prepare(_ requests: () -> [ReadingTrial.Request]) {
    guard let trial else { return }
    trial.prepare(requests())
  }

  /// Creates a file on disk.
  ///
  /// - Parameters:
  ///   - path: where.
  ///   - overwriting: whether an existing file is emptied; otherwise its presence is an error.
  ///   - userBlock: the bytes kept free before the HDF5 part: 0, or a power of two of at least 512.
  ///   - alignment: the elements of a dataset of at least 256 bytes begin at a multiple of so many bytes, so that they
  ///     can be used where they lie in a mapped file.
  /// - Throws: `HDF5Error`.
  public static func create(
    at path: String, overwriting: Bool = false, userBlock: Int = 0, alignment: Int = 1, largeAttributes: Bool = false
  ) throws -> File {
    if !overwriting, FileManager.default.fileExists(atPath: path) {
      throw HDF5Error(.alreadyExists, "cannot create '\(path)': it exists already")
    }
    let creation = try PropertyList.fileCreation(userBlock: userBlock).handle
    let access = try PropertyList.fileAccess(
      locking: true, alignment: alignment, largeAttributes: largeAttributes
    ).handle
    let id = try creation.use { creationID in
      try access.use { accessID in
        try Library.call("create '\(path)'") {
          H5Fcreate(path, overwriting ? chdf5_create_truncating() : chdf5_create_exclusive(), creationID, accessID)
        }
      }
    }
    return try File(id, name: path)
  }

  /// Opens a file on disk; for reading only it asks for no lock on the file, so read-only media will do.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - writable: Whether it can be changed.
  ///   - externalFiles: Whether contents that it keeps in other files are read.
  ///   - isTrusted: Whether this program has just written the file, so that nothing in it is read in a trial first; see
  ///     ``ReadingTrial``.
  /// - Throws: `HDF5Error` that tells a missing or unreadable file, one that is not HDF5, and a truncated one apart.
  public static func open(
    at path: String, writable: Bool = false, externalFiles: ExternalFiles = .refused, isTrusted: Bool = false
  ) throws -> File {
    let byteCount = try checkIsRegularFile(path)
    let trial =
      try writable || isTrusted ? nil : ReadingTrial.begin(.path(path), name: path, externalFiles: externalFiles)
    let access = try PropertyList.fileAccess(locking: writable).handle
    do {
      let id = try access.use { accessID in
        try Library.call("open '\(path)'") {
          H5Fopen(path, writable ? chdf5_open_read_write() : chdf5_open_read_only(), accessID)
        }
      }
      return try File(
        id, name: path, superblock: Superblock(path: path), externalFiles: externalFiles, trial: trial)
    } catch let error as HDF5Error {
      throw explain(error, name: path, byteCount: byteCount, superblock: Superblock(path: path))
    }
  }

  /// Opens a file as libhdf5 opens the sources of a virtual dataset, which may have it open: with other settings it would
  /// refuse to open it twice.
  ///
  /// - Parameter parent: The file with the virtual dataset.
  static func open(_ path: String, asSourceOf parent: File) throws -> File {
    let byteCount = try checkIsRegularFile(path)
    let access = try PropertyList.sourceAccess(of: parent.handle)
    do {
      let id = try access.use { accessID in
        try Library.call("open '\(path)'") { H5Fopen(path, chdf5_open_read_only(), accessID) }
      }
      return try File(id, name: path, superblock: Superblock(path: path), externalFiles: .allowed, isSource: true)
    } catch let error as HDF5Error {
      throw explain(error, name: path, byteCount: byteCount, superblock: Superblock(path: path))
    }
  }

  /// Creates an empty file in memory; take its bytes with `image()`.
  public static func inMemory(userBlock: Int = 0) throws -> File {
    let creation = try PropertyList.fileCreation(userBlock: userBlock).handle
    let access = try PropertyList.memoryAccess(image: nil).handle
    let name = uniqueMemoryName()
    let id = try creation.use { creationID in
      try access.use { accessID in
        try Library.call("create a file in memory") {
          H5Fcreate(name, chdf5_create_truncating(), creationID, accessID)
        }
      }
    }
    return try File(id, name: "a file in memory")
  }

  /// Opens the bytes of an HDF5 file for reading. The library works on a copy of them.
  ///
  /// - Parameters:
  ///   - image: the whole file, user block included if there is one.
  ///   - name: how messages call it.
  ///   - isTrusted: like that of `open(at:)`.
  /// - Throws: `HDF5Error` like `open(at:)`.
  public static func open(
    image: some ContiguousBytes, name: String = "a file in memory", isTrusted: Bool = false
  ) throws -> File {
    try image.withUnsafeBytes { bytes in
      guard let superblock = Superblock(bytes) else { throw notHDF5(name, byteCount: bytes.count) }
      let trial = try isTrusted ? nil : ReadingTrial.begin(.image(bytes), name: name, externalFiles: .refused)
      let access = try PropertyList.memoryAccess(image: bytes).handle
      let memoryName = uniqueMemoryName()
      do {
        let id = try access.use { accessID in
          try Library.call("open '\(name)'") { H5Fopen(memoryName, chdf5_open_read_only(), accessID) }
        }
        return try File(id, name: name, superblock: superblock, trial: trial)
      } catch let error as HDF5Error {
        throw explain(error, name: name, byteCount: bytes.count, superblock: superblock)
      }
    }
  }

  /// The group that holds everything.
  public var root: Group {
    get throws { try Group(opening: "/", of: self) }
  }

  /// The file's size in bytes.
  ///
  /// - Throws: `HDF5Error`.
  var byteCount: Int {
    get throws {
      let id = try handle.id
      var size: hsize_t = 0
      try Library.call("take the size of \(handle.label)") { H5Fget_filesize(id, &size) }
      return Int(clamping: size)
    }
  }

  /// The file's bytes as they would lie on disk, without the user block.
  ///
  /// HDF5 addresses count from the end of the user block, so the image is a whole file of its own, and `userBlock`
  /// bytes of any content before it make it one again.
  public func image() throws -> [UInt8] {
    try flush()
    let id = try handle.id
    let size = try Library.call("take the image of \(handle.label)") { H5Fget_file_image(id, nil, 0) }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let base = buffer.baseAddress
      count = try Library.call("take the image of \(handle.label)") { H5Fget_file_image(id, base, size) }
    }
  }

  /// Hands everything written so far to the system; it does not wait until the disk has it.
  public func flush() throws {
    let id = try handle.id
    try Library.call("write \(handle.label)") { H5Fflush(id, H5F_SCOPE_LOCAL) }
  }

  /// Writes what is left and closes the file with every object in it. Closing twice does nothing.
  ///
  /// - Throws: `HDF5Error` if something could not be written; the file is closed nevertheless.
  public func close() throws {
    guard !handle.isClosed else { return }
    let flushed = Result { try flush() }
    let closed = Result { try handle.close(H5Fclose) }
    try flushed.get()
    try closed.get()
  }

  // MARK: Diagnosis

  private static func checkIsRegularFile(_ path: String) throws -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let number = errno
      throw HDF5Error(
        .unreadableFile,
        "cannot open '\(path)': \(String(cString: strerror(number)).lowercased())"
          + (number == ENOENT ? neighbourHint(of: path) : ""))
    }
    let kind = FileKind(mode: status.st_mode)
    guard kind == .regular else {
      throw HDF5Error(.unreadableFile, "cannot open '\(path)': it is \(kind.phrase), expected a regular file")
    }
    guard access(path, R_OK) == 0 else {
      throw HDF5Error(.unreadableFile, "cannot open '\(path)': \(String(cString: strerror(errno)).lowercased())")
    }
    guard status.st_size > 0 else { throw notHDF5(path, byteCount: 0) }
    return status.st_size
  }

  private static func notHDF5(_ name: String, byteCount: Int? = nil) -> HDF5Error {
    HDF5Error(.notHDF5, "'\(name)' is \(byteCount == 0 ? "empty" : "not an HDF5 file")")
  }

  /// Turns the library's account of a failed open into one that a user can act on.
  private static func explain(
    _ error: HDF5Error, name: String, byteCount: Int, superblock: Superblock?
  ) -> HDF5Error {
    guard let superblock else { return notHDF5(name, byteCount: byteCount) }
    func says(_ mark: String) -> Bool { error.stack.contains { $0.text.contains(mark) } }
    // A file cut inside its first structures is reported as a read beyond the end of addresses; one cut inside the
    // 96 bytes of its superblock as anything.
    if byteCount < 96 || ["truncated file", "addr overflow", "file is too small", "eof"].contains(where: says) {
      return HDF5Error(
        .truncated, "'\(name)' is truncated: it begins as an HDF5 file and ends too early; copy or make it again",
        stack: error.stack)
    }
    if says("already open for") {
      return HDF5Error(
        .inUse,
        "'\(name)' is marked as open for writing: a program still writes it, or was ended before it could close it; wait "
          + "until it is closed, or if nothing writes it any more, take the mark away with h5clear -s '\(name)' (package "
          + "hdf5-tools)", stack: error.stack)
    }
    guard error.reason == .newerFormat, !error.stack.isEmpty else { return error }
    return FormatVersion.error(error, file: name, superblock: superblock)
  }

  private static let memoryNames = Atomic(0)

  /// The library takes two files in memory with one name for the same file, and looks for the name on disk before it
  /// creates one; nothing can exist under a device.
  private static func uniqueMemoryName() -> String {
    "/dev/null/\(memoryNames.add(1, ordering: .relaxed).newValue)"
  }
}
