import Autodiff
import DataParallel
import Datasets
import Foundations
import Kernels

/// Compares the gradients that a configuration trains with to central differences of its loss, where the parameters
/// start.
///
/// What is compared is what an update is given: from the sampler through the plans of the shards, the sum over the shards
/// and the products, in double precision, for the first batch of a run and, if it is smaller, for the last one of its
/// first epoch. The differences are those of the problem's plain graph. Some coordinates are compared with differences;
/// all with the same steps without the engine's shortcuts and with the plain graph's gradient. A float32 run's gradients
/// are held against the latter too.
///
/// - Parameters:
///   - configuration: What trains.
///   - samples: The most samples of a batch; by default those of the configuration's.
///   - coordinates: The most coordinates of each parameter to compare; `nil` for all. A large model gets fewer, so that a
///     check stays within about a minute.
///   - seed: What the coordinates of larger parameters are drawn with; by default the configuration's.
///   - tolerance: The largest relative error that passes.
/// - Throws: `TrainerError` as a run of the configuration would.
public func checkGradient(
  of configuration: RunConfiguration, samples: Int? = nil, coordinates: Int? = 64, seed: UInt64? = nil,
  tolerance: Double = 1e-6
) throws -> GradientCheckReport {
  try MemoryLimit.$budget.withValue(configuration.data?.memory) {
    let check = try GradientChecker(configuration, samples: samples, coordinates: coordinates, seed: seed)
    return try check.report(tolerance: tolerance)
  }
}

/// A comparison in the making.
private struct GradientChecker {
  /// What one batch gave.
  private struct Findings {
    let batch: GradientCheckReport.Batch
    let chosen: [[Int]]
    let entries: [GradientCheck.Entry]
    let withoutShortcuts: [Double]
    let inPrecision: [Double]?
    let lossError: Double
  }

  private let configuration: RunConfiguration
  private let problem: any Problem
  private let group: SampleGroup<Double>
  private let batchSize: Int
  private let coordinates: Int?
  private let seed: UInt64
  private let parameters: [Double]
  private let region = Region(workers: availableCores())

  init(_ configuration: RunConfiguration, samples: Int?, coordinates: Int?, seed: UInt64?) throws {
    self.coordinates = coordinates
    // What is frozen has a gradient too, which is checked like any other.
    var configuration = configuration
    configuration.initial = nil
    self.seed = seed ?? UInt64(configuration.seed)
    let (problem, data) = try RunSetup<Double>.problem(configuration, workers: region.workers)
    self.problem = problem
    self.configuration = data.map { configuration.shuffling(by: $0.standardOrder) } ?? configuration
    group = try data?.train ?? SampleGroup(count: 1, sources: [:])
    let size = try RunSetup<Double>.batchSize(configuration, samples: group.count, path: data?.path ?? "")
    batchSize = min(size, samples ?? size)
    parameters = problem.initialParameters(seed: configuration.seed)
  }

  private func settings<Scalar>(_ type: Scalar.Type) -> TrainingEngine<Scalar>.Settings {
    .init(
      batchSize: batchSize, shards: configuration.training.shards,
      order: configuration.data?.shuffle ?? .none,
      seed: configuration.seed)
  }

  func report(tolerance: Double) throws -> GradientCheckReport {
    let schedule = BatchSchedule(samples: group.count, batchSize: batchSize)
    let engines = try [EngineShortcuts.all, []].map { shortcuts in
      try StepGradients(problem, group: group, settings: settings(Double.self), shortcuts: shortcuts, region: region)
    }
    let single = try configuration.precision == .float32 ? singlePrecision() : nil
    // The first batch, and the last of the epoch if it is of another size.
    let steps = schedule.batchSizes.count > 1 ? [0, schedule.stepsPerEpoch - 1] : [0]
    let findings = try steps.map { try check(step: $0, schedule, engines, single) }
    let entries = findings.flatMap(\.entries)
    let smooth = entries.filter { !$0.isNearKink }
    func largest(_ values: [Double]) -> Double { values.max() ?? 0 }
    let rows = problem.layout.entries.enumerated().map { number, entry in
      GradientCheckReport.Row(
        name: entry.name, count: entry.count, checked: findings.map { $0.chosen[number].count }.min() ?? 0,
        compared: findings.reduce(0) { $0 + $1.chosen[number].count },
        nearKink: entries.count { entry.range.contains($0.index) && $0.isNearKink },
        worst: largest(smooth.filter { entry.range.contains($0.index) }.map(\.relativeError)),
        withoutShortcuts: largest(findings.map { $0.withoutShortcuts[number] }),
        inPrecision: single == nil ? nil : largest(findings.compactMap { $0.inPrecision?[number] }),
        delivery: engines[0].engine.work.delivery(of: entry.range))
    }
    return GradientCheckReport(
      batches: findings.map(\.batch), rows: rows,
      worst: smooth.max { $0.relativeError < $1.relativeError }.map { worst in
        .init(
          name: problem.layout.elementName(at: worst.index), analytic: worst.analytic, numeric: worst.numeric,
          relativeError: worst.relativeError)
      },
      lossError: largest(findings.map(\.lossError)), seed: seed, tolerance: tolerance)
  }

