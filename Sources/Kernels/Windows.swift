import CKernels

/// The extents of three axes, of which those that there are not are 1.
package typealias Extents = ck_extents

/// Windows that slide over a sample: where each begins, and how far from there each of its elements lies. See Note
/// [Windows] in CKernels.
package final class Windows: Sendable {
  // Written once, here, and freed with the object.
  nonisolated(unsafe) private let from: UnsafePointer<Int32>
  nonisolated(unsafe) private let taps: UnsafePointer<Int32>
  nonisolated(unsafe) private let results: UnsafePointer<Int32>?
  /// The windows of a sample.
  package let count: Int
  /// The elements of a window.
  package let tapCount: Int
  /// Whether no element is in two windows.
  private let areDisjoint: Bool

  /// - Parameters:
  ///   - places: The first element of each window, from the beginning of its sample.
  ///   - taps: The distance of each element of a window from the first.
  ///   - results: Where each window's result goes, from the beginning of the sample's; `nil` for one after the other.
  ///   - areDisjoint: Whether no element is in two windows.
  package init(places: [Int], taps: [Int], results: [Int]? = nil, areDisjoint: Bool = false) {
    self.areDisjoint = areDisjoint
    count = places.count
    tapCount = taps.count
    from = Self.copy(places)
    self.taps = Self.copy(taps)
    self.results = results.map(Self.copy)
  }

  deinit {
    from.deallocate()
    taps.deallocate()
    results?.deallocate()
  }

  private static func copy(_ numbers: [Int]) -> UnsafePointer<Int32> {
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, numbers.count))
    memory.initialize(repeating: 0, count: max(1, numbers.count))
    for (index, number) in numbers.enumerated() { memory[index] = Int32(number) }
    return UnsafePointer(memory)
  }

  /// The windows of some samples, as the kernels take them.
  fileprivate func over(_ samples: Samples) -> ck_windows {
    ck_windows(
      samples: samples.count, places: count, taps: tapCount, from: from, at: taps, x_sample: samples.stride,
      to: results, out_sample: samples.resultStride, out_row: samples.resultRow,
      is_disjoint: areDisjoint ? 1 : 0)
  }

  /// Samples that windows slide over.
  package struct Samples {
    let count: Int
    let stride: Int
    let resultStride: Int
    let resultRow: Int

    /// - Parameters:
    ///   - stride: The distance from one sample to the next.
    ///   - resultStride: The same of the results.
    ///   - resultRow: The distance of a window's result from the next one's, where these lie one after the other.
    package init(_ count: Int, stride: Int, resultStride: Int, resultRow: Int) {
      self.count = count
      self.stride = stride
      self.resultStride = resultStride
      self.resultRow = resultRow
    }
  }
}

extension Kernels {
  /// `x` [samples, extents, channels] copied to where `before` says into `out` [samples, padded, channels], whose other
  /// elements become `edge`.
  package func pad(
    _ x: Source, samples: Int, extents: Extents, before: Extents, to padded: Extents, channels: Int, edge: Scalar,
    into out: Destination
  ) {
    table.pointee.pad(samples, extents, before, padded, channels, Double(edge), x, out)
  }

  /// What `pad` puts between edges, taken out again.
  package func unpad(
    _ x: Source, samples: Int, extents: Extents, before: Extents, from padded: Extents, channels: Int,
    into out: Destination
  ) {
    table.pointee.unpad(samples, extents, before, padded, channels, x, out)
  }

  /// Writes rows of filters [taps, columns], of which `part` is the first, to their places in panels, the order in which
  /// `convolve` reads them: `packedCount(rows: taps, columns: columns)` elements.
  package func packFilters(
    _ part: Matrix, rows: Range<Int>, ofShape shape: (taps: Int, columns: Int), into out: Destination
  ) {
    table.pointee.pack_filters(
      shape.taps, shape.columns, rows.lowerBound, rows.count, part.pointer, part.rowStride, part.columnStride, out)
  }

  /// For each window of `x` its elements times filters [taps, columns] in panels: `columns` numbers, each one chain of
  /// multiply-adds in ascending order of the taps. Then, if asked, a bias is added and what is below zero becomes zero.
  package func convolve(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, filters: Source, columns: Int,
    bias: Source? = nil, isRectified: Bool = false, into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) {
      table.pointee.convolve($0, columns, x, filters, bias, isRectified ? 1 : 0, out)
    }
  }

  /// `out` [taps, columns] = the sum over all windows of `x` of their elements times rows of `y` [windows, columns], each
  /// one chain of multiply-adds in ascending order of the windows.
  ///
  /// - Parameters:
  ///   - stride: The distance between rows of `y`, and of `out`.
  ///   - continues: Whether the chains begin with what `out` has.
  ///   - scratch: `panelColumns` elements for each window.
  package func filterGradient(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, _ y: Source, columns: Int, stride: Int,
    continues: Bool, into out: Destination, scratch: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) {
      table.pointee.filter_gradient($0, columns, x, y, stride, out, stride, continues ? 1 : 0, scratch)
    }
  }

  /// `convolve` of each channel by itself: filters are [taps, channels], and the taps' distances leave the channel out.
  package func convolveChannels(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, filters: Source, channels: Int,
    bias: Source? = nil, isRectified: Bool = false, into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) {
      table.pointee.convolve_channels($0, channels, x, filters, bias, isRectified ? 1 : 0, out)
    }
  }

  /// `filterGradient` of each channel by itself, with `y` [windows, channels] and `out` [taps, channels].
  package func channelFilterGradient(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, _ y: Source, channels: Int, continues: Bool,
    into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) {
      table.pointee.channel_filter_gradient($0, channels, x, y, out, continues ? 1 : 0)
    }
  }

  /// The largest element of each window and channel; NaN if one is.
  package func maxPool(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, channels: Int, into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) { table.pointee.max_pool($0, channels, x, out) }
  }

  /// `out`, of the extents of `x`: in each window `y` is added where the first of the largest elements of `x` is.
  package func maxPoolScatter(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, _ y: Source, channels: Int, into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) { table.pointee.max_pool_scatter($0, channels, x, y, out) }
  }

  /// For each window and channel the element of `y` where the first of the largest elements of `x` is.
  package func maxPoolGather(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, _ y: Source, channels: Int, into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) { table.pointee.max_pool_gather($0, channels, x, y, out) }
  }

  /// The sum of the elements of each window and channel, times the window's share.
  package func meanPool(
    _ windows: Windows, over samples: Windows.Samples, _ x: Source, shares: Source, channels: Int,
    into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) { table.pointee.mean_pool($0, channels, x, shares, out) }
  }

  /// `out`, of the extents of what was pooled: `y` of each window, times the window's share, is added to all its places.
  package func meanPoolScatter(
    _ windows: Windows, over samples: Windows.Samples, _ y: Source, shares: Source, channels: Int,
    into out: Destination
  ) {
    withUnsafePointer(to: windows.over(samples)) { table.pointee.mean_pool_scatter($0, channels, y, shares, out) }
  }
}
