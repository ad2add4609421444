import Foundation

/// The files that this process may still open.
package enum OpenFiles {
  /// As many as the program has open at most at once, Dispatch's own among them: Dispatch ends the program where it
  /// cannot have those.
  package static let wanted = 20

  /// Finds out whether as many files can be opened as the program needs.
  ///
  /// - Throws: `TrainerError` with code `.usage` if not.
  package static func requireRoom() throws {
    let free = count(upTo: wanted)
    guard free < wanted else { return }
    var limit = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    throw TrainerError(
      .usage,
      "only \(free) files can be opened, expected at least \(wanted): the limit of open files"
        + (isKnown ? " is \(limit.rlim_cur)" : "") + "; raise it with ulimit -n")
  }

  /// How many files can be opened at the same time, of so many that are tried.
  private static func count(upTo wanted: Int) -> Int {
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    while files.count < wanted {
      // Of the first, copies do.
      let file = files.first.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } ?? open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard file >= 0 else { break }
      files.append(file)
    }
    return files.count
  }
}
