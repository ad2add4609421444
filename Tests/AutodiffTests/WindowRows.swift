import Autodiff

/// How windows slide in one check, and over what: [samples, extents, channels] and filters [size, inputs / groups, outputs].
struct WindowCase: Sendable {
  let geometry: WindowGeometry
  let shape: Shape
  let outputs: Int
  let groups: Int

  init(
    _ shape: Shape, size: [Int], stride: [Int]? = nil, dilation: [Int]? = nil, before: [Int]? = nil,
    after: [Int]? = nil, outputs: Int = 3, groups: Int = 1
  ) throws {
    geometry = try WindowGeometry(size: size, stride: stride, dilation: dilation, before: before, after: after)
    self.shape = shape
    self.outputs = outputs
    self.groups = groups
  }

  var extents: [Int] { Array(shape[1..<shape.count - 1]) }
  var channels: Int { shape[shape.count - 1] }
  var filters: Shape { geometry.size + [channels / groups, outputs] }
  func windows(channels: Int) -> Shape { [shape[0]] + geometry.counts(over: extents) + [channels] }

  /// One, two and three axes; strides beyond the size; windows that leave a rest; padding on one side; dilation that
  /// shares a factor with the stride; groups and depthwise filters; more channels than a vector has lanes; no samples.
  static let all: [WindowCase] = {
    do {
      return try [
        .init([2, 7, 2], size: [3]), .init([2, 9, 3], size: [2], stride: [3], outputs: 2),
        .init([1, 10, 2], size: [3], stride: [2], dilation: [2], before: [2], after: [1]),
        .init([2, 5, 4, 2], size: [3, 2]),
        .init([1, 6, 7, 1], size: [3, 3], stride: [2, 2], before: [1, 1], after: [1, 1], outputs: 2),
        .init([2, 5, 5, 4], size: [2, 3], stride: [1, 2], dilation: [2, 1], before: [1, 0], outputs: 6, groups: 2),
        .init([1, 5, 4, 3], size: [3, 3], before: [1, 1], after: [1, 1], outputs: 3, groups: 3),
        .init([1, 6, 6, 5], size: [3, 3], stride: [2, 1], outputs: 5, groups: 5),
        .init(
          [1, 3, 4, 3, 2], size: [2, 2, 2], stride: [1, 2, 1], before: [0, 1, 0], after: [0, 0, 1], outputs: 2),
        .init([1, 4, 4, 17], size: [1, 1], outputs: 18), .init([0, 5, 2], size: [3]),
      ]
    } catch {
      preconditionFailure("\(error)")
    }
  }()
}

/// The rows of operations on windows.
enum WindowRows {
  private static func rows(_ cases: [WindowCase], _ shapes: (WindowCase) -> [Shape]) -> [[Shape]] { cases.map(shapes) }

  /// The case whose operands have these shapes.
  private static func find(
    _ x: [Node], in cases: [WindowCase], _ shapes: (WindowCase) -> [Shape]
  ) -> WindowCase {
    guard let found = cases.first(where: { shapes($0) == x.map(\.shape) }) else {
      preconditionFailure("no case of the shapes \(x.map(\.shape))")
    }
    return found
  }

  private static func row(
    _ name: String, _ cases: [WindowCase] = WindowCase.all, isSmooth: Bool = true,
    of shapes: @escaping @Sendable (WindowCase) -> [Shape],
    build: @escaping @Sendable (WindowCase, [Node]) throws -> Node
  ) -> OperationRow {
    OperationRow(name, rows(cases, shapes), isSmooth: isSmooth) { try build(find($0, in: cases, shapes), $0) }
  }

  /// Whole channels, and few enough elements that ties do not come up.
  private static let pooled = WindowCase.all.filter { $0.channels < 17 && $0.shape[0] > 0 }

  /// Windows that reach over the ends, mirrored along the first axis.
  private static func moved(_ x: Node) throws -> Node {
    let axes = x.shape.count - 2
    return try x.randomWindow(
      size: Array(repeating: 3, count: axes), places: Array(repeating: -1...2, count: axes),
      mirrored: (0..<axes).map { $0 == 0 }, stream: 5)
  }

  static let all: [OperationRow] = [
    row("convolution", of: { [$0.shape, $0.filters] }) {
      try $1[0].convolution($1[1], $0.geometry, groups: $0.groups)
    },
    row("convolutionInputGradient", of: { [$0.windows(channels: $0.outputs), $0.filters] }) {
      try $1[0].transposedConvolution($1[1], $0.geometry, extents: $0.extents, groups: $0.groups)
    },
    row("convolutionFilterGradient", of: { [$0.shape, $0.windows(channels: $0.outputs)] }) {
      try $1[0].convolutionFilterGradient($1[1], $0.geometry, groups: $0.groups)
    },
    row("maxPool", pooled, isSmooth: false, of: { [$0.shape] }) { try $1[0].maxPool($0.geometry) },
    row("maxPoolScatter", pooled, isSmooth: false, of: { [$0.shape, $0.windows(channels: $0.channels)] }) {
      try $1[0].maxPoolScatter($1[1], $0.geometry)
    },
    row("maxPoolGather", pooled, isSmooth: false, of: { [$0.shape, $0.shape] }) {
      try $1[0].maxPoolGather($1[1], $0.geometry)
    },
    OperationRow("randomWindow", [[[3, 5, 2]], [[4, 4, 5, 1]], [[2, 3, 4, 2, 3]]]) { try moved($0[0]) },
    // The gradient of a gradient's projection goes through it once more.
    OperationRow("randomWindowReverse", [[[3, 4, 2]], [[2, 4, 5, 1]]]) { x in
      let y = try moved(x[0])
      return try x[0].graph.gradient(of: (y.square() * 0.5).sum(), withRespectTo: [x[0]])[0]
    },
    row("meanPool", of: { [$0.shape] }) { try $1[0].meanPool($0.geometry) },
    row("meanPoolScatter", of: { [$0.windows(channels: $0.channels)] }) {
      try $1[0].meanPoolScatter($0.geometry, extents: $0.extents)
    },
  ]
}
