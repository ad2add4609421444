import CHDF5
import Foundation
import Foundations

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
    get throws {
      switch try creation("layout", { H5Pget_layout($0) }) {
      case H5D_COMPACT: .compact
      case H5D_CONTIGUOUS: .contiguous
      case H5D_CHUNKED: .chunked
      default: .virtual
      }
    }
  }

  /// The shape of a chunk; nil unless the layout is chunked.
  public var chunkShape: [Int]? {
    get throws {
      guard try layout == .chunked else { return nil }
      let rank = try shape.count
      return try creation("chunk shape") { id in
        var extents = [hsize_t](repeating: 0, count: rank)
        H5Pget_chunk(id, Int32(rank), &extents)
        return extents.map(Int.init(clamping:))
      }
    }
  }

  /// The filters in the order in which they apply on writing.
  public var filters: [Filter] {
    get throws {
      try creation("filters") { id in
        (0..<max(0, H5Pget_nfilters(id))).map { index in
          var flags: UInt32 = 0
          var configuration: UInt32 = 0
          var count = 16
          var parameters = [UInt32](repeating: 0, count: count)
          var identifier: Int32 = 0
          let name = readingText(length: 63) { buffer, size in
            identifier = H5Pget_filter2(
              id, UInt32(index), &flags, &count, &parameters, size, buffer, &configuration)
            return identifier < 0 ? 0 : strnlen(buffer, size)
          }
          return Filter(
            identifier: identifier, name: String(decoding: name, as: UTF8.self),
            parameters: parameters.prefix(count).map { Int($0) })
        }
      }
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

  /// Refuses chunks that are made to take memory: a chunk is unpacked whole, however few elements of it are wanted, and
  /// a kilobyte of a file can unpack to a megabyte of zeros.
  func requireUsualChunks() throws {
    guard try layout == .chunked, let chunk = try chunkShape else { return }
    let width = Double(datatype.byteCount)
    let bytes = chunk.reduce(width) { $0 * Double($1) }
    guard bytes > Self.unquestionedChunk else { return }
    let (all, stored) = (width * Double(try dataspace.count), Double(try storageSize))
    guard stored > 0 else { return }
    let advice = "store it in smaller chunks, as h5repack -l NAME:CHUNK=... does"
    func text(_ bytes: Double) -> String { ByteText.text(bytes) }
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
