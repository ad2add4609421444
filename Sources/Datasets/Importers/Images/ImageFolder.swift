import Foundations

/// A folder of images: a folder for each class, or for each group a folder of such folders.
struct ImageFolder {
  /// The images of one group.
  struct Group {
    /// `train`, `validation` or `test`.
    let name: String
    /// In the order of the classes, those of a class in the natural order of their names.
    var images: [(path: String, label: Int)] = []
  }

  /// The names of the classes' folders, by their bytes.
  let classes: [String]
  /// The groups that have a folder, `train` first; without such folders `train` alone.
  private(set) var groups: [Group]
  /// Whether the folder names groups, so that samples are not divided.
  let hasGroups: Bool
  /// What was left out, one sentence each.
  let notes: [String]

  /// The names that people give the groups' folders.
  private static let groupNames = [
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
  ]

  /// Whether a folder looks like one of these: there are folders in it, or images.
  static func recognizes(_ path: String) -> Bool {
    do {
      let (folders, files, _) = try ImageFiles.contents(of: path)
      return !folders.isEmpty || files.contains(where: ImageFiles.isImage)
    } catch _ {
      // Whoever reads it says what is wrong with it.
      return true
    }
  }

  /// Finds the images.
  ///
  /// - Throws: `TrainerError` with exit code `data` that names the folder or file and what is wrong there.
  init(path: String) throws {
    let root = try ImageFiles.contents(of: path)
    let named = root.folders.compactMap { folder in Self.groupNames[folder.lowercased()].map { (group: $0, folder) } }
    // A class may be called so, too.
    let train = named.first { $0.group == "train" }
    let areAll = !named.isEmpty && named.count == root.folders.count
    hasGroups = try areAll || train.map { !(try ImageFiles.contents(of: "\(path)/\($0.1)").folders.isEmpty) } ?? false
    var skipped = Skipped()
    var notes: [String] = []
    guard hasGroups else {
      classes = Self.sorted(root.folders)
      groups = [Group(name: "train")]
      try Self.requireNoImages(root.files, in: path, classes)
      skipped.add(root.files, hidden: root.hidden, in: "")
      groups[0] = try Self.group("train", in: path, place: "", of: classes, classes, &skipped)
      self.notes = skipped.sentence.map { [$0] } ?? []
      return
    }
    guard let train else {
      throw TrainerError(
        .data,
        "in '\(path)' there is no folder 'train' beside \(listed(root.folders)); name the folder of the training images so"
      )
    }
    try Self.requireNoImages(root.files, in: path, [])
    skipped.add(root.files, hidden: root.hidden, in: "")
    let others = root.folders.filter { Self.groupNames[$0.lowercased()] == nil }
    if !others.isEmpty {
      notes.append("left out \(listed(others, atMost: 5)), which \(others.count == 1 ? "is" : "are") no group")
    }
    classes = try Self.sorted(ImageFiles.contents(of: "\(path)/\(train.1)").folders)
    groups = []
    for name in DatasetReader.groupNames {
      let folders = named.filter { $0.group == name }.map(\.1)
      guard let folder = folders.first else { continue }
      guard folders.count == 1 else {
        throw TrainerError(.data, "in '\(path)' both \(listed(folders)) stand for the group '\(name)'; keep one")
      }
      let (own, files, hidden) = try ImageFiles.contents(of: "\(path)/\(folder)")
      try Self.requireNoImages(files, in: "\(path)/\(folder)", own)
      skipped.add(files, hidden: hidden, in: "\(folder)/")
      groups.append(try Self.group(name, in: path, place: "\(folder)/", of: own, classes, &skipped))
    }
    self.notes = (skipped.sentence.map { [$0] } ?? []) + notes
  }

  /// The names in the order of their bytes, as Python's `sorted` has them, so that classes have the indices of torchvision and
  /// Keras.
  private static func sorted(_ names: [String]) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func requireNoImages(_ files: [String], in folder: String, _ classes: [String]) throws {
    guard let image = files.first(where: ImageFiles.isImage) else { return }
    throw TrainerError(
      .data,
      "'\(folder)/\(image)' is in no folder of a class; expected a folder for each class with its images"
        + (classes.isEmpty ? "" : ", as \(listed(classes, atMost: 3))"))
  }

  /// The images of one group.
  ///
  /// - Parameters:
  ///   - place: The group's folder below `root`, with a slash behind it.
  ///   - folders: Those of classes that are there.
  private static func group(
    _ name: String, in root: String, place: String, of folders: [String], _ classes: [String], _ skipped: inout Skipped
  ) throws -> Group {
    let labels = try labels(of: classes, in: "\(root)/\(place)")
    var images: [[String]] = Array(repeating: [], count: classes.count)
    for folder in sorted(folders) {
      let found = try ImageFiles(in: "\(root)/\(place)\(folder)")
      skipped.add(found.others, hidden: 0, in: "\(place)\(folder)/")
      guard let label = labels[folder] else {
        guard !found.names.isEmpty else { continue }
        throw TrainerError(
          .data,
          "'\(root)/\(place)\(folder)' is a class that the group 'train' does not have; its classes are "
            + listed(classes, atMost: 10))
      }
      guard name != "train" || !found.names.isEmpty else {
        throw TrainerError(
          .data, "the folder '\(root)/\(place)\(folder)' holds no images (PNG or JPEG); put some there or remove it")
      }
      images[label] = found.names.map { "\(root)/\(place)\(folder)/\($0)" }
    }
    var group = Group(name: name)
    group.images = images.enumerated().flatMap { label, paths in paths.map { ($0, label) } }
    guard !group.images.isEmpty else {
      throw TrainerError(
        .data,
        "'\(place.isEmpty ? root : "\(root)/\(place.dropLast())")' holds no folders of classes with images (PNG or JPEG)"
      )
    }
    return group
  }

  /// The index of each class.
  private static func labels(of classes: [String], in folder: String) throws -> [String: Int] {
    try Dictionary(zip(classes, classes.indices)) { first, second in
      throw TrainerError(
        .data,
        "two folders in '\(folder)' are called '\(classes[first].onOneLine)', in different letters of Unicode; rename one"
      )
    }
  }
}

/// Files that are no images.
private struct Skipped {
  private var count = 0
  private var first: [String] = []

  mutating func add(_ files: [String], hidden: Int, in place: String) {
    count += files.count + hidden
    // What is hidden has names that say nothing to people.
    let named = files.filter { !fileName(of: $0).hasPrefix(".") }
    first += named.prefix(max(0, 3 - first.count)).map { place + $0 }
  }

  /// One line; `nil` if there are none.
  var sentence: String? {
    guard count > 0 else { return nil }
    let what = count == 1 ? "1 file that is no image" : "\(count) files that are no images"
    return "skipped \(what)" + (first.isEmpty ? "" : ": \(listed(first, of: count))")
  }
}
