/// The control group of this process and what it grants.
package struct ControlGroup {
  /// Reads a file of the kernel's; `nil` if it is not there.
  private let read: (String) -> String?

  package init(reading read: @escaping (String) -> String? = ControlGroup.contents) { self.read = read }

  /// A file of the kernel's as text; `nil` if it cannot be read.
  package static func contents(of path: String) -> String? {
    do {
      return String(decoding: try SystemFileSystem().contents(of: path), as: UTF8.self)
    } catch {
      // Such a file is there on some systems and not on others: without it there is no limit to keep.
      return nil
    }
  }

  /// The cores' worth of time that the process is granted, of its own group and of all above it; `nil` for no limit.
  package var quota: Double? {
    paths(of: "cpu").flatMap { [unifiedQuota($0), legacyQuota($0)] }.compactMap(\.self).min()
  }

  /// The bytes that the process may still take, of its own group and of all above it; `nil` for no limit.
  package var freeMemory: Int? {
    paths(of: "memory").flatMap { [unifiedMemory($0), legacyMemory($0)] }.compactMap(\.self).min()
  }

  /// The group's path and those above it, also as seen from inside a container, where the group is the root.
  private func paths(of controller: Substring) -> [String] {
    let lines = (read("/proc/self/cgroup") ?? "").split(separator: "\n")
    var paths: Set<String> = [""]
    for line in lines {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[1].isEmpty || fields[1].split(separator: ",").contains(controller) else {
        continue
      }
      var path = ""
      for part in fields[2].split(separator: "/") {
        path += "/\(part)"
        paths.insert(path)
      }
    }
    return paths.sorted()
  }

  private func number(_ path: String) -> Double? {
    read(path).flatMap { Double($0.filter { !$0.isWhitespace }) }
  }

  // MARK: Time

  /// Version 2: `max 100000`, or the granted and the whole time in microseconds.
  private func unifiedQuota(_ path: String) -> Double? {
    let fields = (read("/sys/fs/cgroup\(path)/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
    guard fields.count == 2, let granted = Double(fields[0]), let period = Double(fields[1]), period > 0 else {
      return nil
    }
    return granted / period
  }

  /// Version 1: the same in two files, -1 for no limit.
  private func legacyQuota(_ path: String) -> Double? {
    let folder = "/sys/fs/cgroup/cpu\(path)"
    guard let granted = number("\(folder)/cpu.cfs_quota_us"), granted > 0,
      let period = number("\(folder)/cpu.cfs_period_us"), period > 0
    else { return nil }
    return granted / period
  }

  // MARK: Memory

  /// Version 2: `max`, or bytes, in one file, and what is taken in another.
  private func unifiedMemory(_ path: String) -> Int? {
    let folder = "/sys/fs/cgroup\(path)"
    return free(of: number("\(folder)/memory.max"), taken: "\(folder)/memory.current", in: folder, "inactive_file")
  }

  /// Version 1: the same; no limit is a number beyond all memory. A container does not see the groups above its own, but
  /// their lowest limit is told in its own statistics.
  private func legacyMemory(_ path: String) -> Int? {
    let folder = "/sys/fs/cgroup/memory\(path)"
    let limits = [number("\(folder)/memory.limit_in_bytes"), statistic("hierarchical_memory_limit", in: folder)]
    return free(
      of: limits.compactMap(\.self).min(), taken: "\(folder)/memory.usage_in_bytes", in: folder, "total_inactive_file")
  }

  private func free(of limit: Double?, taken: String, in folder: String, _ cacheName: String) -> Int? {
    // Version 1 says "none" by the largest multiple of a page below 2^63.
    guard let limit, limit < 0x1p62 else { return nil }
    // Files that the kernel merely remembers make room for whoever asks.
    let held = max(0, (number(taken) ?? 0) - (statistic(cacheName, in: folder) ?? 0))
    return Int(max(0, limit - held))
  }

  private func statistic(_ name: String, in folder: String) -> Double? {
    let lines = (read("\(folder)/memory.stat") ?? "").split(separator: "\n")
    return lines.last { $0.hasPrefix("\(name) ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
  }
}
