import CHDF5
import Foundation
import Foundations
import Synchronization

/// How and where a dataset's elements are stored.
extension Dataset {
  /// The arrangement of the elements in the file.
  public enum Layout: String, Sendable {
    /// Inside the object's header.
    case compact
    /// One after another in one place, row-major; see `offset`.
    case contiguous
    /// In chunks, which filters may have changed.
    case chunked
    /// In other datasets.
    case virtual
  }

  /// A step that chunks pass through when they are written.
  public struct Filter: Sendable, Equatable, CustomStringConvertible {
    /// The number that it is registered with.
    public let identifier: Int32
    /// The name, such as `deflate`, `shuffle` or `fletcher32`; empty if neither file nor library knows one.
    public let name: String
    /// Its settings, for `deflate` the level.
    public let parameters: [Int]

    /// For people: `deflate 6`, `shuffle`.
    public var description: String {
      switch name {
      case "": "filter \(identifier)"
      case "deflate": ([name] + parameters.map(String.init)).joined(separator: " ")
      default: name
      }
    }
  }

  /// The arrangement of the elements in the file.
  public var layout: Layout {
    get throws { try creationFacts.layout }
  }

  /// The shape of a chunk; nil unless the layout is chunked.
  public var chunkShape: [Int]? {
    get throws { try creationFacts.chunkShape }
  }

  /// The filters in the order in which they apply on writing.
  public var filters: [Filter] {
    get throws { try creationFacts.filters }
  }

  /// What the dataset was created with.
  var creationFacts: CreationFacts {
    get throws {
      if let known = createdWith.withLock({ $0 }) { return known }
      let facts = try creation("storage", CreationFacts.init)
      createdWith.withLock { $0 = facts }
      return facts
    }
  }

  /// The bytes that the elements occupy in the file, after filters; 0 before anything is written.
  public var storageSize: Int {
    get throws {
      let id = try handle.id
      return Int(clamping: Library.value { H5Dget_storage_size(id) })
    }
  }

  /// Where the elements begin, in bytes from the begin of the file, user block included; nil unless they are stored
  /// contiguously in this file and something was written.
  public var offset: Int? {
    get throws {
      guard try layout == .contiguous else { return nil }
      let id = try handle.id
      return Library.value {
        // Before anything is stored, the library adds the user block to an undefined address.
        let address = H5Dget_offset(id)
        return H5Dget_storage_size(id) == 0 || address == chdf5_undefined_address() ? nil : Int(exactly: address)
      }
    }
  }

  /// Elements in one place occupy exactly what their extents say. The library does not check this, and a damaged file
  /// could otherwise ask for any amount of memory, be read behind its end, or be mapped beyond it.
  func checkStorage() throws {
    guard try datatype.isNumeric || datatype.isCompound(), try layout == .compact || offset != nil else { return }
    let (count, stored) = (try dataspace.count, try storageSize)
    guard count.multipliedReportingOverflow(by: datatype.byteCount) == (stored, false) else {
      throw HDF5Error(
        .library, "\(handle.label) is damaged: \(count) elements of \(datatype) are stored in \(stored) bytes")
    }
  }

  /// Whether reading takes no more than copying bytes from one place in the file, and converting them.
  var isPlain: Bool {
    get throws {
      switch try layout {
      case .compact, .contiguous: try datatype.isPlainNumber && externalFileNames.isEmpty
      case .chunked, .virtual: false
      }
    }
  }

  /// Chunks up to this many bytes are read without a question.
  private static var unquestionedChunk: Double { 64e6 }
  /// Data that say something do not shrink to a smaller share than this when they are packed.
  private static var leastShare: Double { 1.0 / 200 }

  /// Elements of up to this many bytes in all may be packed in any way.
  private static var unquestionedTotal: Double { 200e6 }
  /// No more than about a thousandth is left of zeros by zlib; one-hot rows of 1000 columns keep a five-hundredth.
  private static var leastShareOfAll: Double { 1.0 / 800 }

  /// Refuses chunks that are made to take memory: a chunk is unpacked whole, however few elements of it are wanted, and
  /// a kilobyte of a file can unpack to a megabyte of zeros.
  func requireUsualChunks() throws {
    guard try layout == .chunked, let chunk = try chunkShape else { return }
    let width = Double(datatype.byteCount)
    let bytes = chunk.reduce(width) { $0 * Double($1) }
    let (all, stored) = (width * Double(try dataspace.count), Double(try storageSize))
    guard stored > 0 else { return }
    func text(_ bytes: Double) -> String { ByteText.text(bytes) }
    if try all > Self.unquestionedTotal && !filters.isEmpty && stored < Self.leastShareOfAll * all {
      throw HDF5Error(
        .memory,
        "\(handle.label) unpacks \(text(stored)) to \(text(all)), which are the same value nearly everywhere: such files are "
          + "made to take memory; if it is right, store it without filters: h5repack -f NONE '\(file.name)' OUT.h5")
    }
    guard bytes > Self.unquestionedChunk else { return }
    let advice = "store it in smaller chunks, as h5repack -l NAME:CHUNK=... does"
    if bytes > 4 * all {
      throw HDF5Error(
        .memory,
        "\(handle.label) has \(text(all)) of elements in chunks of \(text(bytes)), which are read whole; \(advice)")
    }
    if try !filters.isEmpty, stored < Self.leastShare * max(bytes, all) {
      throw HDF5Error(
        .memory,
        "\(handle.label) has chunks of \(text(bytes)), packed so that \(text(stored)) are all of it: such files are made to "
          + "take memory; if it is right, \(advice)")
    }
    do {
      try MemoryLimit.require(
        (try filters.isEmpty ? 1 : 2) * bytes, for: "\(handle.label): reading a chunk", code: .data, advice: advice)
    } catch let error as TrainerError {
      throw HDF5Error(.memory, error.message)
    }
  }

  /// Asks the properties that the dataset was created with.
  func creation<Result: Sendable>(_ what: String, _ body: (hid_t) -> Result) throws -> Result {
    let id = try handle.id
    let list = try Library.call("read the \(what) of \(handle.label)") { H5Dget_create_plist(id) }
    return try Handle(list, label: "the creation properties of \(handle.label)").use { list in
      Library.value { body(list) }
    }
  }
}
