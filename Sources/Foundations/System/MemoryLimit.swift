import Foundation

/// How much memory this process may still take, by whichever limit is the nearest: an allocation beyond it would end the
/// program without a word.
package struct MemoryLimit: Sendable, Equatable {
  /// What sets the limit.
  package enum Source: Sendable, Equatable {
    /// What the machine has free.
    case machine
    /// The process's control group, such as a container's.
    case controlGroup
    /// The limit of the process's address space, `ulimit -v`.
    case addressSpace
    /// The limit of the process's data, `ulimit -d`.
    case data
    /// What the user allows the process.
    case budget
  }

  /// The bytes that a user allows the process to take in all while the body of `withValue` runs; `nil` for any number.
  @TaskLocal package static var budget: Int?

  /// How many runs will need at once what is asked for while the body of `withValue` runs.
  @TaskLocal package static var runsAtOnce = 1

  /// The bytes that are left.
  package let bytes: Int
  /// What sets the limit.
  package let source: Source

  /// Creates a limit.
  package init(bytes: Int, source: Source) {
    self.bytes = bytes
    self.source = source
  }

  /// What threads and libraries take beside what is worked out, with room for each worker's stack; in a control group also
  /// what the process takes that tries files.
  private static let reserve = 64 << 20

  /// The limit as it is now.
  package static var current: MemoryLimit {
    var limits = [MemoryLimit(bytes: freeOnMachine, source: .machine)]
    if let free = ControlGroup().freeMemory {
      limits.append(MemoryLimit(bytes: max(0, free - reserve), source: .controlGroup))
    }
    // The first and the sixth number of this file are pages of address space and of data and stack.
    let pages = (ControlGroup.contents(of: "/proc/self/statm") ?? "").split(separator: " ").map { Int($0) ?? 0 }
    let pageSize = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
    let ofProcess = [(limit(of: RLIMIT_AS), 0, Source.addressSpace), (limit(of: RLIMIT_DATA), 5, Source.data)]
    func taken(_ index: Int) -> Int { pages.indices.contains(index) ? pages[index] * pageSize : 0 }
    // What is in memory is the second number.
    if let budget { limits.append(MemoryLimit(bytes: max(0, budget - taken(1)), source: .budget)) }
    for (most, index, source) in ofProcess {
      guard let most else { continue }
      let taken = taken(index)
      limits.append(MemoryLimit(bytes: max(0, most - taken - reserve), source: source))
    }
    return limits.min { $0.bytes < $1.bytes } ?? MemoryLimit(bytes: .max, source: .machine)
  }

  /// The bytes of address space that this process takes; 0 if that is not known.
  package static var addressSpaceTaken: Int {
    let pages = (ControlGroup.contents(of: "/proc/self/statm") ?? "").split(separator: " ").first.flatMap { Int($0) }
    return (pages ?? 0) * max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
  }

  /// The bytes of memory that this process has of its own, without what it has mapped of files; 0 if that is not known.
  package static var anonymousBytesTaken: Int {
    let lines = (ControlGroup.contents(of: "/proc/self/status") ?? "").split(separator: "\n")
    let words =
      lines.first { $0.hasPrefix("RssAnon:") }?.split(separator: " ").flatMap { $0.split(separator: "\t") } ?? []
    return words.count > 1 ? (Int(words[1]) ?? 0) << 10 : 0
  }

  /// Refuses to begin where a limit of the process's own leaves less than what everything needs.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  package static func requireReserve() throws {
    // Most processes have neither, and need not read about the machine's memory for it.
    guard limit(of: RLIMIT_AS) != nil || limit(of: RLIMIT_DATA) != nil else { return }
    let limit = current
    guard limit.bytes == 0, limit.source == .addressSpace || limit.source == .data else { return }
    throw TrainerError(
      .usage,
      "less than \(ByteText.text(reserve)) of memory are left to begin with: \(limit.reason); raise it or remove it")
  }

  /// Refuses what needs more memory than there is. A need of less than a few megabytes is not looked at.
  ///
  /// - Parameters:
  ///   - bytes: What is needed.
  ///   - subject: What needs it, as the beginning of a sentence: `data.h5: the dataset`.
  ///   - advice: What to do, as the end of the sentence.
  /// - Throws: `TrainerError`.
  package static func require(
    _ bytes: Double, for subject: @autoclosure () -> String, code: ExitCode, advice: @autoclosure () -> String
  ) throws {
    let all = bytes * Double(runsAtOnce)
    guard all > Double(leastNoticed) else { return }
    let limit = current
    guard all > Double(limit.bytes) else { return }
    let runs = runsAtOnce > 1 ? " for each of \(runsAtOnce) runs at once" : ""
    throw TrainerError(
      code, "\(subject()) needs \(ByteText.text(bytes)) of memory\(runs), but \(limit); \(advice())")
  }

  /// Less can always be had, or nothing could.
  private static let leastNoticed = 4 << 20

  /// Whether a need is looked at.
  package static func isNoticed(_ bytes: Double) -> Bool { bytes * Double(runsAtOnce) > Double(leastNoticed) }

  private static var freeOnMachine: Int {
    let lines = (ControlGroup.contents(of: "/proc/meminfo") ?? "").split(separator: "\n")
    let free = ["MemAvailable:", "SwapFree:"].compactMap { name -> Int? in
      let words = lines.first { $0.hasPrefix(name) }?.split(separator: " ") ?? []
      return words.count > 1 ? Int(words[1]).map { $0 << 10 } : nil
    }
    return free.isEmpty ? Int(clamping: ProcessInfo.processInfo.physicalMemory) : free.reduce(0, +)
  }

  private static func limit(of resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else {
      return nil
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// Whether so many bytes can be had now.
  package static func allows(_ bytes: Int) -> Bool { bytes <= leastNoticed || bytes <= current.bytes }
}

extension MemoryLimit: CustomStringConvertible {
  /// `only 512 MB can be had: the limit of the control group`.
  package var description: String { "only \(ByteText.text(bytes)) can be had: \(reason)" }

  private var reason: String {
    switch source {
    case .machine: "the machine has no more free"
    case .controlGroup: "the limit of the process's control group"
    case .addressSpace: "the limit of the process's address space (ulimit -v)"
    case .data: "the limit of the process's data (ulimit -d)"
    case .budget: "the budget in data.memory, less what the program takes already"
    }
  }
}
