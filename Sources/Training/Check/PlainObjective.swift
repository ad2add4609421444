import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels

/// The objective of one batch of a run and its gradient the plain way, in double precision: from the problem's graph as it
/// was built, nothing simplified, a few samples at a time, added up one after the other. What the engine computes is held
/// against it.
///
/// A formula's samples are not joined either (`Problem.sampleBySample`).
package struct PlainObjective: Sendable {
  /// A few samples' part of the batch.
  private struct Part: Sendable {
    let firstSample: Int
    let plans: Plans
    /// The rows of each of the plans' inputs.
    let rows: [[Double]]
  }

  /// The plans for some number of samples.
  private struct Plans: Sendable {
    let value: Plan<Double>
    let gradient: Plan<Double>
  }

  /// Samples of one part: few enough for graphs that are written out sample by sample.
  private static let partSize = 16

  private let layout: ParameterLayout
  private let isMean: Bool
  private let parts: [Part]
  private let seed: UInt64
  private let step: UInt64

  /// Builds the objective of a step's batch.
  ///
  /// - Parameters:
  ///   - samples: The batch's samples in its order, indices into `group`.
  ///   - step: The step, counted from 0, which settles what dropout leaves out.
  ///   - partition: The shards, which are the parts where a sample's loss depends on those beside it.
  /// - Throws: `TrainerError` if the graph does not fit the data.
  package init(
    _ problem: any Problem, group: SampleGroup<Double>, samples: [Int64], step: Int, seed: Int,
    partition: ShardPartition
  ) throws {
    layout = problem.layout
    isMean = problem.isMean
    let problem = problem.sampleBySample
    self.seed = UInt64(seed)
    self.step = UInt64(step)
    var plans: [Int: Plans] = [:]
    let ranges =
      problem.couplesSamples
      ? partition.ranges(in: samples.count).filter { !$0.isEmpty }
      : stride(from: 0, to: samples.count, by: Self.partSize).map { $0..<min($0 + Self.partSize, samples.count) }
    parts = try ranges.map { range in
      let own = samples[range]
      let made = try plans[own.count] ?? Self.plans(problem, samples: own.count)
      plans[own.count] = made
      let rows = made.value.inputs.map { slot in group.sources[slot.name]?.values(of: own) ?? [] }
      return Part(firstSample: range.lowerBound, plans: made, rows: rows)
    }
  }

  private static func plans(_ problem: any Problem, samples: Int) throws -> Plans {
    func outputs(_ terms: ProblemTerms) -> [PlanOutput] {
      [PlanOutput(terms.losses, .result(PlanResult.losses))]
        + (terms.sampleWeights.map { [PlanOutput($0, .result(PlanResult.sampleWeights))] } ?? [])
    }
    func plan(_ outputs: [PlanOutput]) throws -> Plan<Double> {
      let plan = try Plan<Double>(outputs, layout: problem.layout, simplifications: .deadNodes)
      try plan.requireMemory()
      return plan
    }
    let graph = try ShardGraph(problem, samples: samples)
    let gradients = zip(graph.gradients, problem.layout.entries).map { PlanOutput($0, .slot(offset: $1.offset)) }
    return Plans(value: try plan(outputs(graph.terms)), gradient: try plan(outputs(graph.terms) + gradients))
  }

  /// Floating-point operations of one value.
  package var operations: Int { parts.reduce(0) { $0 + $1.plans.value.floatingPointOperations } }

  /// Room for computing values; for one thread at a time.
  package final class Room {
    fileprivate let workspace: Workspace<Double>
    fileprivate init(_ objective: PlainObjective) {
      workspace = Workspace(for: objective.parts.flatMap { [$0.plans.value, $0.plans.gradient] })
    }
  }

  /// Makes room for computing values.
  package func makeRoom() -> Room { Room(self) }

  /// The objective at a point of the flat parameter vector.
  package func value(at parameters: [Double], in room: Room) -> Double {
    var sums = (loss: 0.0, weight: 0.0)
    for part in parts { run(part.plans.value, of: part, at: parameters, slot: nil, room, &sums) }
    return isMean ? sums.loss / sums.weight : sums.loss
  }

  /// The gradient at a point, and for each parameter the largest of its elements if the parts' gradients were added up
  /// without their signs: what rounding is to be compared with, however much cancels.
  package func gradient(at parameters: [Double], in room: Room) -> (gradient: [Double], magnitudes: [Double]) {
    var sums = (loss: 0.0, weight: 0.0)
    var total = [Double](repeating: 0, count: layout.count)
    var magnitudes = [Double](repeating: 0, count: layout.entries.count)
    var own = total
    for part in parts {
      own.withUnsafeMutableBufferPointer {
        run(part.plans.gradient, of: part, at: parameters, slot: $0.baseAddress, room, &sums)
      }
      for index in total.indices { total[index] += own[index] }
      for (number, entry) in layout.entries.enumerated() {
        magnitudes[number] += own[entry.range].reduce(0) { max($0, abs($1)) }
      }
    }
    let weight = isMean ? sums.weight : 1
    // As the engine: a batch of samples that all weigh nothing has no gradient.
    let factor = weight == 0 ? 0 : 1 / weight
    return (total.map { $0 * factor }, magnitudes.map { $0 * factor })
  }

  private func run(
    _ plan: Plan<Double>, of part: Part, at parameters: [Double], slot: UnsafeMutablePointer<Double>?, _ room: Room,
    _ sums: inout (loss: Double, weight: Double)
  ) {
    let flat = UnsafeMutableBufferPointer<Double>.allocate(capacity: part.rows.reduce(1) { $0 + $1.count })
    defer { flat.deallocate() }
    _ = flat.initialize(from: part.rows.joined())
    var start = 0
    let inputs = part.rows.compactMap { rows in
      defer { start += rows.count }
      return flat.baseAddress.map { UnsafePointer($0 + start) }
    }
    parameters.withUnsafeBufferPointer {
      plan.run(
        room.workspace, parameters: $0.baseAddress, slot: slot, inputs: inputs,
        randomness: Randomness(seed: seed, step: step, firstSample: UInt64(part.firstSample)))
    }
    func total(_ name: String) -> Double? { room.workspace.result(name, of: plan)?.reduce(0, +) }
    sums.loss += total(PlanResult.losses) ?? 0
    // Each sample has a loss, and weighs 1 if nothing else is said.
    sums.weight += total(PlanResult.sampleWeights) ?? Double(plan.place(of: PlanResult.losses)?.count ?? 0)
  }
}

extension RowSource<Double> {
  /// Rows as a run gathers them, one after the other.
  fileprivate func values(of samples: some Collection<Int64>) -> [Double] {
    let indices = Array(samples)
    return [Double](unsafeUninitializedCapacity: max(1, indices.count * columns)) { buffer, initialized in
      guard let out = buffer.baseAddress else { return }
      indices.withUnsafeBufferPointer { gather($0, into: out, kernels: .best) }
      initialized = indices.count * columns
    }
  }
}
