/// What is near a path that leads nowhere, for the end of a sentence: `; did you mean data/digits.h5?`, or that its
/// directory is not there either; empty if nothing is near.
package func neighbourHint(of path: String, fileSystem: some FileSystem = SystemFileSystem()) -> String {
  let folder = directory(of: path)
  do {
    guard try fileSystem.status(of: folder)?.isDirectory == true else {
      return "; there is no directory \(folder) either"
    }
    // A directory of very many files is not searched: it would take longer than looking oneself.
    let names = try fileSystem.list(folder)
    if names.contains(fileName(of: path)) { return "; it is a symbolic link that leads to no file" }
    guard names.count <= 10_000, let near = suggestion(for: fileName(of: path), among: names) else { return "" }
    return "; did you mean \(folder == "." && !path.hasPrefix("./") ? near : "\(folder == "/" ? "" : folder)/\(near)")?"
  } catch {
    // Only a hint: a directory that cannot be read has none.
    return ""
  }
}
