import Foundation

/// The machine's files.
public struct SystemFileSystem: FileSystem {
  /// Creates it.
  public init() {}

  /// Opens a file for reading.
  public func openForReading(_ path: String) throws -> Int32 { try open(path, O_RDONLY) }

  /// Makes a file that must not exist yet and opens it for writing.
  public func openForWriting(creating path: String) throws -> Int32 { try open(path, O_WRONLY | O_CREAT | O_EXCL) }

  /// Opens an existing file for writing behind its end.
  public func openForAppending(_ path: String) throws -> Int32 { try open(path, O_WRONLY | O_APPEND) }

  /// Reads up to the buffer's size; 0 at the end of the file.
  public func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try check(Foundation.read(file, buffer.baseAddress, buffer.count), "read")
  }

  /// Writes some of the bytes; returns how many.
  public func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Int {
    try check(Foundation.write(file, bytes.baseAddress, bytes.count), "write")
  }

  /// Cuts a file to a length in bytes.
  public func truncate(_ path: String, to length: Int) throws {
    _ = try check(Foundation.truncate(path, off_t(length)), "truncate", path)
  }

  /// Waits until a file's contents are on the disk.
  public func synchronize(_ file: Int32) throws { _ = try check(fsync(file), "synchronize") }

  /// Closes a file.
  public func close(_ file: Int32) throws { _ = try check(Foundation.close(file), "close") }

  /// Waits until a directory's entries are on the disk.
  public func synchronizeDirectory(_ path: String) throws {
    try withFile(open(path, O_RDONLY | O_DIRECTORY)) { directory in
      do {
        try synchronize(directory)
      } catch let error as FileError where error.number == EINVAL {
        // Some network file systems have no such call for directories and need none.
      }
    }
  }

  /// Gives a file another name in one step, in place of any that has it.
  public func rename(_ path: String, to newPath: String) throws {
    _ = try check(Foundation.rename(path, newPath), "rename", newPath)
  }

  /// Removes a file.
  public func remove(_ path: String) throws { _ = try check(unlink(path), "remove", path) }

  /// Makes a directory, and those above it that are missing.
  public func makeDirectory(_ path: String) throws {
    if try status(of: path)?.isDirectory == true { return }
    let parent = directory(of: path)
    if parent != path { try makeDirectory(parent) }
    // Another process may have made it since.
    if mkdir(path, 0o777) != 0, errno != EEXIST { throw FileError(operation: "mkdir", path: path, number: errno) }
    guard try status(of: path)?.isDirectory == true else {
      throw FileError(operation: "mkdir", path: path, number: ENOTDIR)
    }
  }

  /// The names in a directory in order, without `.` and `..`.
  public func list(_ directory: String) throws -> [String] {
    guard let stream = opendir(directory) else { throw FileError(operation: "list", path: directory, number: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw FileError(operation: "list", path: directory, number: errno) }
    return names.sorted()
  }

  /// What a path leads to, or `nil` if to nothing.
  public func status(of path: String) throws -> FileStatus? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw FileError(operation: "status", path: path, number: errno)
    }
    return FileStatus(isDirectory: status.st_mode & S_IFMT == S_IFDIR, size: Int(status.st_size))
  }

  /// The bytes that this user may still write on the disk of an existing path; `nil` if the system does not say.
  public func freeSpace(at path: String) throws -> Int? {
    var status = statvfs()
    _ = try check(statvfs(path, &status), "free space", path)
    // Some network and virtual file systems count nothing.
    guard status.f_blocks > 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }

  private func open(_ path: String, _ flags: Int32) throws -> Int32 {
    try check(Foundation.open(path, flags | O_CLOEXEC, 0o666), "open", path)
  }

  private func check<Result: SignedInteger>(
    _ result: Result, _ operation: String, _ path: String = ""
  ) throws -> Result {
    guard result >= 0 else { throw FileError(operation: operation, path: path, number: errno) }
    return result
  }
}
