import Foundation
import Kernels

/// The processor cores that this process may use: those of its affinity mask, or fewer where a control group grants less
/// time than they have. At least one.
public func availableCores() -> Int {
  let cores = processorAffinity() ?? ProcessInfo.processInfo.activeProcessorCount
  return max(1, min(cores, ControlGroup().quota.map { Int($0.rounded(.up)) } ?? cores))
}

/// The control group of this process and what it grants.
struct ControlGroup {
  /// Reads a file of the kernel's; `nil` if it is not there.
  private let read: (String) -> String?

  init(reading read: @escaping (String) -> String? = Self.contents) { self.read = read }

  private static func contents(of path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The cores' worth of time that the process is granted, of its own group and of all above it; `nil` for no limit.
  var quota: Double? {
    let paths = groupPaths
    return paths.flatMap { [unified($0), legacy($0)] }.compactMap(\.self).min()
  }

  /// The group's path and those above it, also as seen from inside a container, where the group is the root.
  private var groupPaths: [String] {
    let lines = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    var paths: Set<String> = [""]
    for line in lines {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[1].isEmpty || fields[1].split(separator: ",").contains("cpu") else { continue }
      var path = ""
      for part in fields[2].split(separator: "/") {
        path += "/\(part)"
        paths.insert(path)
      }
    }
    return paths.sorted()
  }

  /// Version 2: `max 100000`, or the granted and the whole time in microseconds.
  private func unified(_ path: String) -> Double? {
    let fields = (read("/sys/fs/cgroup\(path)/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
    guard fields.count == 2, let granted = Double(fields[0]), let period = Double(fields[1]), period > 0 else {
      return nil
    }
    return granted / period
  }

  /// Version 1: the same in two files, -1 for no limit.
  private func legacy(_ path: String) -> Double? {
    func number(_ name: String) -> Double? {
      read("/sys/fs/cgroup/cpu\(path)/\(name)").flatMap { Double($0.filter { !$0.isWhitespace }) }
    }
    guard let granted = number("cpu.cfs_quota_us"), granted > 0, let period = number("cpu.cfs_period_us"), period > 0
    else { return nil }
    return granted / period
  }
}