  /// The engine of a float32 run.
  private func singlePrecision() throws -> StepGradients<Float> {
    let (problem, data) = try RunSetup<Float>.problem(configuration, workers: region.workers)
    return try StepGradients(
      problem, group: data?.train ?? SampleGroup(count: 1, sources: [:]), settings: settings(Float.self), region: region
    )
  }

  private func check(
    step: Int, _ schedule: BatchSchedule, _ engines: [StepGradients<Double>], _ single: StepGradients<Float>?
  ) throws -> Findings {
    let positions = schedule.batch(of: step).positions
    let plain = try PlainObjective(
      problem, group: group, samples: engines[0].engine.work.samples(ofStep: step), step: step,
      seed: configuration.seed, partition: engines[0].engine.work.partition)
    let room = plain.makeRoom()
    let reference = plain.gradient(at: parameters, in: room)
    let value = plain.value(at: parameters, in: room)
    let taken = try engines.map { try $0.take(step: step, at: parameters) }
    // Where a gradient is zero but for rounding, nothing is left to compare it with.
    let rounding = 1e-9 * max(1, abs(value))
    let rounding32 = max(rounding, 1e-2 * (reference.magnitudes.max() ?? 0))
    /// The largest distances from another gradient, one for each parameter.
    func distances(from other: [Double], _ gradient: [Double], least: Double) -> [Double] {
      zip(problem.layout.entries, reference.magnitudes).map { entry, magnitude in
        let distance = entry.range.reduce(0.0) { most, index in
          let distance = abs(gradient[index] - other[index])
          return distance.isNaN ? .infinity : max(most, distance)
        }
        return distance / max(magnitude, least)
      }
    }
    let chosen = chosenCoordinates(operations: plain.operations)
    let indices = chosen.flatMap(\.self)
    let sizes = engines[0].engine.work.partition.ranges(in: positions.count).map(\.count).filter { $0 > 0 }
    return Findings(
      batch: .init(samples: positions.count, shardSizes: Set(sizes).sorted(), shards: sizes.count),
      chosen: chosen,
      entries: GradientCheck(taken[0].gradient, indices: indices, differences: differences(of: plain, along: indices))
        .entries,
      withoutShortcuts: zip(
        distances(from: taken[1].gradient, taken[0].gradient, least: rounding),
        distances(from: reference.gradient, taken[0].gradient, least: rounding)
      ).map(max),
      inPrecision: try single.map {
        distances(from: reference.gradient, try $0.take(step: step, at: parameters).gradient, least: rounding32)
      },
      lossError: taken.map { abs($0.loss - value) / max(1, abs(value)) }.map { $0.isNaN ? .infinity : $0 }.max() ?? 0)
  }

  /// Floating-point operations that the differences of one batch may take, unless all coordinates are wanted.
  private static let mostOperations = 4e11

  private func chosenCoordinates(operations: Int) -> [[Int]] {
    let entries = problem.layout.entries
    let affordable = Self.mostOperations / (9 * Double(max(1, operations)) * Double(max(1, entries.count)))
    return entries.enumerated().map { ordinal, entry in
      // What a step takes off the state is no derivative.
      guard !entry.isState else { return [] }
      let wanted = coordinates.map { min($0, max(2, Int(affordable))) } ?? entry.count
      return sample(wanted, of: entry.count, seed: seed, stream: UInt64(ordinal)).map { entry.range.lowerBound + $0 }
    }
  }

  private func differences(of plain: PlainObjective, along indices: [Int]) -> [CentralDifference] {
    let rooms = SharedBuffer(count: region.workers) { _ in plain.makeRoom() }
    let found = SharedBuffer<CentralDifference?>(repeating: nil, count: indices.count)
    let parameters = parameters
    let part = WorkProgress.begin("comparing with differences", of: indices.count, "coordinates")
    defer { part?.end() }
    region.forEach(indices.count) { unit, worker in
      let index = indices[unit]
      var moved = parameters
      found[unit] = CentralDifference(size: abs(parameters[index])) { offset in
        moved[index] = parameters[index] + offset
        return plain.value(at: moved, in: rooms[worker])
      }
      part?.add(1)
    }
    return found.elements.compactMap(\.self)
  }
}

/// Different numbers below `count`, ascending: all of them, or as many as asked for, drawn by Floyd's method
/// (Bentley and Floyd, "A sample of brilliance", 1987).
private func sample(_ size: Int, of count: Int, seed: UInt64, stream: UInt64) -> [Int] {
  guard size < count else { return Array(0..<count) }
  let random = Philox(seed: seed, stream: stream)
  var drawn: Set<Int> = []
  for last in count - size..<count {
    let number = Int(random.uniform(at: UInt64(last)) * Double(last + 1))
    if !drawn.insert(number).inserted { drawn.insert(last) }
  }
  return drawn.sorted()
}

extension ParameterLayout {
  /// What an element of the flat vector is called: its parameter's name with the indices.
  fileprivate func elementName(at index: Int) -> String {
    guard let entry = entries.first(where: { $0.range.contains(index) }), !entry.shape.isEmpty else {
      return entries.first { $0.range.contains(index) }?.name ?? "\(index)"
    }
    var (rest, places) = (index - entry.offset, [Int]())
    for extent in entry.shape.reversed() {
      places.insert(rest % extent, at: 0)
      rest /= extent
    }
    return "\(entry.name)[\(places.map(String.init).joined(separator: ", "))]"
  }
}
