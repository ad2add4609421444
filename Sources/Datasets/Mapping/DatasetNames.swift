/// What the names of datasets and groups say: which part of the data they are of, and whether they are inputs or targets.
struct DatasetNames {
  /// A part of the data.
  enum Part: String, CaseIterable {
    case train, validation, test

    /// The words for it, in the order in which they count.
    fileprivate var words: [String] {
      switch self {
      case .train: ["train", "training", "trn", "tr"]
      case .validation: ["validation", "val", "valid", "dev"]
      case .test: ["test", "testing", "tst", "te", "holdout", "eval"]
      }
    }
  }

  /// What a dataset is of a sample.
  enum Role {
    case inputs, targets
  }

  private static let inputWords = [
    "inputs", "input", "features", "feature", "x", "xs", "data", "images", "image", "img", "imgs", "samples", "vectors",
    "pixels", "signals", "spectra",
  ]
  private static let targetWords = [
    "targets", "target", "labels", "label", "y", "ys", "classes", "class", "outputs", "output", "response", "truth",
  ]
  /// Names that describe what is beside them, such as the names of classes.
  private static let descriptionWords = ["list", "names", "mean", "std", "index", "id", "ids", "meta"]

  /// The part that the path is of; `nil` for none.
  let part: Part?
  /// How far behind the word for it is among the words of the part: 0 for the first.
  let partRank: Int
  /// What it is of a sample; `nil` if its name does not say.
  let role: Role?
  /// How far behind its word is among those of the role.
  let rank: Int
  /// The path with a mark in place of the word of the part, which the datasets of one kind share.
  let pattern: String

  /// Looks at a path.
  init(_ path: String) {
    var (part, partRank): (Part?, Int) = (nil, 0)
    var words: [String] = []
    var marked: [String] = []
    for component in path.split(separator: "/") {
      var shown = ""
      for word in Self.words(of: component) {
        if part == nil, let (found, rank, rest) = Self.part(of: word) {
          (part, partRank) = (found, rank)
          shown += "*" + rest
          if !rest.isEmpty { words.append(rest) }
        } else {
          words.append(word)
          shown += "_" + word
        }
      }
      marked.append(shown)
    }
    (self.part, self.partRank) = (part, partRank)
    pattern = marked.joined(separator: "/")
    // The last word counts: the labels' dataset x is no input, and the features' dataset y no target.
    let isDescription = words.contains(where: Self.descriptionWords.contains)
    var found: (Role, Int)?
    for word in words where !isDescription {
      if let rank = Self.targetWords.firstIndex(of: word) {
        found = (.targets, rank)
      } else if let rank = Self.inputWords.firstIndex(of: word), found?.0 != .targets {
        found = (.inputs, rank)
      }
    }
    role = found?.0
    rank = found?.1 ?? Int.max
  }

  /// The words of a name in lower case: `trainSetX_1` is train, set, x and 1.
  private static func words(of name: Substring) -> [String] {
    var words: [String] = []
    var word = ""
    var last: Character = " "
    func end() {
      if !word.isEmpty { words.append(word.lowercased()) }
      word = ""
    }
    for character in name {
      let isStart =
        !character.isLetter && !character.isNumber || (character.isUppercase && last.isLowercase)
        || (character.isNumber != last.isNumber && !word.isEmpty)
      if isStart { end() }
      if character.isLetter || character.isNumber { word.append(character) }
      last = character
    }
    end()
    return words
  }

  /// The part that a word names, alone or with x or y before or behind it, as `xtrain` does.
  private static func part(of word: String) -> (part: Part, rank: Int, rest: String)? {
    for part in Part.allCases {
      for (rank, name) in part.words.enumerated() {
        if word == name { return (part, rank, "") }
        for side in ["x", "y"] where name.count > 2 || word.count == 3 {
          if word == side + name || word == name + side { return (part, rank, side) }
        }
      }
    }
    return nil
  }
}
