import Glibc

/// Whether memory can be had. An array that cannot be allocated ends the program, so whoever sizes one by what a file
/// says asks first.
public enum Allocation {
  /// Whether so many bytes can be allocated now.
  public static func isPossible(byteCount: Int) -> Bool {
    guard byteCount > 0 else { return byteCount == 0 }
    // Not malloc and free, a pair that compilers take away.
    let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { return false }
    munmap(memory, byteCount)
    return true
  }

  /// The bytes that the process's limit of address space leaves; `nil` if there is no limit.
  public static var addressSpaceLeft: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max else {
      return nil
    }
    return max(0, Int(clamping: limit.rlim_cur) - addressSpaceInUse)
  }

  private static var addressSpaceInUse: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 127, file) != nil else { return 0 }
    return strtol(line, nil, 10) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Bytes for people: `4096 bytes`, `64 kB`, `8590 MB`.
  public static func text(_ byteCount: Int) -> String {
    if byteCount < 10_000 { return "\(byteCount) bytes" }
    let (unit, size) = byteCount < 10_000_000 ? ("kB", 1000) : ("MB", 1_000_000)
    return "\(byteCount / size + (byteCount % size >= size / 2 ? 1 : 0)) \(unit)"
  }
}
