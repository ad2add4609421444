/// The kernels written in the plainest way, as the reference that the fast ones are held to. Arrays are row-major.
public enum Naive {
  /// How a product's terms are added up.
  public enum Chain: Sendable {
    /// Multiply-adds that round once.
    case fused
    /// Rounded after the multiplication and after the addition.
    case separate

    /// The sum with one product more.
    @inlinable
    public func adding<Scalar: BinaryFloatingPoint>(_ x: Scalar, _ y: Scalar, to sum: Scalar) -> Scalar {
      self == .fused ? sum.addingProduct(x, y) : sum + x * y
    }
  }

  /// `a` [rows, depth] · `b` [depth, columns], plus `start` if there is one: each element one chain over the depth
  /// in ascending order from 0, and `start` added last.
  ///
  /// A transposed operand is stored with its axes exchanged.
  @inlinable
  public static func multiply<Scalar: BinaryFloatingPoint>(
    _ a: [Scalar], transposed aTransposed: Bool = false, _ b: [Scalar], transposed bTransposed: Bool = false,
    rows: Int, columns: Int, depth: Int, addedTo start: [Scalar]? = nil, chain: Chain = .fused
  ) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: rows * columns)
    for i in 0..<rows {
      for j in 0..<columns {
        var sum: Scalar = 0
        for p in 0..<depth {
          let x = a[aTransposed ? p * rows + i : i * depth + p]
          let y = b[bTransposed ? j * depth + p : p * columns + j]
          switch chain {
          case .fused: sum.addProduct(x, y)
          case .separate: sum += x * y
          }
        }
        result[i * columns + j] = start.map { $0[i * columns + j] + sum } ?? sum
      }
    }
    return result
  }

  /// The same product with each element one chain for each of `lanes` lanes, of which lane l has the terms l, l + lanes
  /// and so on, added up by halves.
  @inlinable
  public static func multiplyByLanes<Scalar: BinaryFloatingPoint>(
    _ a: [Scalar], _ b: [Scalar], transposed bTransposed: Bool = false, rows: Int, columns: Int, depth: Int, lanes: Int,
    chain: Chain = .fused
  ) -> [Scalar] {
    (0..<rows * columns).map { index in
      let (i, j) = (index / columns, index % columns)
      var sums = (0..<lanes).map { lane in
        stride(from: lane, to: depth, by: lanes).reduce(Scalar(0)) { sum, p in
          let (x, y) = (a[i * depth + p], b[bTransposed ? j * depth + p : p * columns + j])
          return chain == .fused ? sum.addingProduct(x, y) : sum + x * y
        }
      }
      while sums.count > 1 {
        let half = sums.count / 2
        sums = (0..<half).map { sums[$0] + sums[$0 + half] }
      }
      return sums[0]
    }
  }

  /// Joins the middle axis of `x` [outer, count, inner] in ascending order, from `first` on.
  public static func reduce<Scalar: BinaryFloatingPoint>(
    _ x: [Scalar], outer: Int, count: Int, inner: Int, from first: Scalar, _ join: (Scalar, Scalar) -> Scalar
  ) -> [Scalar] {
    (0..<outer).flatMap { o in
      (0..<inner).map { i in (0..<count).reduce(first) { join($0, x[(o * count + $1) * inner + i]) } }
    }
  }

  /// All coordinates in an array of a shape, in row-major order.
  public static func coordinates(of shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
  }

  /// The elements of an array of a shape whose element at some coordinates is `x` at their dot product with `strides`.
  public static func stridedCopy<Scalar>(_ x: [Scalar], shape: [Int], strides: [Int]) -> [Scalar] {
    coordinates(of: shape).map { x[zip($0, strides).reduce(0) { $0 + $1.0 * $1.1 }] }
  }
}
