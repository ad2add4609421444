import Foundations

/// A line of a description, and what it says as JSON.
struct DescribedLine {
  /// What it is about. The JSON of an object has a list of each kind that is below it, under the kind's name.
  enum Kind: String, CaseIterable {
    case attributes, members, columns, classes
    /// A sentence alone.
    case notes
  }

  let depth: Int
  let text: String
  let kind: Kind
  /// The members of the object that it is; without any the text is all.
  let fields: [(key: String, value: JSONValue?)]

  /// The object that the first line is, with those below it, and what is at its depth behind it.
  static func json(_ lines: ArraySlice<DescribedLine>) -> [(kind: Kind, value: JSONValue)] {
    var values: [(kind: Kind, value: JSONValue)] = []
    var rest = lines
    while let line = rest.first {
      rest = rest.dropFirst()
      let below = rest.prefix { $0.depth > line.depth }
      rest = rest.dropFirst(below.count)
      if line.kind == .notes, below.isEmpty {
        values.append((.notes, .string(line.text)))
        continue
      }
      // The header of a table is for people.
      guard line.kind == .notes || line.fields.contains(where: { $0.value != nil }) else { continue }
      let children = json(below)
      let lists = Kind.allCases.map { kind in
        let own = children.filter { $0.kind == kind }.map(\.value)
        return (key: kind.rawValue, value: own.isEmpty ? nil : JSONValue.array(own))
      }
      values.append((line.kind, .object(JSONObject(line.fields + lists))))
    }
    return values
  }
}
