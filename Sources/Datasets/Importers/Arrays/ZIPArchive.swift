import CZlib
import Foundations

/// The members of a ZIP archive (PKWARE's APPNOTE 6.3, 2006), stored or deflated, with the extension for large ones
/// (ZIP64). Archives that are encrypted or spread over several files are refused.
package final class ZIPArchive {
  /// A member as the directory at the archive's end describes it.
  package struct Member: Equatable {
    /// The name, with the folders that it is in.
    package let name: String
    let method: Int
    let checksum: UInt32
    let packedSize: Int
    let size: Int
    let offset: Int
    let isEncrypted: Bool
  }

  /// The marks of what an archive consists of.
  private enum Mark {
    static let (local, central, end): ([UInt8], [UInt8], [UInt8]) = (
      [0x50, 0x4B, 3, 4], [0x50, 0x4B, 1, 2], [0x50, 0x4B, 5, 6]
    )
    static let (end64, locator64): ([UInt8], [UInt8]) = ([0x50, 0x4B, 6, 6], [0x50, 0x4B, 6, 7])
  }

  /// The members in the directory's order; no two have the same name.
  package let members: [Member]
  private let source: any ByteSource

  /// Whether bytes are the first of an archive.
  static func isBeginning(_ bytes: [UInt8]) -> Bool { bytes.starts(with: Mark.local) || bytes.starts(with: Mark.end) }

  /// Reads the directory of an archive.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it is damaged or no archive.
  package init(_ source: any ByteSource) throws {
    self.source = source
    func fault(_ what: String) -> TrainerError {
      TrainerError(.data, "\(source.name) is a damaged ZIP archive: \(what); get the file again")
    }
    guard let size = source.largestLength, try source.seek(to: 0) else {
      throw TrainerError(.data, "\(source.name) is a ZIP archive inside a gzipped file; unpack it first with gunzip")
    }
    func bytes(_ range: Range<Int>) throws -> [UInt8] {
      guard range.upperBound <= size, try source.seek(to: range.lowerBound),
        case let bytes = try source.bytes(range.count), bytes.count == range.count
      else { throw fault("it ends too early") }
      return bytes
    }
    // The directory is found from the end, in front of which there is a comment of at most 65 535 bytes.
    let tailStart = max(0, size - 22 - 0xFFFF)
    let tail = try bytes(tailStart..<size)
    guard tail.count >= 22, let end = (0...tail.count - 22).last(where: { tail[$0...].starts(with: Mark.end) }) else {
      throw fault("it has no directory at its end")
    }
    var count = tail.number(2, at: end + 10)
    var (length, start) = (tail.number(4, at: end + 12), tail.number(4, at: end + 16))
    if count == 0xFFFF || length == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      guard end >= 20, tail[(end - 20)...].starts(with: Mark.locator64) else {
        throw fault("it has no large directory")
      }
      let place = tail.number(8, at: end - 12)
      guard place >= 0, place <= size - 56 else { throw fault("its directory is not in it") }
      let record = try bytes(place..<place + 56)
      guard record.starts(with: Mark.end64) else { throw fault("its large directory is none") }
      (count, length, start) = (record.number(8, at: 32), record.number(8, at: 40), record.number(8, at: 48))
    }
    guard start >= 0, length >= 0, length <= size, start <= size - length, count >= 0, count <= length / 46 else {
      throw fault("its directory is not in it")
    }
    let directory = try bytes(start..<start + length)
    var members: [Member] = []
    var at = 0
    for _ in 0..<count {
      guard let (member, next) = Self.member(directory, at: at) else { throw fault("its directory is unreadable") }
      guard member.packedSize >= 0, member.offset >= 0, member.packedSize <= size,
        member.offset <= size - member.packedSize,
        member.size >= 0, member.size / deflateFactor <= member.packedSize
      else { throw fault("its member '\(member.name)' cannot be in it") }
      members.append(member)
      at = next
    }
    guard Set(members.map(\.name)).count == members.count else { throw fault("two members have one name") }
    self.members = members
  }

  private static func member(_ bytes: [UInt8], at: Int) -> (Member, next: Int)? {
    guard at <= bytes.count - 46, bytes[at...].starts(with: Mark.central) else { return nil }
    let lengths = [28, 30, 32].map { bytes.number(2, at: at + $0) }
    let (names, extra) = (at + 46, at + 46 + lengths[0])
    let next = extra + lengths[1] + lengths[2]
    guard next <= bytes.count else { return nil }
    var place = Place(
      size: bytes.number(4, at: at + 24), packedSize: bytes.number(4, at: at + 20), offset: bytes.number(4, at: at + 42)
    )
    // What does not fit 32 bits stands in an extra field, in this order.
    var field = extra
    while field + 4 <= extra + lengths[1] {
      let (identifier, length) = (bytes.number(2, at: field), bytes.number(2, at: field + 2))
      let end = field + 4 + length
      guard end <= extra + lengths[1] else { return nil }
      if identifier == 1 {
        var large = field + 4
        for part in [\Place.size, \Place.packedSize, \Place.offset] where place[keyPath: part] == 0xFFFF_FFFF {
          guard large + 8 <= end else { return nil }
          place[keyPath: part] = bytes.number(8, at: large)
          large += 8
        }
      }
      field = end
    }
    return (
      Member(
        name: String(decoding: bytes[names..<extra], as: UTF8.self), method: bytes.number(2, at: at + 10),
        checksum: UInt32(bytes.number(4, at: at + 16)), packedSize: place.packedSize, size: place.size,
        offset: place.offset, isEncrypted: bytes[at + 8] & 1 == 1), next
    )
  }

  private struct Place { var size, packedSize, offset: Int }

  /// The bytes of a member; one can be read at a time.
  ///
  /// - Parameter name: What messages call it.
  /// - Throws: `TrainerError` with exit code `data` if it is encrypted, packed in another way, or not where it should be.
  package func open(_ member: Member, name: String) throws -> ZIPMember {
    guard !member.isEncrypted else { throw TrainerError(.data, "\(name) is encrypted; unpack it first") }
    guard member.method == 0 || member.method == 8 else {
      throw TrainerError(
        .data,
        "\(name) is packed by method \(member.method), and members that are stored or deflated are read; save it "
          + "with numpy.savez")
    }
    _ = try source.seek(to: member.offset)
    let header = try source.bytes(30)
    guard header.count == 30, header.starts(with: Mark.local) else {
      throw TrainerError(.data, "\(name) is not where its archive says; get the file again")
    }
    let start = member.offset + 30 + header.number(2, at: 26) + header.number(2, at: 28)
    return try ZIPMember(member, in: source, at: start, name: name)
  }
}

extension [UInt8] {
  /// A little-endian whole number of so many bytes; negative if it has 64 bits and the highest is set.
  fileprivate func number(_ count: Int, at offset: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(self[offset + $1]) << (8 * $1) }
  }
}
