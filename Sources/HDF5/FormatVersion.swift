import CHDF5
import Foundation

/// What the first block of an HDF5 file, its superblock, says about the program that wrote it.
struct Superblock: Sendable, Equatable {
  /// The eight bytes that begin it.
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  /// The version of its format: 0 since 1998, 2 since HDF5 1.8, 3 since 1.10.
  let version: UInt8
  /// Where it is: the bytes of another program's that come before.
  let offset: Int

  /// Looks for it at 0, 512, 1024, 2048 and so on; `nil` if it is at none of them.
  init?(_ bytes: UnsafeRawBufferPointer) {
    for offset in Self.offsets where offset + Self.signature.count <= bytes.count {
      let end = offset + Self.signature.count
      if bytes[offset..<end].elementsEqual(Self.signature) {
        version = end < bytes.count ? bytes[end] : 0
        self.offset = offset
        return
      }
    }
    return nil
  }

  /// Looks for it in a file; `nil` if it is not found, the file cannot be read, or it is no regular file: what is read of a
  /// pipe is gone, and who writes to it would learn that somebody had opened it.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var start = [UInt8](repeating: 0, count: Self.signature.count + 1)
    for offset in Self.offsets {
      let count = start.count
      let read = start.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
      guard read >= Self.signature.count else { return nil }
      if start.starts(with: Self.signature) {
        version = start[count - 1]
        self.offset = offset
        return
      }
    }
    return nil
  }

  private static var offsets: some Sequence<Int> {
    sequence(first: 0) { $0 == 0 ? 512 : $0 < 1 << 50 ? 2 * $0 : nil }
  }
}

/// Telling a newer format from damage.
///
/// A part of a file has its version's number in it, and the library says no more than that it does not know the number.
/// Files in new formats have a superblock of version 2 or more, whose objects carry checksums: there a number that does not
/// belong is found before it is looked at. In an older file it can be either.
enum FormatVersion {
  /// The library that this program runs with, such as `libhdf5 1.10.8`.
  static let library = "libhdf5 \(File.libraryVersion.map { "\($0)" }.joined(separator: "."))"

  /// Whether the library's words are about a version that it does not know.
  static func isUnknown(in stack: [HDF5Error.Frame]) -> Bool {
    guard let text = stack.first(where: { !$0.text.isEmpty })?.text.lowercased() else { return false }
    let isVersion =
      text.contains("version") && ["bad", "wrong", "unknown", "unsupported"].contains { text.contains($0) }
    return isVersion || text.contains("fail if unknown")
  }

  /// The error for a part of a file with a version that the library does not know.
  static func error(_ error: HDF5Error, file: String, superblock: Superblock?) -> HDF5Error {
    let isSure = (2...8).contains(superblock?.version ?? 0)
    let copy = copyName(of: file)
    let command =
      "python3 -c \"import h5py; a = h5py.File('\(file)'); b = h5py.File('\(copy)', 'w', libver=('earliest', 'v110')); "
      + "a.visititems(lambda n, o: (b.create_dataset(n, data=o[()]) if isinstance(o, h5py.Dataset) else "
      + "b.require_group(n)).attrs.update(o.attrs))\""
    let cause = HDF5Error.cause(in: error.stack)
    return HDF5Error(
      .newerFormat,
      "\(error.action): it is \(isSure ? "" : "damaged or ")written in a newer format than \(library) reads (\(cause)); "
        + "convert the file with a newer library, such as that of Python's h5py: \(command)")
  }

  /// A name beside a file for its converted copy.
  private static func copyName(of path: String) -> String {
    let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[name...].lastIndex(of: "."), dot > name else { return path + "-v110.h5" }
    return path[..<dot] + "-v110" + path[dot...]
  }
}

extension File {
  /// The endings of names by which a file is meant to be HDF5, in lower case.
  private static let nameEndings = [".h5", ".hdf5", ".hdf", ".he5", ".h5ad", ".nc", ".mat"]

  /// The version of the HDF5 library that this program runs with: major, minor and release number.
  public static let libraryVersion: [Int] = {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    // A call that keeps no state, so it needs no lock.
    H5get_libversion(&major, &minor, &release)
    return [Int(major), Int(minor), Int(release)]
  }()

  /// The eight bytes that an HDF5 file begins with, maybe behind another program's.
  package static var signature: [UInt8] { Superblock.signature }

  /// Whether a path is to be read as HDF5: by the file's signature, at its start or behind another program's bytes, or else
  /// by its name, so that what reads it says what is wrong with a damaged one, or one that is missing.
  ///
  /// Only a regular file is opened, so nothing of a pipe is lost.
  package static func isHDF5(at path: String) -> Bool {
    nameEndings.contains(where: path.lowercased().hasSuffix) || Superblock(path: path) != nil
  }

  /// The bytes of another program's that come before the HDF5 part.
  public var userBlockSize: Int { superblock?.offset ?? 0 }

  /// Runs `body`; what it finds in a version that the library does not know is an error that says how to convert the file.
  func tellingVersions<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HDF5Error where error.reason == .newerFormat && !error.stack.isEmpty {
      throw FormatVersion.error(error, file: name, superblock: superblock)
    }
  }
}
