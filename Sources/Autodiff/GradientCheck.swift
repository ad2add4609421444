import Foundations
import Kernels

/// The comparison of a graph's gradient with central differences of its value, in double precision.
///
/// The derivative of f along a coordinate is taken as (8 (f(x + h) − f(x − h)) − (f(x + 2h) − f(x − 2h))) / 12h, the
/// five-point rule, whose error falls with h⁴: with h about 10⁻³ of the coordinate's size, it and the rounding of f
/// both stay near 10⁻¹² of what f itself measures.
public struct GradientCheck: Sendable {
  /// One coordinate's result.
  public struct Entry: Sendable {
    /// The coordinate in the flat parameter vector.
    public let index: Int
    /// The derivative by the graph's rules.
    public let analytic: Double
    /// The derivative by differences.
    public let numeric: Double
    /// Whether the derivatives from both sides differ, or those of two steps: then there is a kink near, and no one
    /// derivative to compare with.
    public let isNearKink: Bool
    /// Their distance, divided by the largest of both, a share of the largest derivative, and what rounding the value
    /// may amount to.
    public let relativeError: Double
  }

  /// The coordinates that were compared.
  public let entries: [Entry]

  /// The one that is off most.
  public var worst: Entry? { entries.max { $0.relativeError < $1.relativeError } }

  /// Compares the derivatives of a scalar with respect to parameters.
  ///
  /// - Parameters:
  ///   - output: A node with one element.
  ///   - targets: Parameters of the graph.
  ///   - layout: Where they lie in `parameters`.
  ///   - indices: The coordinates of the flat vector to compare; all if `nil`.
  ///   - step: h, for a coordinate of size 1 or less; larger ones get proportionally more.
  ///   - scale: Derivatives smaller than this share of the largest one are compared with it, not with themselves,
  ///     since differences have only absolute accuracy.
  /// - Throws: `TrainerError` if the graph has no gradient or an input is missing.
  public init(
    of output: Node, withRespectTo targets: [Node], parameters: [Double], layout: ParameterLayout,
    inputs: [String: [Double]] = [:], indices: [Int]? = nil, step: Double = 1e-3, scale: Double = 1e-2,
    randomness: Randomness = .init(), simplifications: Simplification = .all
  ) throws {
    let graph = output.graph
    let gradients = try graph.gradient(of: output, withRespectTo: targets)
    let values = try graph.evaluate(
      gradients, inputs: inputs, parameters: parameters, layout: layout, randomness: randomness,
      simplifications: simplifications)
    var analytic = [Double](repeating: 0, count: parameters.count)
    for (target, value) in zip(targets, values) {
      guard let parameter = target.operation as? Parameter, let entry = layout[parameter.parameterName] else {
        throw TrainerError(.usage, "only parameters of the layout can be checked, not '\(target.operation.name)'")
      }
      analytic.replaceSubrange(entry.range, with: value)
    }
    let function = try ScalarFunction(
      output, inputs: inputs, layout: layout, randomness: randomness, simplifications: simplifications)
    let compared =
      indices
      ?? targets.compactMap { ($0.operation as? Parameter).flatMap { layout[$0.parameterName] } }
      .flatMap { Array($0.range) }
    let numeric = compared.map { index in
      function.derivative(at: parameters, along: index, step: step * max(1, abs(parameters[index])))
    }
    let largest = compared.map { abs(analytic[$0]) }.max() ?? 0
    // Differences see no derivative below the rounding of the value and of what it is made of, which steps of 1e-3
    // magnify to about 1e-13.
    let visible = 1e-5 * max(abs(function.value(at: parameters)), 1)
    entries = zip(compared, numeric).map { index, derivative in
      let numeric = derivative.value
      let distance = abs(analytic[index] - numeric)
      let size = max(abs(analytic[index]), abs(numeric), scale * largest, visible)
      // Two zeros agree; a NaN agrees with nothing.
      let error = distance == 0 ? 0 : distance / size
      return Entry(
        index: index, analytic: analytic[index], numeric: numeric, isNearKink: derivative.isNearKink,
        relativeError: error.isNaN ? .infinity : error)
    }
  }
}

/// A scalar as a function of the flat parameter vector: compiled once, run at many points.
private struct ScalarFunction {
  private let plan: Plan<Double>
  private let workspace: Workspace<Double>
  private let inputs: [[Double]]
  private let randomness: Randomness

  init(
    _ output: Node, inputs: [String: [Double]], layout: ParameterLayout, randomness: Randomness,
    simplifications: Simplification
  ) throws {
    plan = try Plan([.init(output, .result("value"))], layout: layout, simplifications: simplifications)
    workspace = Workspace(for: [plan])
    self.inputs = try plan.inputs.map { slot in
      guard let values = inputs[slot.name], values.count == slot.shape.elementCount else {
        throw TrainerError(.usage, "the graph's input '\(slot.name)' needs a value of shape \(slot.shape)")
      }
      return values
    }
    self.randomness = randomness
  }

  func value(at parameters: [Double]) -> Double {
    let buffers = inputs.map { values in
      let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, values.count))
      _ = buffer.initialize(from: values)
      return buffer
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    return parameters.withUnsafeBufferPointer { parameters in
      plan.run(
        workspace, parameters: parameters.baseAddress, slot: nil,
        inputs: buffers.compactMap { $0.baseAddress.map { UnsafePointer($0) } }, randomness: randomness)
      return workspace.result("value", of: plan)?.first ?? .nan
    }
  }

  /// The derivative along a coordinate, and whether a kink lies within two steps: then the rules from both sides, or
  /// those of a long and a short step, disagree.
  func derivative(
    at parameters: [Double], along index: Int, step: Double
  ) -> (value: Double, isNearKink: Bool) {
    func value(_ offset: Double) -> Double {
      var moved = parameters
      moved[index] += offset
      return self.value(at: moved)
    }
    func central(_ h: Double) -> Double { (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h) }
    // Of second order: for a smooth function both sides differ by a few h squared.
    func oneSided(_ h: Double) -> Double { (4 * value(h) - value(2 * h) - 3 * value(0)) / (2 * h) }
    let (long, short) = (central(step), central(step / 4))
    let (before, after) = (oneSided(-step), oneSided(step))
    let noise = 1e-3 * max(1, abs(value(0)))
    let size = max(abs(before), abs(after), abs(long))
    return (long, abs(after - before) > 1e-2 * max(size, noise) || abs(long - short) > 2e-8 * max(abs(long), noise))
  }
}
