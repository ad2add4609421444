import Kernels

/// Samples between edges: where windows reach over an array's end, a few samples at a time are copied into scratch space
/// with what lies there, so that no window has an edge.
struct PaddedSamples {
  let extents: [Int]
  let before: [Int]
  let padded: [Int]
  let channels: Int

  /// Elements of the samples that are copied at a time, so that they stay in the cache.
  private static let blockElements = 32768

  /// Extents of three axes.
  init(_ extents: [Int], before: [Int], after: [Int], channels: Int) {
    self.extents = extents
    self.before = before
    self.channels = channels
    padded = extents.indices.map { before[$0] + extents[$0] + after[$0] }
  }

  var isPadded: Bool { padded != extents }
  /// The elements of a sample, with and without its edges.
  var stride: Int { padded.reduce(channels, *) }
  var sampleCount: Int { extents.reduce(channels, *) }

  /// The samples to take at a time, of `samples` with no more than `most`.
  func block(of samples: Int, most: Int = .max) -> Int {
    max(1, min(samples, most, isPadded ? Self.blockElements / max(stride, 1) : samples))
  }

  /// Elements of scratch space for a block.
  func scratchCount(block: Int) -> Int { isPadded ? block * stride : 0 }

  /// The padded samples: where they lie, or a copy of them in `scratch`.
  func samples<Scalar: KernelElement>(
    _ first: Int, _ count: Int, of x: UnsafeMutablePointer<Scalar>, edge: Scalar = 0, kernels: Kernels<Scalar>,
    scratch: UnsafeMutablePointer<Scalar>
  ) -> UnsafeMutablePointer<Scalar> {
    let x = x + first * sampleCount
    guard isPadded else { return x }
    kernels.pad(
      x, samples: count, extents: Extents(extents), before: Extents(before), to: Extents(padded), channels: channels,
      edge: edge, into: scratch)
    return scratch
  }
}

extension Extents {
  /// Three extents.
  init(_ extents: [Int]) { self.init(depth: extents[0], height: extents[1], width: extents[2]) }
}

/// All coordinates below some extents, the last axis fastest.
func coordinates(below extents: [Int]) -> [[Int]] {
  extents.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}

/// The number of the element at some coordinates of an array.
func place(of coordinates: [Int], in extents: [Int]) -> Int {
  zip(coordinates, extents).reduce(0) { $0 * $1.1 + $1.0 }
}

extension WindowGeometry {
  /// The windows over padded samples of three axes; each tap is the elements of `tapChannels` channels.
  func windows(over samples: PaddedSamples, tapChannels: Int) -> Windows {
    let places = coordinates(below: counts(over: samples.extents)).map { window in
      place(of: zip(window, stride).map { $0 * $1 }, in: samples.padded) * samples.channels
    }
    let taps = coordinates(below: size).flatMap { tap in
      let start = place(of: zip(tap, dilation).map { $0 * $1 }, in: samples.padded) * samples.channels
      return (0..<tapChannels).map { start + $0 }
    }
    return Windows(places: places, taps: taps, areDisjoint: size.indices.allSatisfy { reach($0) <= stride[$0] })
  }
}

/// The way back from windows to the elements that they were taken of, as windows over the results: what an element gets
/// from window o through tap t, where o · stride + t · dilation is its place. Elements whose places leave the same rest
/// when divided by the strides meet the same taps: they are one class.
struct ReverseWindows {
  /// Elements that meet the same taps.
  struct Class {
    /// The windows over padded results, which give the elements of `tapChannels` channels a tap.
    let windows: Windows
    /// The taps' numbers, in the order of the windows'.
    let taps: [Int]
  }

  let classes: [Class]
  /// The results, [windows, channels], with zeros where no window is.
  let samples: PaddedSamples

  /// What one axis has for one rest: the elements, with the window that tap 0 would be of, and the taps, each with the
  /// windows that it is behind.
  private struct Axis {
    let elements: [(place: Int, window: Int)]
    let taps: [(tap: Int, shift: Int)]

    init(rest: Int, extent: Int, size: Int, stride: Int, dilation: Int, before: Int) {
      elements = (0..<extent).filter { ($0 + before) % stride == rest }.map { ($0, ($0 + before - rest) / stride) }
      // Backwards, so that the windows come in ascending order.
      taps = (0..<size).reversed().filter { $0 * dilation % stride == rest }.map {
        ($0, ($0 * dilation - rest) / stride)
      }
    }

    /// The windows that are met.
    var reach: ClosedRange<Int>? {
      guard let first = elements.first, let last = elements.last, let most = taps.first, let least = taps.last
      else { return nil }
      return first.window - most.shift...last.window - least.shift
    }
  }

  /// - Parameters:
  ///   - geometry: That of the windows, over three axes.
  ///   - extents: Those of the elements.
  ///   - channels: Those of the elements.
  ///   - resultChannels: Those of the results.
  init(_ geometry: WindowGeometry, extents: [Int], channels: Int, resultChannels: Int, tapChannels: Int) {
    let axes = geometry.size.indices.map { axis in
      (0..<geometry.stride[axis]).map { rest in
        Axis(
          rest: rest, extent: extents[axis], size: geometry.size[axis], stride: geometry.stride[axis],
          dilation: geometry.dilation[axis], before: geometry.before[axis])
      }
    }
    let counts = geometry.counts(over: extents)
    let reaches = axes.indices.map { axis in
      axes[axis].compactMap(\.reach).reduce(0...counts[axis] - 1) {
        min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
      }
    }
    let before = reaches.map { -$0.lowerBound }
    let samples = PaddedSamples(
      counts, before: before, after: reaches.indices.map { reaches[$0].upperBound - counts[$0] + 1 },
      channels: resultChannels)
    self.samples = samples
    classes = coordinates(below: geometry.stride).compactMap { rests in
      let parts = rests.enumerated().map { axes[$0][$1] }
      let elements = coordinates(below: parts.map(\.elements.count))
      guard !elements.isEmpty else { return nil }
      let taps = coordinates(below: parts.map(\.taps.count))
      // The first tap of an axis is the farthest: from its window on, the others are ahead.
      let farthest = parts.map { $0.taps.first?.shift ?? 0 }
      return Class(
        windows: Windows(
          places: elements.map { element in
            let window = parts.indices.map { parts[$0].elements[element[$0]].window - farthest[$0] + before[$0] }
            return place(of: window, in: samples.padded) * resultChannels
          },
          taps: taps.flatMap { tap in
            let shift = parts.indices.map { farthest[$0] - parts[$0].taps[tap[$0]].shift }
            let start = place(of: shift, in: samples.padded) * resultChannels
            return (0..<tapChannels).map { start + $0 }
          },
          results: elements.map { element in
            place(of: parts.indices.map { parts[$0].elements[element[$0]].place }, in: extents) * channels
          }),
        taps: taps.map { tap in place(of: parts.indices.map { parts[$0].taps[tap[$0]].tap }, in: geometry.size) })
    }
  }
}
