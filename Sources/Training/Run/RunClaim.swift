import Foundations

/// The right of this process to write in a run directory, and what it has made there: until the run has begun, all of it
/// can be taken back, so that a start which is refused leaves nothing behind.
struct RunClaim {
  private let directory: RunDirectory
  private let fileSystem: any FileSystem
  /// The lock, once it is ours.
  var lock: FileLock?
  /// What was not there before, the deepest first.
  private var missing: [(path: String, isDirectory: Bool)] = []
  /// The config of the run that becomes longer.
  private var formerConfig: [UInt8]?

  init(_ directory: RunDirectory, _ fileSystem: any FileSystem) {
    self.directory = directory
    self.fileSystem = fileSystem
  }

  /// Keeps what the config's file holds, before it is replaced.
  mutating func noteConfig() throws {
    if try fileSystem.status(of: directory.configPath) != nil {
      formerConfig = try fileSystem.contents(of: directory.configPath)
    }
  }

  /// Looks what of a run's files and of the directories above them is not there yet.
  mutating func noteMissing() throws {
    let files = [directory.configPath, directory.metricsPath]
    missing = try files.filter { try fileSystem.status(of: $0) == nil }.map { ($0, false) }
    var folder = directory.checkpoints.path
    while try fileSystem.status(of: folder) == nil {
      missing.append((folder, true))
      let parent = Foundations.directory(of: folder)
      if parent == folder { break }
      folder = parent
    }
  }

  /// Takes back what was made since, and the lock. A directory that holds something else stays.
  func takeBack() {
    // The error that stopped the run is the one to tell, so what cannot be taken back is passed over. Files are touched
    // only under the lock: without it they are another process's.
    if lock != nil {
      for (path, _) in missing.filter({ !$0.isDirectory }) {
        do { try fileSystem.remove(path) } catch _ {}
      }
      if let formerConfig {
        do { try AtomicFile.replace(directory.configPath, contents: [formerConfig], fileSystem: fileSystem) } catch _ {}
      }
    }
    lock?.release()
    for (path, _) in missing.filter(\.isDirectory) {
      do { try fileSystem.removeDirectory(path) } catch _ {}
    }
  }

  /// Gives the lock back at the end of the run.
  func release() { lock?.release() }
}
