import Foundations
import HDF5

/// What an HDF5 file holds, as text for people: the tree, shapes, types, chunks, filters, attributes, how many samples each
/// class has, and whether the file can be trained on as it is.
///
/// Of what is many, the first are shown and how many more there are. Links are named and not followed; an object with
/// several names is described once. What cannot be described has a line that says why. It is done within about a second:
/// what takes longer is left out, and said.
package struct DatasetDescription: Sendable, CustomStringConvertible {
  /// The lines, each ended.
  package let description: String
  /// The same as a JSON object: that of the file, in which members, attributes, classes and columns are lists of objects, and
  /// `notes` a list of sentences.
  package let json: JSONValue

  /// Looks into several files, and whether they are one dataset.
  ///
  /// - Throws: `TrainerError` with exit code `data` if not even the root of one can be read.
  package init(paths: [String]) throws {
    let files = try paths.map { try DatasetDescription(path: $0) }
    guard files.count > 1 else {
      self = files[0]
      return
    }
    let together = Trainability(together: paths)
    description = files.map { $0.description + "\n" }.joined() + together.sentence.onOneLine + "\n"
    json = .object(
      JSONObject([
        ("files", .array(files.map(\.json))), ("trainable", .boolean(together.isTrainable)),
        ("conclusion", .string(together.sentence)),
      ]))
  }

  /// Looks into a file; elements are read only to count classes, and only so many.
  ///
  /// - Throws: `TrainerError` with exit code `data` if not even the root can be read.
  package init(path: String) throws {
    let lines = try DatasetReader.translating(path) {
      let file = try File.open(at: path)
      var listing = DatasetListing()
      try listing.describe(file.root)
      let lines = listing.lines
      try file.close()
      return lines
    }
    let trainability = Trainability(path: path)
    let texts = [path.onOneLine] + lines.map { String(repeating: "  ", count: $0.depth) + $0.text }
    description = (texts + [trainability.sentence.onOneLine]).map { $0 + "\n" }.joined()
    let file = DescribedLine(depth: 0, text: path, kind: .members, fields: [("path", .string(path))])
    let last: [(key: String, value: JSONValue?)] = [
      ("trainable", .boolean(trainability.isTrainable)), ("data", trainability.settings),
      ("conclusion", .string(trainability.sentence)),
    ]
    guard case .object(let members)? = DescribedLine.json(([file] + lines)[...]).first?.value else {
      throw TrainerError(.data, "\(path): it has no description")
    }
    json = .object(members.appending(JSONObject(last)))
  }
}
