import Checkpoints
import Datasets
import Foundation
import Foundations

/// A file of named tensors: safetensors, NPZ, or a checkpoint of this program.
struct TensorFile {
  /// One of its tensors.
  struct Tensor {
    let name: String
    let shape: [Int]
    fileprivate let elements: Elements
  }

  fileprivate enum Elements {
    case values([Double])
    /// Of safetensors: a type and a place.
    case stored(type: String, Range<Int>)
  }

  /// The file, or the checkpoint that was chosen of a run directory.
  let place: String
  let tensors: [Tensor]
  private let bytes: [UInt8]

  /// Reads a file's tensors, or their descriptions.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it cannot be read, or is none of these.
  init(_ path: String, registries: Registries) throws {
    do {
      let files = SystemFileSystem()
      guard let status = try files.status(of: path) else {
        throw TrainerError(.usage, "initial.path: there is no file \(path)\(neighbourHint(of: path))")
      }
      if status.isDirectory || CheckpointFile.isCheckpoint(path) {
        let checkpoint = try ModelCheckpoint(path)
        let trained = try TrainedTensors(checkpoint: checkpoint.path, registries: registries)
        place = checkpoint.path
        tensors =
          trained.parameters.map { Tensor(name: $0.name, shape: $0.shape, elements: .values($0.doubles)) }
          + trained.state.map { Tensor(name: "state/\($0.name)", shape: $0.shape, elements: .values($0.doubles)) }
        bytes = []
        return
      }
      place = path
      let source = try StreamedBytes(path: path)
      if try Self.isArchive(source) {
        (tensors, bytes) = (try Self.archived(source, path), [])
      } else {
        bytes = try files.contents(of: path)
        tensors = try Self.described(bytes, path)
      }
    } catch let error as FileError {
      throw TrainerError(.usage, "initial.path: \(path) cannot be read: \(error.reason)")
    } catch let error as TrainerError where !error.message.hasPrefix("initial") {
      throw TrainerError(.usage, "initial.path: \(error.message)")
    }
  }

  private static func isArchive(_ source: StreamedBytes) throws -> Bool {
    let start = try source.bytes(4)
    _ = try source.seek(to: 0)
    return start.starts(with: Array("PK".utf8))
  }

  // MARK: - NPZ

  private static func archived(_ source: StreamedBytes, _ path: String) throws -> [Tensor] {
    let archive = try ZIPArchive(source)
    return try archive.members.filter { $0.name.hasSuffix(".npy") }.map { member in
      let name = String(member.name.dropLast(4))
      let file = try NPYFile(archive.open(member, name: "'\(path)': the array '\(name)'"))
      guard case .numbers(let table) = try file.values() else {
        throw TrainerError(.usage, "initial.path: \(path): the array '\(name.onOneLine)' holds no numbers")
      }
      return Tensor(name: name, shape: file.header.shape, elements: .values(table.type.doubles(table.bytes)))
    }
  }

  // MARK: - safetensors

  /// The longest header that is read, as in safetensors' own reader.
  private static let longestHeader = 100_000_000

  private static func described(_ bytes: [UInt8], _ path: String) throws -> [Tensor] {
    func fault(_ what: String) -> TrainerError {
      TrainerError(
        .usage, "initial.path: \(path) is no file of parameters (safetensors, NPZ or a checkpoint): \(what)")
    }
    guard bytes.count >= 8 else { throw fault("it has \(bytes.count) bytes") }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(longestHeader, bytes.count - 8)) else { throw fault("it does not begin with a header") }
    let first = 8 + Int(length)
    guard let text = String(validating: bytes[8..<first], as: UTF8.self) else { throw fault("its header is no text") }
    let header: JSONValue
    do {
      header = try JSONDocument(text: text, source: path).root
    } catch is TrainerError {
      throw fault("its header is no JSON")
    }
    guard case .object(let object) = header else { throw fault("its header is no object") }
    return try object.members.filter { $0.key != "__metadata__" }.map { member in
      guard let type = member.value["dtype"]?.text, let extents = member.value["shape"]?.elements,
        let places = member.value["data_offsets"]?.elements?.compactMap(\.int), places.count == 2,
        0 <= places[0], places[0] <= places[1], places[1] <= bytes.count - first
      else { throw fault("its tensor '\(member.key.onOneLine)' has no type, shape and place within the file") }
      let shape = extents.compactMap(\.int)
      var count = 1
      for extent in shape where count >= 0 {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        count = overflow || extent < 0 ? -1 : product
      }
      // Of a type that is not read, only that is said, and only if it is wanted.
      guard shape.count == extents.count, count >= 0,
        sizes[type].map({ count.multipliedReportingOverflow(by: $0) == (places[1] - places[0], false) }) ?? true
      else { throw fault("the shape of its tensor '\(member.key.onOneLine)' does not fit its bytes") }
      return Tensor(
        name: member.key, shape: shape, elements: .stored(type: type, first + places[0]..<first + places[1]))
    }
  }

  /// The bytes of an element of each type that parameters can have.
  private static let sizes = ["F64": 8, "F32": 4, "F16": 2, "BF16": 2]

  /// A tensor's elements in row-major order; each number of a file is a double too.
  ///
  /// - Throws: `TrainerError` with code `.usage` for a type of element that is not read.
  func values(of tensor: Tensor) throws -> [Double] {
    switch tensor.elements {
    case .values(let values): return values
    case .stored(let type, let range):
      let bytes = bytes[range]
      func numbers<Bits: FixedWidthInteger>(_: Bits.Type, _ value: (Bits) -> Double) -> [Double] {
        bytes.withUnsafeBytes { raw in
          (0..<raw.count / MemoryLayout<Bits>.size).map {
            value(Bits(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Bits>.size, as: Bits.self)))
          }
        }
      }
      switch type {
      case "F64": return numbers(UInt64.self) { Double(bitPattern: $0) }
      case "F32": return numbers(UInt32.self) { Double(Float(bitPattern: $0)) }
      case "BF16": return numbers(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
      case "F16": return numbers(UInt16.self) { Double(NPYType.single(ofHalf: $0)) }
      default:
        throw TrainerError(
          .usage,
          "initial: '\(tensor.name.onOneLine)' of \(place) has elements of the type \(type.onOneLine), and F64, F32, F16 and BF16 are "
            + "read")
      }
    }
  }
}
