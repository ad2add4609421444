import Foundations

/// Data of a run that may have been moved together with it.
package enum MovedData {
  /// The config of the run in a directory, with its data where they are now: where the config says, or, if there is no
  /// file any more, at the same place beside the directory as when the run was begun.
  ///
  /// - Parameters:
  ///   - overrides: Values in place of the config's.
  ///   - registries: The components that the config can choose from.
  /// - Throws: `TrainerError` with code `.usage` for a fault in config or overrides.
  package static func configuration(
    of directory: String, overrides: [SettingsOverride] = [], registries: Registries = .standard
  ) throws -> RunConfiguration {
    let run = RunDirectory(directory)
    let configuration = try RunConfiguration(runDirectory: directory, overrides: overrides, registries: registries)
    guard let paths = configuration.data?.paths, let begun = try run.storedConfiguration()?["output"]?.text,
      let output = configuration.output
    else { return configuration }
    let moved = try paths.map { try place(of: $0, from: begun, to: output) ?? $0 }
    guard moved != paths, let json = DataSettings.json(paths: moved) else { return configuration }
    let override = try SettingsOverride("data.path=\(json.compactText)")
    return try RunConfiguration(runDirectory: directory, overrides: overrides + [override], registries: registries)
  }

  /// Where a file is now that lay beside a run directory; `nil` if it still is where it was, or cannot be found.
  ///
  /// What both names of the directory end in has been moved along; the file is looked for under what lies before it.
  static func place(of file: String, from old: String, to new: String) throws -> String? {
    let files = SystemFileSystem()
    func exists(_ path: String) throws -> Bool {
      do {
        return try files.status(of: path) != nil
      } catch let error as FileError {
        throw TrainerError(.data, "\(path): the file cannot be looked at: \(error.reason)")
      }
    }
    guard old != new, try !exists(file) else { return nil }
    var (before, after) = (old.split(separator: "/")[...], new.split(separator: "/")[...])
    while let name = before.last, name == after.last {
      before.removeLast()
      after.removeLast()
    }
    let parts = file.split(separator: "/")
    guard parts.starts(with: before) else { return nil }
    let candidate = "/" + (after + parts.dropFirst(before.count)).joined(separator: "/")
    return try exists(candidate) ? candidate : nil
  }
}
