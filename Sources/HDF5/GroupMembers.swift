import CHDF5
import Foundations

/// What is in a group, without opening more than that takes.
extension Group {
  /// What a member is.
  public enum MemberKind: String, Sendable {
    /// A group.
    case group
    /// A dataset.
    case dataset
    /// A type stored under a name.
    case datatype = "named datatype"
    /// A link to something that is not there.
    case danglingLink = "link that leads nowhere"
    /// A link to an object in another file, which is not followed or leads nowhere.
    case externalLink = "link to another file"
    /// Something that this version of the library cannot open: damaged, or of a newer format.
    case unreadable = "object that the HDF5 library cannot open, damaged or of a newer format"
  }

  /// A name in a group and what it stands for.
  public struct Member: Sendable, Equatable {
    /// The name, without a path.
    public let name: String
    /// What it is.
    public let kind: MemberKind
  }

  /// How a name leads to what it stands for.
  public enum Link: Sendable, Equatable {
    /// It is one of the object's own names.
    case hard
    /// By a path in the same file.
    case soft(path: String)
    /// By a path in another file.
    case external(file: String, path: String)
    /// In a way that only the program knows that made it.
    case userDefined
  }

  /// The number of members.
  public func memberCount() throws -> Int {
    let id = try handle.id
    try file.attempt(.memberNames, path, limit: 0)
    var info = H5G_info_t()
    try Library.call("list \(handle.label)") { H5Gget_info(id, &info) }
    return Int(clamping: info.nlinks)
  }

  /// The members in alphabetical order.
  public func members() throws -> [Member] {
    try memberNames().map { Member(name: $0, kind: try kind(of: $0)) }
  }

  /// The members' names in alphabetical order, all of them or the first so many.
  public func memberNames(atMost limit: Int = .max) throws -> [String] {
    let id = try handle.id
    try file.attempt(.memberNames, path, limit: limit)
    return try collectingNames(atMost: limit) { visitor, context in
      try Library.call("list \(handle.label)") { chdf5_each_link(id, visitor, context) }
    }
  }

  /// The members for a sentence: `'inputs' (a named datatype), 'targets'`, or `nothing`.
  ///
  /// - Parameter expected: What is not said of a member.
  public func memberList(expecting expected: MemberKind) throws -> String {
    let (count, limit) = (try memberCount(), 20)
    let names = try memberNames(atMost: limit).map { name in
      let kind = try kind(of: name)
      guard kind != expected else { return "'\(name.onOneLine)'" }
      return "'\(name.onOneLine)' (\(article(kind.rawValue))\(kind == .dataset ? fields(of: name) : ""))"
    }
    guard !names.isEmpty else { return "nothing" }
    return names.joined(separator: ", ") + (count > names.count ? " and \(count - names.count) more" : "")
  }

  /// How a name of this group leads to what it stands for.
  public func link(of name: String) throws -> Link {
    let (id, access) = (try handle.id, try file.linkAccess.id)
    try file.attempt(.kind, path, name: name)
    var size = 0
    let kind = try Library.call("look at the link '\(name)' of \(handle.label)") {
      chdf5_link_kind(id, name, access, &size)
    }
    guard kind == 1 || kind == 2 else { return kind == 0 ? .hard : .userDefined }
    let value = Library.value {
      readingText(length: size) { H5Lget_val(id, name, $0, $1, access) < 0 ? 0 : size }
    }
    if kind == 1 { return .soft(path: Self.text(value.prefix { $0 != 0 })) }
    // A byte of flags, the file and the path, each ended by a zero.
    let parts = value.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    return .external(
      file: Self.text(parts.first ?? []), path: Self.text(parts.dropFirst().first?.prefix { $0 != 0 } ?? []))
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  /// Whether a path of names separated by `/` leads from here to an object.
  public func exists(_ path: String) throws -> Bool {
    var prefix = ""
    var isGroup = true
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty ? part : "/" + part
      // The library fails at a path that goes on behind a dataset.
      guard isGroup, try hasLink(prefix) else { return false }
      let kind = try kind(of: prefix)
      if kind == .danglingLink || kind == .externalLink { return false }
      isGroup = kind == .group || kind == .unreadable
    }
    return true
  }

  /// What a member is.
  ///
  /// - Throws: `HDF5Error` that lists the members present if there is none of that name.
  public func kind(of name: String) throws -> MemberKind {
    try requireLink(name)
    return try kind(atEndOf: name)
  }

