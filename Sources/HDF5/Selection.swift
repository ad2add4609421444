import CHDF5

/// A regular pattern of elements: along each axis `count` blocks of `block` elements, `stride` apart, from `start`.
public struct Hyperslab: Sendable, Equatable {
  /// The first element along each axis.
  public var start: [Int]
  /// The number of blocks along each axis.
  public var count: [Int]
  /// The distance from one block's begin to the next along each axis.
  public var stride: [Int]
  /// The elements of a block along each axis.
  public var block: [Int]

  /// Creates a pattern; stride and block are one along each axis where they are left out.
  public init(start: [Int], count: [Int], stride: [Int]? = nil, block: [Int]? = nil) {
    self.start = start
    self.count = count
    self.stride = stride ?? start.map { _ in 1 }
    self.block = block ?? start.map { _ in 1 }
  }

  /// The number of elements.
  public var elementCount: Int { zip(count, block).reduce(1) { $0 * $1.0 * $1.1 } }

  /// Checks that the pattern lies inside the shape.
  func check(against shape: [Int], of label: String) throws {
    let rank = shape.count
    guard start.count == rank, count.count == rank, stride.count == rank, block.count == rank else {
      throw HDF5Error(.shape, "a selection with \(start.count) axes does not fit \(label), which has \(rank)")
    }
    for axis in 0..<rank {
      guard start[axis] >= 0, count[axis] >= 0, block[axis] >= 1, stride[axis] >= block[axis] || count[axis] <= 1
      else { throw HDF5Error(.shape, "the selection along axis \(axis) of \(label) is negative or overlaps itself") }
      let end = count[axis] == 0 ? start[axis] : start[axis] + (count[axis] - 1) * stride[axis] + block[axis]
      guard end <= shape[axis] else {
        throw HDF5Error(
          .shape, "the selection ends at \(end) along axis \(axis) of \(label), which has \(shape[axis]) elements there"
        )
      }
    }
  }

  /// Makes this the selection of a dataspace. Part of a locked call.
  func select(in space: hid_t) -> herr_t {
    H5Sselect_hyperslab(
      space, H5S_SELECT_SET, start.map(hsize_t.init), stride.map { hsize_t(max(1, $0)) }, count.map(hsize_t.init),
      block.map(hsize_t.init))
  }
}

/// The elements of a dataset that a transfer touches.
public enum Selection: Sendable, Equatable {
  /// Every element.
  case all
  /// Consecutive indices along the first axis, with everything behind them.
  case range(Range<Int>)
  /// Indices along the first axis in any order, repetitions included; memory holds them in this order. Of a row
  /// written twice the later one stays.
  case rows([Int])
  /// A regular pattern; memory holds it in row-major order.
  case hyperslab(Hyperslab)

  /// One transfer: a pattern in the file (nil: everything) and the elements in memory that it pairs with.
  struct Piece {
    var slab: Hyperslab?
    var memory: Range<Int>
  }

  /// Cuts the selection into as few transfers as possible, in ascending order in the file, so that each chunk is
  /// unpacked once: O(n log n) for n listed rows, otherwise O(1).
  func pieces(in space: Dataspace, of label: String) throws -> [Piece] {
    switch self {
    case .all:
      return [Piece(slab: nil, memory: 0..<space.count)]
    case .hyperslab(let slab):
      try slab.check(against: space.shape, of: label)
      return [Piece(slab: slab, memory: 0..<slab.elementCount)]
    case .range(let range):
      let slab = try Self.slab(rows: range, shape: space.shape, label: label)
      return [Piece(slab: slab, memory: 0..<slab.elementCount)]
    case .rows(let rows):
      let width = space.shape.dropFirst().reduce(1, *)
      let order = rows.indices.sorted { (rows[$0], $0) < (rows[$1], $1) }
      var pieces: [Piece] = []
      var first = 0
      while first < order.count {
        var last = first
        while last + 1 < order.count, rows[order[last + 1]] == rows[order[last]] + 1, order[last + 1] == order[last] + 1
        {
          last += 1
        }
        let row = rows[order[first]]
        let slab = try Self.slab(rows: row..<row + last - first + 1, shape: space.shape, label: label)
        pieces.append(Piece(slab: slab, memory: order[first] * width..<(order[last] + 1) * width))
        first = last + 1
      }
      return pieces
    }
  }

  private static func slab(rows: Range<Int>, shape: [Int], label: String) throws -> Hyperslab {
    guard let extent = shape.first else { throw HDF5Error(.shape, "\(label) is a scalar and has no rows") }
    guard rows.lowerBound >= 0, rows.upperBound <= extent else {
      throw HDF5Error(.shape, "rows \(rows) were asked of \(label), which has \(extent)")
    }
    return Hyperslab(
      start: [rows.lowerBound] + shape.dropFirst().map { _ in 0 }, count: [rows.count] + shape.dropFirst())
  }
}
