import Foundation

/// A map x ↦ x · scale + offset of each column, which is (x − center) · scale + shift too.
///
/// The second way costs no digits where a column's mean is large beside its deviation; the first is what bytes go
/// through as they are gathered, of which none is large.
package struct AffineColumns: Sendable, Equatable {
  /// The factor of each column.
  package private(set) var scale: [Double]
  /// What is added to each column.
  package private(set) var offset: [Double]
  /// What is subtracted from each column before the factor; 0 where nothing was standardized.
  package private(set) var center: [Double]
  /// What is added to each column behind center and factor.
  package private(set) var shift: [Double]

  /// The map that changes nothing.
  package static func identity(columns: Int) -> AffineColumns {
    AffineColumns(scale: Array(repeating: 1, count: columns), offset: Array(repeating: 0, count: columns))
  }

  /// Creates a map; all arrays have an element for each column.
  ///
  /// - Parameter centered: The center and the shift of each column; `nil` for 0 and the offset.
  package init(scale: [Double], offset: [Double], centered: (center: [Double], shift: [Double])? = nil) {
    self.scale = scale
    self.offset = offset
    center = centered?.center ?? Array(repeating: 0, count: scale.count)
    shift = centered?.shift ?? offset
  }

  /// Whether it changes nothing.
  package var isIdentity: Bool { scale.allSatisfy { $0 == 1 } && offset.allSatisfy { $0 == 0 } }

  /// A column's value of x, as exactly as it can be computed.
  func callAsFunction(_ x: Double, column: Int) -> Double {
    fma(x - center[column], scale[column], shift[column])
  }

  /// This map and then x ↦ x · scale + offset.
  package func followed(by scale: [Double], _ offset: [Double]) -> AffineColumns {
    func joined(_ own: [Double]) -> [Double] { zip(zip(own, scale).map(*), offset).map(+) }
    return AffineColumns(
      scale: zip(self.scale, scale).map(*), offset: joined(self.offset), centered: (center, joined(shift)))
  }

  /// This map and then the one that takes the mean of its values to 0 and their deviation to 1.
  ///
  /// - Parameters:
  ///   - means: Each column's mean before this map.
  ///   - deviations: Each column's deviation behind this map; not 0.
  func standardized(means: [Double], deviations: [Double]) -> AffineColumns {
    let mapped = means.indices.map { means[$0] * scale[$0] + offset[$0] }
    let folded = followed(by: deviations.map { 1 / $0 }, zip(mapped, deviations).map { -$0 / $1 })
    return AffineColumns(
      scale: folded.scale, offset: folded.offset, centered: (means, Array(repeating: 0, count: means.count)))
  }
}
