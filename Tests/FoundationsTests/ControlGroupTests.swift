import Foundations
import Testing

@Suite struct ControlGroupTests {
  private func quota(_ files: [String: String]) -> Double? { ControlGroup(reading: { files[$0] }).quota }

  @Test func unifiedGroupsAreReadUpToTheRoot() {
    let group = "0::/system.slice/job.scope\n"
    #expect(quota(["/proc/self/cgroup": group]) == nil)
    #expect(
      quota(["/proc/self/cgroup": group, "/sys/fs/cgroup/system.slice/job.scope/cpu.max": "max 100000\n"]) == nil)
    #expect(
      quota(["/proc/self/cgroup": group, "/sys/fs/cgroup/system.slice/job.scope/cpu.max": "150000 100000\n"]) == 1.5)
    // The tightest limit holds, wherever it is; a container sees its own group as the root.
    #expect(
      quota([
        "/proc/self/cgroup": group, "/sys/fs/cgroup/system.slice/job.scope/cpu.max": "400000 100000\n",
        "/sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n", "/sys/fs/cgroup/cpu.max": "800000 100000\n",
      ]) == 3)
    #expect(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n"]) == 2)
  }

  @Test func legacyGroupsAreReadWhereTheProcessorIsTheirs() {
    let groups = "12:memory:/elsewhere\n4:cpu,cpuacct:/job\n"
    let files = [
      "/proc/self/cgroup": groups, "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "250000\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n", "/sys/fs/cgroup/cpu/elsewhere/cpu.cfs_quota_us": "1\n",
      "/sys/fs/cgroup/cpu/elsewhere/cpu.cfs_period_us": "100000\n",
    ]
    #expect(quota(files) == 2.5)
    var unlimited = files
    unlimited["/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us"] = "-1\n"
    #expect(quota(unlimited) == nil)
  }

  @Test func whatIsNoQuotaIsNone() {
    for text in ["", "max", "x 100000", "100000 0", "1 2 3"] {
      #expect(quota(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text]) == nil, "\(text)")
    }
    #expect(quota([:]) == nil)
  }

  @Test func memoryIsWhatTheLimitLeavesButForCaches() {
    func free(_ files: [String: String]) -> Int? { ControlGroup(reading: { files[$0] }).freeMemory }
    let group = "0::/job\n"
    #expect(free(["/proc/self/cgroup": group, "/sys/fs/cgroup/job/memory.max": "max\n"]) == nil)
    #expect(free([:]) == nil)
    var files = [
      "/proc/self/cgroup": group, "/sys/fs/cgroup/job/memory.max": "1000000\n",
      "/sys/fs/cgroup/job/memory.current": "400000\n",
      "/sys/fs/cgroup/job/memory.stat": "anon 100000\ninactive_file 250000\nactive_file 50000\n",
    ]
    #expect(free(files) == 850_000)
    // The tightest limit holds, wherever it is; what is over it leaves nothing.
    files["/sys/fs/cgroup/memory.max"] = "300000"
    files["/sys/fs/cgroup/memory.current"] = "310000"
    #expect(free(files) == 0)
  }

  @Test func legacyMemoryHasANumberForNoLimit() {
    func free(_ limit: String) -> Int? {
      let files = [
        "/proc/self/cgroup": "9:memory:/job\n4:cpu:/elsewhere\n",
        "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": limit,
        "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "400",
        "/sys/fs/cgroup/memory/job/memory.stat": "cache 300\ntotal_inactive_file 100\n",
      ]
      return ControlGroup(reading: { files[$0] }).freeMemory
    }
    #expect(free("9223372036854771712\n") == nil)
    #expect(free("1000\n") == 700)
  }

  // In a container the group is the root, and those above it are not there to be read.
  @Test func limitsAboveAContainerAreTakenFromItsStatistics() {
    func free(above: String) -> Int? {
      let files = [
        "/proc/self/cgroup": "9:memory:/docker/4711\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "400",
        "/sys/fs/cgroup/memory/memory.stat": "hierarchical_memory_limit \(above)\ntotal_inactive_file 100\n",
      ]
      return ControlGroup(reading: { files[$0] }).freeMemory
    }
    #expect(free(above: "1000") == 700)
    #expect(free(above: "9223372036854771712") == nil)
  }
}
