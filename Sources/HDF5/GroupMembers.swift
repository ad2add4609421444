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
    return try collectingNames(atMost: limit, of: handle.label) { visitor, context in
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
    try file.attempt(.member, path, name: name)
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
    let names = Self.names(in: path)
    let kinds = try kinds(along: names)
    if kinds.last == .unreadable, kinds.count < names.count {
      // The library's error says why.
      _ = try Group(opening: absolute(names[..<kinds.count].joined(separator: "/")), of: file)
    }
    return kinds.count == names.count && kinds.last != .danglingLink && kinds.last != .externalLink
  }

  /// The names that a path is made of.
  package static func names(in path: String) -> [String] { path.split(separator: "/").map(String.init) }

  /// What the names of a path stand for, one after the other, as far as they lead: up to the last, to one that is in no
  /// group, or to one that is not there, which is left out. Each group on the way is opened once.
  package func kinds(along names: [String]) throws -> [MemberKind] {
    prepare([names])
    var kinds: [MemberKind] = []
    var holder = self
    for name in names {
      if kinds.last != nil { holder = try Group(opening: names[kinds.count - 1], in: holder) }
      guard try holder.hasLink(name) else { break }
      kinds.append(try holder.kind(atEndOf: name))
      guard kinds.last == .group else { break }
    }
    return kinds
  }

  /// Has all that is on these paths from here read in trial at once; see ``ReadingTrial/prepare(_:)``.
  package func prepare(_ paths: some Sequence<[String]>) {
    file.prepare {
      var requests: [ReadingTrial.Request] = []
      for names in paths {
        var holder = path
        for name in names {
          let own = holder == "/" ? "/" + name : holder + "/" + name
          requests += [.init(action: .member, path: holder, name: name), .init(action: .object, path: own)]
          holder = own
        }
      }
      return requests
    }
  }

  /// What a member is.
  ///
  /// - Throws: `HDF5Error` that lists the members present if there is none of that name.
  public func kind(of name: String) throws -> MemberKind {
    let names = Self.names(in: name)
    let kinds = try kinds(along: names)
    guard kinds.count == names.count, let kind = kinds.last else { throw try missing(names, kinds) }
    return kind
  }

  /// What a name of this group stands for that is known to be there.
  private func kind(atEndOf name: String) throws -> MemberKind {
    let (id, links, datasets) = (try handle.id, try file.linkAccess.id, try file.datasetAccess.id)
    try file.attempt(.member, path, name: name)
    // Opening follows soft and external links; the library's own test for existence does not.
    let (kind, stack): (MemberKind, [HDF5Error.Frame]) = Library.value {
      var object = H5Oopen(id, name, links)
      if object < 0 {
        // What took too much memory the library may take for whole when it is opened once more.
        let stack = HDF5Error.currentStack()
        if HDF5Error.isOfMemory(stack) { return (.unreadable, stack) }
        // That opens a dataset with no properties of its own, and the library refuses one that is open already with others.
        object = H5Dopen2(id, name, datasets)
      }
      if object < 0 {
        let stack = HDF5Error.currentStack()
        return (Self.kind(ofUnopened: name, in: id, links), stack)
      }
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_GROUP: return (.group, [])
      case H5I_DATASET: return (.dataset, [])
      default: return (.datatype, [])
      }
    }
    // What opening takes too much memory for must not be opened once more to see why.
    let error = HDF5Error(action: "open '\(absolute(name))' of '\(file.name)'", stack: stack)
    if error.isOfMemory { throw error }
    return kind
  }

  /// What a name stands for that does not open; part of a locked call.
  private static func kind(ofUnopened name: String, in id: hid_t, _ links: hid_t) -> MemberKind {
    if H5Oexists_by_name(id, name, links) > 0 { return .unreadable }
    var size = 0
    return chdf5_link_kind(id, name, links, &size) == 2 ? .externalLink : .danglingLink
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
    try file.attempt(.member, path, name: name)
    return try Library.call("look for '\(name)' in \(handle.label)") { H5Lexists(id, name, links) } > 0
  }

  /// The error for a path that leads nowhere behind its first names, which stand for these.
  private func missing(_ names: [String], _ kinds: [MemberKind]) throws -> HDF5Error {
    guard kinds.count < names.count else { return HDF5Error(.notFound, "a member of \(handle.label) must have a name") }
    let (name, parent) = (names[kinds.count], names[..<kinds.count].joined(separator: "/"))
    switch kinds.last {
    case .dataset:
      return HDF5Error(.notFound, "'\(absolute(parent))' of '\(file.name)' is a dataset and has no member '\(name)'")
    case .group, nil:
      let holder = parent.isEmpty ? self : try Group(opening: absolute(parent), of: file)
      let present = try holder.memberNames(atMost: 20)
      let text = present.isEmpty ? "is empty" : "holds \(listed(present, of: try holder.memberCount()))"
      return HDF5Error(.notFound, "\(holder.handle.label) has no member '\(name)'; it \(text)")
    default:
      // The library fails there, and its error says why.
      _ = try hasLink(parent + "/" + name)
      return HDF5Error(.notFound, "'\(absolute(parent))' of '\(file.name)' has no member '\(name)'")
    }
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
