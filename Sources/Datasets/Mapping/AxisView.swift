import Foundations

/// Which axes of a dataset are those of the samples, and in what order; what of each is taken.
struct AxisView: Sendable, Equatable {
  /// What is taken along an axis: so many elements, `step` apart.
  struct Axis: Sendable, Equatable {
    var start = 0
    var count: Int
    var step = 1
  }

  /// What is taken along each axis of the dataset.
  private(set) var axes: [Axis]
  /// The dataset's axes in the order of the view. Of those that are not among them one element is taken.
  private(set) var order: [Int]

  /// The extents of the view.
  var shape: [Int] { order.map { axes[$0].count } }
  /// Whether elements lie in the order of the view.
  var isInOrder: Bool { zip(order, order.dropFirst()).allSatisfy { $0 < $1 } }
  /// Whether the view is the dataset as it is.
  var isWhole: Bool {
    order == Array(axes.indices) && axes.allSatisfy { $0.start == 0 && $0.step == 1 } && !isPart
  }
  private var isPart = false

  /// All of a dataset, in its own order.
  init(shape: [Int]) {
    axes = shape.map { Axis(count: $0) }
    order = Array(shape.indices)
  }

  /// Moves an axis to the front; the others keep their order.
  mutating func moveToFront(_ axis: Int) {
    order = [order[axis]] + order[..<axis] + order[(axis + 1)...]
  }

  /// Reverses the axes from one on.
  mutating func reverse(from first: Int) {
    guard first < order.count else { return }
    order = order[..<first] + order[first...].reversed()
  }

  /// Moves an axis to the end.
  mutating func moveToBack(_ axis: Int) {
    guard order.indices.contains(axis) else { return }
    order.append(order.remove(at: axis))
  }

  /// Takes a part of each axis of the view.
  ///
  /// - Returns: What is wrong, as the end of a sentence; `nil` if nothing is.
  mutating func select(_ parts: AxisSelection) -> String? {
    guard let parts = parts.parts(ofAxes: order.count) else {
      return "has \(parts.count) axes between its brackets, but there are \(order.count)"
    }
    var kept: [Int] = []
    for (part, axis) in zip(parts, order) {
      let count = axes[axis].count
      switch part {
      case .ellipsis: kept.append(axis)
      case .index(let index):
        let start = index < 0 ? index + count : index
        guard (0..<count).contains(start) else { return "asks for \(index) along an axis of \(count)" }
        axes[axis] = Axis(start: axes[axis].start + start * axes[axis].step, count: 1, step: axes[axis].step)
        isPart = true
      case .range(let lower, let upper, let step):
        func bound(_ value: Int?, _ standard: Int) -> Int {
          guard let value else { return standard }
          return min(max(value < 0 ? value + count : value, 0), count)
        }
        let (start, end) = (bound(lower, 0), bound(upper, count))
        guard start < end else { return "asks for nothing along an axis of \(count)" }
        let own = axes[axis]
        axes[axis] = Axis(
          start: own.start + start * own.step, count: (end - start + step - 1) / step, step: own.step * step)
        if axes[axis] != own { isPart = true }
        kept.append(axis)
      }
    }
    order = kept
    return nil
  }

  /// The elements of a part of the view's rows, from those of the dataset's axes in their own order.
  ///
  /// - Parameter rows: How many rows there are, where the first axis of the view has the rows; `nil` for all that it has.
  func arranged<Element>(_ elements: [Element], rows: Int? = nil) -> [Element] {
    guard !isInOrder, !elements.isEmpty else { return elements }
    var extents = axes.map(\.count)
    if let rows { extents[order[0]] = rows }
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * extents[axis + 1] }
    let (shape, steps) = (order.map { extents[$0] }, order.map { strides[$0] })
    guard let inner = shape.last, let innerStep = steps.last else { return elements }
    var place = [Int](repeating: 0, count: shape.count)
    var base = 0
    return [Element](unsafeUninitializedCapacity: elements.count) { buffer, count in
      var out = buffer.baseAddress
      while count < elements.count, let target = out {
        for index in 0..<inner { (target + index).initialize(to: elements[base + index * innerStep]) }
        count += inner
        out = target + inner
        var axis = shape.count - 2
        while axis >= 0 {
          place[axis] += 1
          base += steps[axis]
          guard place[axis] == shape[axis] else { break }
          base -= shape[axis] * steps[axis]
          place[axis] = 0
          axis -= 1
        }
      }
    }
  }
}

/// What stands between brackets behind a path, as NumPy writes it: `:`, `3`, `-1`, `0:3`, `::2` or `...` for each axis.
struct AxisSelection: Sendable, Equatable {
  enum Part: Sendable, Equatable {
    case index(Int)
    case range(Int?, Int?, step: Int)
    /// As many whole axes as are not named.
    case ellipsis
  }

  private(set) var parts: [Part]

  /// How many axes are named.
  var count: Int { parts.count }

  private init(parts: [Part]) { self.parts = parts }

  /// Reads the text between brackets; `nil` if it is none of these.
  init?(_ text: Substring) {
    parts = []
    for field in text.split(separator: ",", omittingEmptySubsequences: false) {
      let field = field.trimmingPrefix { $0 == " " }.reversed().drop { $0 == " " }.reversed()
      guard let part = Self.part(String(field)) else { return nil }
      parts.append(part)
    }
    guard parts.count(where: { $0 == .ellipsis }) <= 1 else { return nil }
  }

  private static func part(_ text: String) -> Part? {
    if text == "..." { return .ellipsis }
    if let index = Int(text) { return .index(index) }
    let bounds = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(bounds.count), bounds.allSatisfy({ $0.isEmpty || Int($0) != nil }) else { return nil }
    let step = bounds.count == 3 ? Int(bounds[2]) ?? 1 : 1
    guard step > 0 else { return nil }
    return .range(Int(bounds[0]), Int(bounds[1]), step: step)
  }

  /// Whether it takes the first axis whole.
  var takesAllRows: Bool { parts.first == .range(nil, nil, step: 1) || parts.first == .ellipsis }

  /// That of the axes behind the first.
  var behindFirst: AxisSelection { parts.first == .ellipsis ? self : AxisSelection(parts: Array(parts.dropFirst())) }

  /// A part for each axis; `nil` if there are more parts than axes.
  fileprivate func parts(ofAxes count: Int) -> [Part]? {
    let whole = Part.range(nil, nil, step: 1)
    let named = parts.count { $0 != .ellipsis }
    guard named <= count else { return nil }
    let place = parts.firstIndex(of: .ellipsis) ?? parts.endIndex
    return parts[..<place] + Array(repeating: whole, count: count - named) + parts[place...].dropFirst()
  }
}
