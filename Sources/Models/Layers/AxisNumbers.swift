import Autodiff
import Foundations

/// A number for each spatial axis of a layer's input, written as one for all or as a list.
public enum AxisNumbers: Sendable, Hashable {
  /// The same along every axis.
  case same(Int)
  /// One for each axis.
  case each([Int])

  /// The numbers over that many axes.
  ///
  /// - Throws: `TrainerError` if there is a list of another length.
  func over(_ axes: Int, key: String) throws -> [Int] {
    switch self {
    case .same(let number): return [Int](repeating: number, count: axes)
    case .each(let numbers):
      guard numbers.count == axes else {
        throw TrainerError(
          .usage,
          "\"\(key)\" has \(numbers.count) numbers, but there \(axes == 1 ? "is 1 spatial axis" : "are \(axes) spatial axes")"
            + "; the last axis of a sample is its channels (\"reshape\" adds one)")
      }
      return numbers
    }
  }

  /// As a config writes them.
  var json: JSONValue {
    switch self {
    case .same(let number): .integer(number)
    case .each(let numbers): .array(numbers.map(JSONValue.integer))
    }
  }
}

extension Settings {
  /// The number at a key, or the list of one for each axis.
  ///
  /// - Parameter default: `nil` for none: the key must be there.
  func axisNumbers(
    _ key: String, default: AxisNumbers? = nil, in range: ClosedRange<Int> = .positive, help: String
  ) throws -> AxisNumbers {
    let values = SettingKind.either([.integer(range), .array(.integer(range), count: 1...3)])
    if value(key, as: values, isRequired: `default` == nil, help: help)?.elements != nil {
      return .each(try integers(key, in: range, count: 1...3, help: help))
    }
    let number: Int? = if case .same(let number)? = `default` { number } else { nil }
    return .same(try integer(key, default: number, in: range, help: help))
  }

  /// The same, or `nil` if the key is absent.
  func optionalAxisNumbers(
    _ key: String, in range: ClosedRange<Int> = .positive, help: String
  ) throws -> AxisNumbers? {
    let values = SettingKind.either([.integer(range), .array(.integer(range), count: 1...3)])
    guard value(key, as: values, help: help) != nil else {
      _ = try optionalInteger(key, in: range, help: help)
      return nil
    }
    return try axisNumbers(key, in: range, help: help)
  }
}

/// How windows reach over the ends of an axis.
public enum WindowPadding: Sendable, Hashable {
  /// Not at all: only whole windows count.
  case valid
  /// Zeros at both ends, half and half and one more behind where they are odd, so that there are as many windows as
  /// elements, divided by the stride and rounded up.
  case same
  /// So many zeros at both ends.
  case numbers(AxisNumbers)

  /// The windows of a size, stride and dilation over some extents.
  func geometry(size: [Int], stride: [Int], dilation: [Int], over extents: [Int]) throws -> WindowGeometry {
    switch self {
    case .valid: return try WindowGeometry(size: size, stride: stride, dilation: dilation)
    case .numbers(let numbers):
      let padding = try numbers.over(size.count, key: "padding")
      return try WindowGeometry(size: size, stride: stride, dilation: dilation, before: padding, after: padding)
    case .same:
      let missing = extents.indices.map { axis in
        let count = (extents[axis] + stride[axis] - 1) / stride[axis]
        return max(0, (count - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1 - extents[axis])
      }
      return try WindowGeometry(
        size: size, stride: stride, dilation: dilation, before: missing.map { $0 / 2 },
        after: missing.map { $0 - $0 / 2 })
    }
  }

  /// As a config writes it.
  var json: JSONValue {
    switch self {
    case .valid: "valid"
    case .same: "same"
    case .numbers(let numbers): numbers.json
    }
  }

  /// Reads the key `padding` of a layer.
  static func read(_ settings: Settings) throws -> WindowPadding {
    let help = "\"valid\" for none, \"same\" for as many outputs as inputs over the stride, or zeros at both ends."
    let numbers = SettingKind.integer(.nonNegative)
    let values = SettingKind.either([.choice(["valid", "same"]), numbers, .array(numbers, count: 1...3)])
    let value = settings.value("padding", as: values, default: "valid", help: help)
    guard value == nil || value?.text != nil else {
      return .numbers(try settings.axisNumbers("padding", in: .nonNegative, help: help))
    }
    return try settings.string("padding", oneOf: ["valid", "same"], default: "valid", help: help) == "same"
      ? .same : .valid
  }
}

/// The spatial axes of a layer's input [samples, axes, channels].
///
/// - Throws: `TrainerError` if there are none or too many.
func spatialExtents(of x: Node, for type: String) throws -> [Int] {
  guard (3...5).contains(x.shape.count) else {
    throw TrainerError(
      .usage,
      "\(type) takes samples of one to three spatial axes and a last one of channels, such as [28, 28, 1]; these have the "
        + "shape \(Array(x.shape.dropFirst())); put {\"type\": \"reshape\", \"shape\": […]} before it")
  }
  return Array(x.shape[1..<x.shape.count - 1])
}
