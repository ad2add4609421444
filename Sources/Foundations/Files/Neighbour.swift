/// What is near a path that leads nowhere, for the end of a sentence: `; did you mean data/digits.h5?`, also where a directory
/// on the way is misspelt, or that its directory is not there either; empty if nothing is near.
package func neighbourHint(of path: String, fileSystem: some FileSystem = SystemFileSystem()) -> String {
  let folder = directory(of: path)
  do {
    guard try fileSystem.status(of: folder)?.isDirectory == true else {
      guard let near = try nearPath(to: path, fileSystem) else { return "; there is no directory \(folder) either" }
      return "; did you mean \(near)?"
    }
    let names = try fileSystem.list(folder)
    if names.contains(fileName(of: path)) { return "; it is a symbolic link that leads to no file" }
    guard let near = near(fileName(of: path), among: names) else { return "" }
    return "; did you mean \(folder == "." && !path.hasPrefix("./") ? near : "\(folder == "/" ? "" : folder)/\(near)")?"
  } catch {
    // Only a hint: a directory that cannot be read has none.
    return ""
  }
}

/// A directory of very many files is not searched: it would take longer than looking oneself.
private func near(_ name: String, among names: [String]) -> String? {
  names.count <= 10_000 ? suggestion(for: name, among: names) : nil
}

/// The path with each part that is not there replaced by the nearest that is; `nil` if one has none.
private func nearPath(to path: String, _ fileSystem: some FileSystem) throws -> String? {
  var found = path.hasPrefix("/") ? "/" : ""
  for part in path.split(separator: "/").map(String.init) {
    let folder = found.isEmpty ? "." : found
    guard try fileSystem.status(of: folder)?.isDirectory == true else { return nil }
    let isStep = part == "." || part == ".."
    let names = isStep ? [] : try fileSystem.list(folder)
    guard let next = isStep || names.contains(part) ? part : near(part, among: names) else { return nil }
    found += found.isEmpty || found == "/" ? next : "/" + next
  }
  return found
}
