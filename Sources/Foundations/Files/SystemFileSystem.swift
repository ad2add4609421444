import Foundation

/// The machine's files.
package struct SystemFileSystem: FileSystem {
  /// Creates it.
  package init() {}

  /// Opens a regular file for reading.
  package func openForReading(_ path: String) throws -> Int32 { try openRegular(path, O_RDONLY) }

  /// Opens a regular file, or a pipe that somebody named on purpose, to read it once from start to end. Of a pipe the other
  /// end is waited for.
  package func openForStreaming(_ path: String) throws -> Int32 {
    guard try status(of: path)?.kind == .pipe else { return try openForReading(path) }
    return try open(path, O_RDONLY)
  }

  /// Makes a file that must not exist yet and opens it for writing.
  package func openForWriting(creating path: String) throws -> Int32 { try open(path, O_WRONLY | O_CREAT | O_EXCL) }

  /// Opens an existing regular file for writing behind its end.
  package func openForAppending(_ path: String) throws -> Int32 { try openRegular(path, O_WRONLY | O_APPEND) }

  /// Reads up to the buffer's size; 0 at the end of the file.
  package func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try check(Foundation.read(file, buffer.baseAddress, buffer.count), "read")
  }

  /// Writes some of the bytes; returns how many.
  package func write(_ file: Int32, _ bytes: RawSpan) throws -> Int {
    try bytes.withUnsafeBytes { try check(Foundation.write(file, $0.baseAddress, $0.count), "write") }
  }

  /// Cuts a regular file to a length in bytes; the system refuses any other.
  package func truncate(_ path: String, to length: Int) throws {
    _ = try check(Foundation.truncate(path, off_t(length)), "truncate", path)
  }

  /// Waits until a file's contents are on the disk.
  package func synchronize(_ file: Int32) throws { _ = try check(fsync(file), "synchronize") }

  /// Closes a file.
  package func close(_ file: Int32) throws { _ = try check(Foundation.close(file), "close") }

  /// Waits until a directory's entries are on the disk.
  package func synchronizeDirectory(_ path: String) throws {
    try withFile(open(path, O_RDONLY | O_DIRECTORY)) { directory in
      do {
        try synchronize(directory)
      } catch let error as FileError where error.number == EINVAL {
        // Some network file systems have no such call for directories and need none.
      }
    }
  }

  /// Gives a file another name in one step, in place of any that has it.
  package func rename(_ path: String, to newPath: String) throws {
    _ = try check(Foundation.rename(path, newPath), "rename", newPath)
  }

  /// Removes a file.
  package func remove(_ path: String) throws { _ = try check(unlink(path), "remove", path) }

  /// Makes a directory, and those above it that are missing.
  package func makeDirectory(_ path: String) throws {
    if try status(of: path)?.isDirectory == true { return }
    let parent = directory(of: path)
    if parent != path { try makeDirectory(parent) }
    // Another process may have made it since.
    if mkdir(path, 0o777) != 0, errno != EEXIST { throw FileError(operation: "mkdir", path: path, number: errno) }
    guard try status(of: path)?.isDirectory == true else {
      throw FileError(operation: "mkdir", path: path, number: ENOTDIR)
    }
  }

  /// Makes a directory of a name of its own where the system keeps temporary files, which only this user may enter.
  package func makeTemporaryDirectory(_ prefix: String) throws -> String {
    let parent = temporaryDirectory
    guard let path = strdup("\(parent)/\(prefix)-XXXXXX") else {
      throw FileError(operation: "mkdir", path: parent, number: ENOMEM)
    }
    defer { free(path) }
    guard mkdtemp(path) != nil else { throw FileError(operation: "mkdir", path: parent, number: errno) }
    return String(cString: path)
  }

  /// Opens a new file that has no name, so that nothing of it stays however the program ends.
  ///
  /// - Parameter directory: Where its contents lie; `nil` for where the system keeps temporary files.
  package func openNameless(in directory: String? = nil) throws -> Int32 {
    let directory = directory ?? temporaryDirectory
    guard let path = strdup("\(directory)/.trainer-XXXXXX") else {
      throw FileError(operation: "open", path: directory, number: ENOMEM)
    }
    defer { free(path) }
    let file = mkstemp(path)
    guard file >= 0 else { throw FileError(operation: "open", path: directory, number: errno) }
    // Without a name it leaves nothing behind, not even where the process is killed.
    unlink(path)
    guard fcntl(file, F_SETFD, FD_CLOEXEC) == 0 else {
      let number = errno
      _ = Foundation.close(file)
      throw FileError(operation: "open", path: directory, number: number)
    }
    return file
  }

  /// Where the system keeps temporary files.
  private var temporaryDirectory: String {
    ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }

  /// Removes an empty directory.
  package func removeDirectory(_ path: String) throws { _ = try check(rmdir(path), "remove", path) }

  /// The names in a directory in order, without `.` and `..`.
  package func list(_ directory: String) throws -> [String] {
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
  package func status(of path: String) throws -> FileStatus? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw FileError(operation: "status", path: path, number: errno)
    }
    return FileStatus(kind: FileKind(mode: status.st_mode), size: Int(status.st_size))
  }

  /// The bytes that this user may still write on the disk of an existing path; `nil` if the system does not say.
  package func freeSpace(at path: String) throws -> Int? {
    var status = statvfs()
    _ = try check(statvfs(path, &status), "free space", path)
    // Some network and virtual file systems count nothing.
    guard status.f_blocks > 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
  }

  /// Opens a file unless it is a pipe, whose other end may never come, or a device, which may never end.
  private func openRegular(_ path: String, _ flags: Int32) throws -> Int32 {
    // Looked at before, since opening a device may do something, and after, since another file may have come in between.
    if let kind = try status(of: path)?.kind, kind != .regular {
      throw FileError.notRegular(kind, operation: "open", path: path)
    }
    let file = try open(path, flags | O_NONBLOCK)
    var status = stat()
    let isKnown = fstat(file, &status) == 0
    guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
      let error =
        isKnown
        ? FileError.notRegular(FileKind(mode: status.st_mode), operation: "open", path: path)
        : FileError(operation: "status", path: path, number: errno)
      do { try close(file) } catch _ {}
      throw error
    }
    return file
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
