import CHDF5
import Foundation
import Foundations

/// The extents of a dataset or attribute.
public final class Dataspace: Sendable, Equatable, CustomStringConvertible {
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The extents up to which a dataset may grow; nil is without bound.
  public let maximumShape: [Int?]
  /// Whether there is no element at all, not even one of zero extent.
  public let isNull: Bool
  let handle: Handle

  /// The number of elements.
  public var count: Int { isNull ? 0 : shape.reduce(1, *) }

  /// Creates a space of one element (no extents) or of rows and columns.
  ///
  /// - Parameters:
  ///   - shape: the extents, outermost first.
  ///   - maximumShape: up to where a chunked dataset may grow later; nil in it is without bound. The shape itself
  ///     if it is left out.
  public convenience init(_ shape: [Int], maximumShape: [Int?]? = nil) throws {
    guard shape.allSatisfy({ $0 >= 0 }) else { throw HDF5Error(.shape, "the shape \(shape) has a negative extent") }
    guard maximumShape == nil || maximumShape?.count == shape.count else {
      throw HDF5Error(.shape, "the shape \(shape) and its maximum differ in their number of axes")
    }
    try Self.checkCount(shape, label: "the shape \(shape)")
    try self.init(label: "\(shape)") {
      if shape.isEmpty { return H5Screate(H5S_SCALAR) }
      let maximum = maximumShape?.map { $0.map(hsize_t.init) ?? chdf5_unlimited() }
      return H5Screate_simple(Int32(shape.count), shape.map(hsize_t.init), maximum)
    }
  }

  /// Takes over the identifier that the calls return.
  init(label: String, _ make: () -> hid_t) throws {
    let id = try Library.call("make or read the extents of \(label)", make)
    handle = Handle(id, label: "the extents of \(label)")
    let (current, maximum, isNull) = Library.value {
      let rank = max(0, Int(H5Sget_simple_extent_ndims(id)))
      var current = [hsize_t](repeating: 0, count: rank)
      var maximum = current
      H5Sget_simple_extent_dims(id, &current, &maximum)
      let unlimited = chdf5_unlimited()
      return (
        current.map(Int.init(clamping:)), maximum.map { $0 == unlimited ? nil : Int(clamping: $0) },
        H5Sget_simple_extent_type(id) == H5S_NULL
      )
    }
    try Self.checkCount(current, label: label)
    shape = current
    maximumShape = maximum
    self.isNull = isNull
  }

  /// Extents from a damaged file may be anything; behind this check their product can be taken.
  private static func checkCount(_ shape: [Int], label: String) throws {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { throw HDF5Error(.shape, "\(label) has more elements than can be counted") }
      count = product
    }
  }

  /// Checks that an array of so many elements can be allocated: extents from a damaged file may be anything, and the
  /// program would end where an error is due.
  static func checkMemory(count: Int, byteCount: Int, label: String) throws {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: max(byteCount, 1))
    guard !overflow else {
      throw HDF5Error(.memory, "\(label) has \(count) elements, which take more bytes than can be counted")
    }
    do {
      try MemoryLimit.require(
        Double(bytes), for: "\(label) with its \(count) elements", code: .data, advice: "read a part")
    } catch let error as TrainerError {
      throw HDF5Error(.memory, error.message)
    }
  }

  /// For people: `1437 x 64`, `scalar` or `null`.
  public var description: String {
    if isNull { return "null" }
    return shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: " x ")
  }

  /// Whether both have the same extents and may grow to the same.
  public static func == (left: Dataspace, right: Dataspace) -> Bool {
    left.shape == right.shape && left.maximumShape == right.maximumShape && left.isNull == right.isNull
  }
}
