import CSystem

/// A copy of this process, which costs a tenth of what starting the program anew does.
package enum ProcessCopy {
  /// Starts one, which has nothing of this process's but its memory and one end of a pair of sockets.
  ///
  /// - Parameters:
  ///   - name: What it is called where threads are listed.
  ///   - own: The copy's end.
  ///   - other: This process's end, which is closed in the copy.
  ///   - number: The descriptor that the copy finds its end at.
  ///   - body: What the copy does.
  /// - Returns: Its number, or `nil` if none can be made. One is made only of a process with a single thread: what others
  ///   had locked would stay so in the copy.
  package static func start(
    _ name: String, own: Int32, other: Int32, as number: Int32, _ body: () -> Never
  ) -> Int32? {
    let process = cs_copy_process(name, own, other, number)
    if process == 0 { body() }
    return process > 0 ? process : nil
  }
}
