import Foundation
import Foundations

/// The images in a folder and in those below it.
struct ImageFiles {
  /// Their paths below the folder, in the order in which people count: `2.png` comes before `10.png`.
  private(set) var names: [String] = []
  /// What is no image: its path.
  private(set) var others: [String] = []

  /// Looks for the images, behind symbolic links too.
  ///
  /// - Throws: `TrainerError` with exit code `data` for a folder that cannot be read or leads back to itself, for an image of a
  ///   format that is not decoded, and for a name that is no UTF-8.
  init(in folder: String) throws {
    try add("", of: folder, inside: [])
    names.sort(by: Self.areInNaturalOrder)
  }

  /// What stands in a folder: names of folders, and of what else is there; hidden ones are left out.
  ///
  /// - Throws: As ``init(in:)``.
  static func contents(of folder: String) throws -> (folders: [String], files: [String], hidden: Int) {
    var (folders, files, hidden) = ([String](), [String](), 0)
    for name in try list(folder) {
      guard !isHidden(name) else {
        hidden += 1
        continue
      }
      if try identity(of: "\(folder)/\(name)", name)?.isFolder == true {
        folders.append(name)
      } else {
        files.append(name)
      }
    }
    return (folders, files, hidden)
  }

  /// Whether a file's name says that it is an image that can be decoded.
  static func isImage(_ name: String) -> Bool { endings.contains(ending(of: name)) }

  private mutating func add(_ place: String, of root: String, inside ancestors: [Identity]) throws {
    let folder = place.isEmpty ? root : "\(root)/\(place)"
    guard let own = try Self.identity(of: folder, place) else {
      throw TrainerError(.data, "there is no folder '\(folder)'")
    }
    if ancestors.contains(own) {
      throw TrainerError(
        .data, "'\(folder)' is a symbolic link that leads back to a folder which it is in; remove it")
    }
    for name in try Self.list(folder) {
      let path = place.isEmpty ? name : "\(place)/\(name)"
      guard !Self.isHidden(name) else {
        others.append(path)
        continue
      }
      guard let found = try Self.identity(of: "\(folder)/\(name)", name) else {
        guard Self.isImage(name) else {
          others.append(path)
          continue
        }
        throw TrainerError(.data, "'\(folder)/\(name)' is a symbolic link that leads to no file; mend or remove it")
      }
      if found.isFolder {
        try add(path, of: root, inside: ancestors + [own])
      } else if Self.isImage(name) {
        names.append(path)
      } else if Self.otherEndings.contains(Self.ending(of: name)) {
        throw TrainerError(
          .data,
          "'\(folder)/\(name)' is an image of a format that is not decoded; convert it to PNG, with mogrify -format png "
            + "'\(folder)/\(name)' for example, and remove it")
      } else {
        others.append(path)
      }
    }
  }

  // MARK: Names

  private static let endings: Set<String> = ["png", "jpg", "jpeg", "jpe", "jfif"]
  /// Those of images too, which must not be left out in silence.
  private static let otherEndings: Set<String> = [
    "gif", "bmp", "tif", "tiff", "webp", "ppm", "pgm", "pbm", "pnm", "heic", "heif", "avif", "jp2", "jxl", "tga",
  ]

  private static func ending(of name: String) -> String {
    name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
  }

  /// What systems and notebooks leave in folders.
  private static func isHidden(_ name: String) -> Bool { name.hasPrefix(".") || name == "__MACOSX" }

  /// Whether a name comes before another, where a number in them counts as one and not as digits.
  static func areInNaturalOrder(_ first: String, _ second: String) -> Bool {
    let (a, b) = (Array(first.utf8), Array(second.utf8))
    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    /// A number's digits without zeros in front, and the place behind it.
    func number(_ bytes: [UInt8], _ start: Int) -> (digits: ArraySlice<UInt8>, end: Int) {
      let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
      return (bytes[start..<end].drop { $0 == UInt8(ascii: "0") }, end)
    }
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if isDigit(a[i]), isDigit(b[j]) {
        let (x, y) = (number(a, i), number(b, j))
        if x.digits.count != y.digits.count { return x.digits.count < y.digits.count }
        if !x.digits.elementsEqual(y.digits) { return x.digits.lexicographicallyPrecedes(y.digits) }
        (i, j) = (x.end, y.end)
      } else {
        if a[i] != b[j] { return a[i] < b[j] }
        (i, j) = (i + 1, j + 1)
      }
    }
    if (i < a.count) != (j < b.count) { return j < b.count }
    // 01 and 1 differ only so.
    return a.lexicographicallyPrecedes(b)
  }

  // MARK: The system

  /// What tells a folder from others, whatever links lead to it.
  private struct Identity: Equatable {
    let device: UInt
    let number: UInt
    let isFolder: Bool
  }

  private static func list(_ folder: String) throws -> [String] {
    do {
      return try SystemFileSystem().list(folder)
    } catch let error as FileError {
      throw TrainerError(.data, "the folder '\(folder)' cannot be read: \(error.reason.lowercased())")
    }
  }

  /// What a path leads to; `nil` if to nothing.
  private static func identity(of path: String, _ name: String) throws -> Identity? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let number = errno
      // Names that are no UTF-8 come with this character in place of what they hold.
      guard !name.contains("\u{FFFD}") else {
        throw TrainerError(.data, "'\(path)' has a name that is no UTF-8; rename it")
      }
      if number == ENOENT || number == ENOTDIR { return nil }
      let reason = number == ELOOP ? "its symbolic link leads back to itself" : String(cString: strerror(number))
      throw TrainerError(.data, "'\(path)' cannot be read: \(reason.lowercased())")
    }
    return Identity(
      device: UInt(status.st_dev), number: UInt(status.st_ino), isFolder: status.st_mode & S_IFMT == S_IFDIR)
  }
}
