import Foundations
import Kernels

/// Where the processes of a run are to be killed: spread over all of the run, and over what a process does.
struct KillPlan {
  /// What a process is doing when it is killed.
  enum Moment: Equatable {
    /// It starts: no step is done yet.
    case start
    /// It trains.
    case steps
    /// It writes a checkpoint.
    case save
    /// Anything: where a run is over before it can be looked at.
    case any
  }

  /// One kill.
  struct Target: Equatable {
    /// How far the run has come, from 0 to 1.
    let share: Double
    /// What the process is doing.
    var moment: Moment
    /// A number in [0, 1) that says when exactly.
    let chance: Double
  }

  /// The kills that are left, in the order of the run.
  private(set) var targets: [Target]

  /// One kill in each of `count` equal parts of the run: of ten, one while a process starts, five while it writes.
  init(count: Int, seed: UInt64) {
    let source = Philox(seed: seed, stream: 0)
    targets = (0..<count).map { index in
      let moment: Moment = index % 10 == 4 ? .start : index % 2 == 0 ? .save : .steps
      return Target(
        share: (Double(index) + source.uniform(at: UInt64(2 * index))) / Double(count), moment: moment,
        chance: source.uniform(at: UInt64(2 * index + 1)))
    }
  }

  /// The next kill; `nil` if none is left.
  var next: Target? { targets.first }

  /// Notes that it has been carried out.
  mutating func carriedOut() { targets.removeFirst() }

  /// Gives up on places, where a whole run went by too fast for any of them.
  mutating func takeAnyMoment() {
    for index in targets.indices { targets[index].moment = .any }
  }
}

/// Where kills fell, for people.
struct KillRecord {
  private var quarters = [0, 0, 0, 0]
  private var inSaves = 0
  private var beforeSteps = 0
  private var count = 0

  /// Notes a kill after `step` of `steps`.
  mutating func note(step: Int, of steps: Int, isInSave: Bool, isBeforeStep: Bool) {
    quarters[min(3, 4 * step / max(1, steps))] += 1
    inSaves += isInSave ? 1 : 0
    beforeSteps += isBeforeStep ? 1 : 0
    count += 1
  }

  /// The same for programs.
  var json: JSONValue {
    [
      "quarters": .array(quarters.map(JSONValue.integer)), "inSaves": .integer(inSaves),
      "beforeFirstSave": .integer(beforeSteps), "between": .integer(count - inSaves - beforeSteps),
    ]
  }

  /// `the kills fell: 5, 5, 5, 5 in the quarters of the run; 9 while a checkpoint was written, …`.
  var text: String {
    "the kills fell: \(quarters.map(String.init).joined(separator: ", ")) in the quarters of the run; "
      + "\(inSaves) while a checkpoint was written, \(beforeSteps) before a process had saved anything, "
      + "\(count - inSaves - beforeSteps) between"
  }
}
