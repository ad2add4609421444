/// Which of some columns is the target, as far as names say it.
struct TargetNames {
  /// Names that hardly anything but a target has, in the order in which they count.
  private static let strongNames = [
    "target", "targets", "label", "labels", "class", "classes", "y", "species", "survived", "outcome", "churn",
  ]
  /// Names that inputs have as well.
  private static let weakNames = [
    "diagnosis", "quality", "income", "response", "output", "result", "category", "default", "fraud", "spam", "variety",
  ]

  /// The place of a column whose name is enough wherever it stands; `nil` for none.
  let strong: Int?
  /// The place of a column whose name is that of a target as often as of an input; of several the last column, if it is one.
  let weak: Int?
  /// The places of all of these, in the order of the columns.
  let all: [Int]

  /// Looks at names.
  init(_ names: [String]) {
    let lowercased = names.map { $0.lowercased() }
    strong = Self.strongNames.lazy.compactMap(lowercased.firstIndex(of:)).first
    let isLast = lowercased.last.map(Self.weakNames.contains) ?? false
    weak = isLast ? names.count - 1 : Self.weakNames.lazy.compactMap(lowercased.firstIndex(of:)).first
    all = lowercased.indices.filter {
      Self.strongNames.contains(lowercased[$0]) || Self.weakNames.contains(lowercased[$0])
    }
  }
}