  /// What a path leads to of which every part is known to be there.
  private func kind(atEndOf name: String) throws -> MemberKind {
    let (id, links, datasets) = (try handle.id, try file.linkAccess.id, try file.datasetAccess.id)
    try file.attempt(.kind, path, name: name)
    // Opening follows soft and external links; the library's own test for existence does not.
    return Library.value {
      var object = H5Oopen(id, name, links)
      // That opens a dataset with no properties of its own, and the library refuses one that is open already with others.
      if object < 0 { object = H5Dopen2(id, name, datasets) }
      if object < 0 {
        if H5Oexists_by_name(id, name, links) > 0 { return .unreadable }
        var size = 0
        return chdf5_link_kind(id, name, links, &size) == 2 ? .externalLink : .danglingLink
      }
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_GROUP: return .group
      case H5I_DATASET: return .dataset
      default: return .datatype
      }
    }
  }

  /// What a member is, and where a link leads, for a sentence: `a named datatype`, `a link to '/x', which leads nowhere`.
  public func description(of name: String) throws -> String {
    let kind = try kind(of: name)
    switch try link(of: name) {
    case .soft(let path) where kind == .danglingLink: return "a link to '\(path.onOneLine)', which leads nowhere"
    case .external(let file, let path) where kind == .externalLink:
      return "a link to '\(path.onOneLine)' in the file '\(file.onOneLine)', \(fate(ofLinkTo: path, in: file))"
    default: return article(kind.rawValue)
    }
  }

  /// Why an external link is not followed, as a relative clause.
  public func fate(ofLinkTo path: String, in name: String) -> String {
    switch file.places.find(name, .link) {
    case .missing: return "which is missing"
    case .irregular: return "which is no regular file"
    case .regular where file.externalFiles == .refused: return "and external files are not allowed here"
    case .regular(let place):
      do {
        let root = try File.open(at: place, externalFiles: .allowed).root
        return try root.exists(path) ? "which cannot be opened" : "which has no such object"
      } catch {
        return "which cannot be opened"
      }
    }
  }

  /// What the elements of a dataset are made of, for a list of members; empty for what is no table.
  private func fields(of name: String) -> String {
    do {
      let fields = try dataset(name).datatype.members().map(\.name)
      return fields.isEmpty ? "" : ", a compound table of \(listed(fields, atMost: 8))"
    } catch _ {
      // The list is part of another error, and this dataset is not what that is about.
      return ""
    }
  }

  private func article(_ noun: String) -> String {
    ("aeiou".contains(noun.first ?? " ") ? "an " : "a ") + noun
  }

  // MARK: Helpers

  private func hasLink(_ name: String) throws -> Bool {
    let (id, links) = (try handle.id, try file.linkAccess.id)
    try file.attempt(.hasLink, path, name: name)
    return try Library.call("look for '\(name)' in \(handle.label)") { H5Lexists(id, name, links) } > 0
  }

  /// The library fails, rather than answers no, where a group on the way is missing: so each part is asked for.
  func requireLink(_ name: String) throws {
    var parent = ""
    for part in name.split(separator: "/") {
      let prefix = parent.isEmpty ? String(part) : parent + "/" + part
      // The library fails at a path that goes on behind a dataset, too.
      if !parent.isEmpty, try kind(atEndOf: parent) == .dataset {
        throw HDF5Error(.notFound, "'\(absolute(parent))' of '\(file.name)' is a dataset and has no member '\(part)'")
      }
      guard try hasLink(prefix) else {
        let holder = parent.isEmpty ? self : try group(parent)
        let names = try holder.memberNames(atMost: 20)
        let present = names.isEmpty ? "is empty" : "holds \(listed(names, of: try holder.memberCount()))"
        throw HDF5Error(.notFound, "\(holder.handle.label) has no member '\(part)'; it \(present)")
      }
      parent = prefix
    }
    guard !parent.isEmpty else { throw HDF5Error(.notFound, "a member of \(handle.label) must have a name") }
  }

  func require(_ name: String, _ kind: MemberKind) throws {
    let found = try self.kind(of: name)
    // What is unreadable is opened all the same: the library's error says why.
    guard found == kind || found == .unreadable else {
      throw HDF5Error(
        found == .externalLink ? .externalFile : .wrongKind,
        "'\(absolute(name))' of '\(file.name)' is \(try description(of: name)), and a \(kind.rawValue) is needed")
    }
  }
}
